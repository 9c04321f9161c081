import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeEntryHead, decodePoints, encodeEntry } from '../../../../cli/relay/entry.ts'

const points = ['{"metric":"m","timestamp":1,"value":1,"tags":{"a":"b"}}', '{"metric":"température"}']

test('an entry gives back its points, wherever it stands', () => {
  const point = fc.object().map((object) => JSON.stringify(object))
  fc.assert(
    fc.property(
      fc.array(fc.array(point, { minLength: 1 }), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      (batches, time) => {
        const bytes = Buffer.concat(batches.map((batch) => encodeEntry(batch, time)))
        let at = 0
        for (const batch of batches) {
          const head = decodeEntryHead(bytes, at)
          if (typeof head === 'string') throw new Error(head)
          expect(head).toMatchObject({ writtenAt: time, count: batch.length })
          expect(decodePoints(bytes, at, head)).toEqual(batch)
          at += head.length
        }
        expect(decodeEntryHead(bytes, at)).toBe('end')
      },
    ),
  )
})

test('an entry that breaks off anywhere is damaged', () => {
  const entry = encodeEntry(points, 1)
  for (let length = 1; length < entry.length; length++) {
    expect(decodeEntryHead(entry.subarray(0, length), 0)).toBe('damaged')
  }
})

test('an entry with any bit turned is damaged', () => {
  const entry = encodeEntry(points, 1)
  for (let bit = 0; bit < entry.length * 8; bit++) {
    const turned = Buffer.from(entry)
    turned.writeUInt8(turned.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    expect(decodeEntryHead(turned, 0)).toBe('damaged')
  }
})
