import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRowKey, encodeRowKey, saltOf } from '../../../lib/codec/row-key.ts'
import { encodeTsuid } from '../../../lib/codec/tsuid.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { MOST_TAGS } from '../../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

const WIDTHS = DEFAULT_UID_WIDTHS
const tsuid = encodeTsuid(1, [[2, 3]], WIDTHS)

describe('encodeRowKey(row, widths)', () => {
  it('writes salt, metric and base time; then kind, tags and part', () => {
    const { pk, sk } = encodeRowKey({ salt: 0, tsuid, baseTime: 1_356_998_400, part: 0 }, WIDTHS)
    expect(toHex(pk)).toBe('00 000001 50e22700'.replaceAll(' ', ''))
    expect(toHex(sk)).toBe('01 01 000002 00000003 0000'.replaceAll(' ', ''))
  })

  it('fits into the 1,024 bytes of a sort key, however many tags and wide UIDs are configured', () => {
    const widths = { metric: 4, tagk: 4, tagv: 4 }
    const tags = Array.from({ length: MOST_TAGS }, (_, i) => [i + 1, i + 1] as const)
    const { sk } = encodeRowKey({ salt: 0, tsuid: encodeTsuid(1, tags, widths), baseTime: 0, part: 0 }, widths)
    expect(sk.length).toBeLessThan(1024)
  })

  it('refuses fields that do not fit', () => {
    const row = { salt: 0, tsuid, baseTime: 0, part: 0 }
    expect(() => encodeRowKey({ ...row, salt: 0xfe }, WIDTHS)).toThrow(RangeError)
    expect(() => encodeRowKey({ ...row, baseTime: 2 ** 32 }, WIDTHS)).toThrow(RangeError)
    expect(() => encodeRowKey({ ...row, part: 65_536 }, WIDTHS)).toThrow(RangeError)
    expect(() => encodeRowKey({ ...row, tsuid: fromHex('00000102') }, WIDTHS)).toThrow(RangeError)
  })

  it('is undone by decodeRowKey', () => {
    const row = fc.record({
      salt: fc.integer({ min: 0, max: 0xef }),
      tsuid: fc.array(fc.nat(2 ** 24 - 1), { maxLength: 8 }).map((tags) =>
        encodeTsuid(
          7,
          tags.map((tag) => [tag, tag] as const),
          WIDTHS,
        ),
      ),
      baseTime: fc.nat(1_193_046).map((hour) => hour * 3600),
      part: fc.nat(65_535),
    })
    fc.assert(
      fc.property(row, (each) => {
        const { pk, sk } = encodeRowKey(each, WIDTHS)
        expect(decodeRowKey(pk, sk, WIDTHS)).toEqual(each)
      }),
    )
  })
})

describe('decodeRowKey(pk, sk, widths)', () => {
  const pk = fromHex('00 000001 50e22700')
  it.each([
    ['a partition key too short', fromHex('00 0001 50e22700'), fromHex('01 00 0000')],
    ['another kind of item', pk, fromHex('02 00 0000')],
    ['tags cut off', pk, fromHex('01 01 000002 0000')],
    ['bytes too many', pk, fromHex('01 00 0000 00')],
  ])('refuses %s', (_, head, rest) => {
    expect(() => decodeRowKey(head, rest, WIDTHS)).toThrow(CorruptDataError)
  })
})

describe('saltOf(tsuidHash, saltBuckets)', () => {
  it('is 0 for one bucket and below the number of buckets for more', () => {
    expect(saltOf(0xffffffff, 1)).toBe(0)
    expect(saltOf(0xffffffff, 20)).toBe(15)
  })
})
