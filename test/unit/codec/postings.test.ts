import { inflateRawSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeDirectory,
  decodePostings,
  encodeDirectory,
  encodePostings,
  LAST_DAY,
  listKey,
  type Posting,
  separator,
  tagvAt,
} from '../../../lib/codec/postings.ts'
import { encodeTsuid } from '../../../lib/codec/tsuid.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { documentedBytes } from '../../helpers/docs.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

const WIDTHS = DEFAULT_UID_WIDTHS
const EXAMPLE: Posting[] = [
  { tsuid: encodeTsuid(1, [[1, 1]], WIDTHS), firstDay: 15_706, lastDay: 15_706 },
  { tsuid: encodeTsuid(1, [[1, 2]], WIDTHS), firstDay: 15_706, lastDay: 15_708 },
]

const posting: fc.Arbitrary<Posting> = fc
  .tuple(fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 24 - 1 }), { maxLength: 5 }), fc.nat(LAST_DAY), fc.nat(LAST_DAY))
  .map(([tagks, a, b]) => ({
    tsuid: encodeTsuid(
      7,
      tagks.map((tagk) => [tagk, tagk * 200] as const),
      WIDTHS,
    ),
    firstDay: Math.min(a, b),
    lastDay: Math.max(a, b),
  }))

describe('encodePostings(postings, widths)', () => {
  it('writes the bytes that docs/format/postings.md shows', () => {
    expect(toHex(encodePostings(EXAMPLE, WIDTHS))).toBe(toHex(documentedBytes('format/postings.md', 'a page')))
    const page = documentedBytes('format/postings.md', 'a page')
    expect(decodePostings(page)).toEqual(EXAMPLE)
    expect(toHex(inflateRawSync(page.subarray(6)))).toBe(toHex(documentedBytes('format/postings.md', 'its columns')))
  })

  it('is undone by decodePostings, in whatever order a list has', () => {
    fc.assert(
      fc.property(fc.array(posting, { maxLength: 30 }), (list) => {
        expect(decodePostings(encodePostings(list, WIDTHS))).toEqual(list)
      }),
    )
  })

  it('takes less than two bytes for each of many neighbours that were seen in the same days', () => {
    const list = Array.from({ length: 10_000 }, (_, i) => ({
      tsuid: encodeTsuid(1, [[1, 3 * i + (i % 2)]], WIDTHS),
      firstDay: 15_706,
      lastDay: LAST_DAY,
    }))
    expect(encodePostings(list, WIDTHS).length).toBeLessThan(20_000)
  })

  it.each([
    [-1, 0],
    [2, 1],
    [0, LAST_DAY + 1],
    [0.5, 1],
  ])('refuses the days %d to %d', (firstDay, lastDay) => {
    expect(() => encodePostings([{ tsuid: encodeTsuid(1, [], WIDTHS), firstDay, lastDay }], WIDTHS)).toThrow(RangeError)
  })
})

describe('decodePostings(bytes)', () => {
  it('refuses a page cut anywhere', () => {
    const page = encodePostings(EXAMPLE, WIDTHS)
    for (let length = 0; length < page.length; length++) {
      expect(() => decodePostings(page.subarray(0, length))).toThrow(CorruptDataError)
    }
  })

  it('refuses an unknown version, widths that are none, too many series, and columns of another length', () => {
    for (const hex of ['01030304', '02000304', '02030304ffffffffff7f00', '0203030400010300', '0203030401ff']) {
      expect(() => decodePostings(fromHex(hex))).toThrow(CorruptDataError)
    }
  })

  it('answers something or refuses, whatever byte is changed', () => {
    const page = encodePostings(EXAMPLE, WIDTHS)
    fc.assert(
      fc.property(fc.nat(page.length - 1), fc.nat(255), (at, byte) => {
        const damaged = page.slice()
        damaged[at] = byte
        try {
          for (const { firstDay, lastDay } of decodePostings(damaged)) expect(firstDay <= lastDay).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptDataError)
        }
      }),
    )
  })
})

describe('encodeDirectory(pages)', () => {
  const pages = [
    { from: new Uint8Array(), id: fromHex('0102030405060708'), series: 2000 },
    { from: fromHex('00000009'), id: fromHex('1112131415161718'), series: 1 },
  ]

  it('writes the bytes that docs/format/postings.md shows, and decodeDirectory reads them', () => {
    const documented = documentedBytes('format/postings.md', 'a directory')
    expect(toHex(encodeDirectory(pages))).toBe(toHex(documented))
    expect(decodeDirectory(documented)).toEqual(pages)
  })

  it('is refused when cut, with bytes behind it, of another version or out of order', () => {
    const bytes = encodeDirectory(pages)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeDirectory(bytes.subarray(0, length))).toThrow(CorruptDataError)
    }
    expect(() => decodeDirectory(Buffer.concat([bytes, Uint8Array.of(0)]))).toThrow(CorruptDataError)
    expect(() => decodeDirectory(fromHex('0200'))).toThrow(CorruptDataError)
    expect(() => decodeDirectory(encodeDirectory([...pages].reverse()))).toThrow(CorruptDataError)
  })
})

describe('listKey(tsuid, tagk, widths)', () => {
  const tsuid = encodeTsuid(
    1,
    [
      [2, 9],
      [5, 3],
    ],
    WIDTHS,
  )

  it('puts the value of the list’s tag first', () => {
    expect(toHex(listKey(tsuid, 5, WIDTHS))).toBe('00000003'.concat('00000200000009', '00000500000003'))
    expect(toHex(listKey(tsuid, undefined, WIDTHS))).toBe('0000020000000900000500000003')
  })

  it('refuses a series without the tag', () => {
    expect(tagvAt(tsuid, 3, WIDTHS)).toBe(-1)
    expect(() => listKey(tsuid, 3, WIDTHS)).toThrow(RangeError)
  })
})

describe('separator(before, key, least)', () => {
  it('lies above the key before and not above its own, and is no longer than that takes', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(bytes, bytes, fc.nat(8), (a, b, least) => {
        const [before, key] = Buffer.compare(a, b) < 0 ? [a, b] : [b, a]
        if (Buffer.compare(before, key) === 0) return
        const found = separator(before, key, least)
        expect(Buffer.compare(before, found)).toBe(-1)
        expect(Buffer.compare(found, key)).toBeLessThanOrEqual(0)
        if (found.length > least) expect(Buffer.compare(before, found.subarray(0, -1))).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
