import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSeriesPage, encodeSeriesPage } from '../../../lib/codec/series-page.ts'
import { compareTsuids, encodeTsuid } from '../../../lib/codec/tsuid.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { fromHex } from '../../helpers/hex.ts'

const WIDTHS = DEFAULT_UID_WIDTHS

describe('encodeSeriesPage(tsuids, widths)', () => {
  it('is undone by decodeSeriesPage', () => {
    const tsuid = fc.tuple(fc.nat(3), fc.uniqueArray(fc.nat(2 ** 24 - 1), { maxLength: 5 })).map(([metric, tags]) =>
      encodeTsuid(
        metric,
        tags.map((tag) => [tag, tag * 7] as const),
        WIDTHS,
      ),
    )
    fc.assert(
      fc.property(fc.array(tsuid, { maxLength: 30 }), (list) => {
        const sorted = list.sort(compareTsuids)
        expect(decodeSeriesPage(encodeSeriesPage(sorted, WIDTHS))).toEqual(sorted)
      }),
    )
  })

  it('takes about a byte for each of many neighbours', () => {
    const series = Array.from({ length: 10_000 }, (_, i) => encodeTsuid(1, [[1, 3 * i + (i % 2)]], WIDTHS))
    expect(encodeSeriesPage(series, WIDTHS).length).toBeLessThan(10_000)
  })

  it('refuses series that are not in order', () => {
    const [a, b] = [encodeTsuid(1, [], WIDTHS), encodeTsuid(2, [], WIDTHS)]
    expect(() => encodeSeriesPage([b, a], WIDTHS)).toThrow(RangeError)
  })
})

describe('decodeSeriesPage(bytes)', () => {
  it('refuses damaged pages', () => {
    const page = encodeSeriesPage([encodeTsuid(1, [[1, 1]], WIDTHS)], WIDTHS)
    for (let length = 0; length < page.length; length++) {
      expect(() => decodeSeriesPage(page.subarray(0, length))).toThrow(CorruptDataError)
    }
    for (const hex of ['02', '01000304', '01030304ffffffffff7f00', '0103030401ff']) {
      expect(() => decodeSeriesPage(fromHex(hex))).toThrow(CorruptDataError)
    }
  })
})
