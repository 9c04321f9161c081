import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareTsuids,
  decodeTsuid,
  encodeTsuid,
  hashTsuid,
  tsuidFromHex,
  tsuidToHex,
} from '../../../lib/codec/tsuid.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { fromHex } from '../../helpers/hex.ts'

const WIDTHS = DEFAULT_UID_WIDTHS

describe('encodeTsuid(metric, tags, widths)', () => {
  it('writes the metric and the tag pairs big-endian', () => {
    expect(tsuidToHex(encodeTsuid(1, [[2, 3]], WIDTHS))).toBe('00000100000200000003')
    expect(tsuidToHex(encodeTsuid(0xabcdef, [], WIDTHS))).toBe('ABCDEF')
    expect(tsuidToHex(encodeTsuid(258, [[1, 0xffffffff]], { metric: 4, tagk: 3, tagv: 4 }))).toBe(
      '00000102000001FFFFFFFF',
    )
  })

  it('sorts the tags by tag key and leaves the caller’s list alone', () => {
    const tags: [number, number][] = [
      [9, 1],
      [2, 5],
    ]
    expect(tsuidToHex(encodeTsuid(1, tags, { metric: 1, tagk: 1, tagv: 1 }))).toBe('0102050901')
    expect(tags[0]).toEqual([9, 1])
  })

  it('refuses UIDs that do not fit', () => {
    expect(() => encodeTsuid(2 ** 24, [], WIDTHS)).toThrow(RangeError)
    expect(() => encodeTsuid(1, [[1, 2 ** 32]], WIDTHS)).toThrow('4294967296 does not fit in 4 bytes')
    expect(() => encodeTsuid(-1, [], WIDTHS)).toThrow(RangeError)
    expect(() => encodeTsuid(1.5, [], WIDTHS)).toThrow(RangeError)
  })

  it('is undone by decodeTsuid, and by hex and back', () => {
    const uid = (width: number) => fc.integer({ min: 0, max: 256 ** width - 1 })
    const width = fc.integer({ min: 1, max: 5 })
    const cases = fc.record({ metric: width, tagk: width, tagv: width }).chain((widths) =>
      fc.record({
        widths: fc.constant(widths),
        metric: uid(widths.metric),
        tags: fc.uniqueArray(fc.tuple(uid(widths.tagk), uid(widths.tagv)), {
          maxLength: 8,
          selector: ([tagk]) => tagk,
        }),
      }),
    )
    fc.assert(
      fc.property(cases, ({ widths, metric, tags }) => {
        const tsuid = encodeTsuid(metric, tags, widths)
        expect(decodeTsuid(tsuid, widths)).toEqual({ metric, tags: [...tags].sort((a, b) => a[0] - b[0]) })
        expect(tsuidFromHex(tsuidToHex(tsuid).toLowerCase())).toEqual(tsuid)
      }),
    )
  })
})

describe('decodeTsuid(bytes, widths)', () => {
  it('refuses what is not a metric and whole pairs', () => {
    expect(() => decodeTsuid(fromHex('0000'), WIDTHS)).toThrow(CorruptDataError)
    expect(() => decodeTsuid(fromHex('00000100'), WIDTHS)).toThrow('00000100')
  })
})

describe('tsuidFromHex(text)', () => {
  it('refuses what is not whole bytes of hex', () => {
    for (const text of ['0', '0g', 'xyz1']) expect(() => tsuidFromHex(text)).toThrow(CorruptDataError)
  })
})

describe('compareTsuids(a, b)', () => {
  it('orders by unsigned bytes, the shorter first', () => {
    const sorted = ['00000100000200000003', '000001', 'ff0000', '00000100000200000080'].map(fromHex).sort(compareTsuids)
    expect(sorted.map(tsuidToHex)).toEqual(['000001', '00000100000200000003', '00000100000200000080', 'FF0000'])
  })
})

describe('hashTsuid(bytes)', () => {
  it('never changes: stored data lie where it says', () => {
    expect(hashTsuid(encodeTsuid(1, [[1, 1]], WIDTHS))).toBe(3766288706)
    expect(hashTsuid(encodeTsuid(1, [[1, 2]], WIDTHS))).toBe(21010925)
  })

  it('spreads neighbouring series evenly', () => {
    const hits = new Array<number>(16).fill(0)
    for (let host = 1; host <= 16_000; host++) hits[hashTsuid(encodeTsuid(1, [[1, host]], WIDTHS)) % 16]!++
    expect(Math.min(...hits)).toBeGreaterThan(850)
    expect(Math.max(...hits)).toBeLessThan(1150)
  })
})
