import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { abridge, encodeArrival } from '../../../lib/codec/arrival.ts'
import { encodeCells } from '../../../lib/codec/cells.ts'
import { encodeChunk } from '../../../lib/codec/chunk/index.ts'
import { IncompleteRowError } from '../../../lib/codec/errors.ts'
import {
  decodeRow,
  encodeRow,
  MAX_PART_BYTES,
  otherParts,
  type Row,
  type RowPart,
  renumberParts,
} from '../../../lib/codec/row.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { KIND_FLOAT, KIND_MS, PointColumnsBuilder } from '../../../lib/model/points.ts'
import { documentedBytes } from '../../helpers/docs.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'
import {
  anyHourPoints,
  anyHourPointsWithExtras,
  firstDifference,
  hourPoints,
  plainPoints,
} from '../../helpers/points.ts'

const HOUR = 1_356_998_400
const NEWEST = { arrival: HOUR * 1000 + 301_000, shard: 0, sequence: 258n }

/** The row of the worked example in docs/format/row.md. */
const EXAMPLE: Row = {
  points: hourPoints(HOUR, [
    { offsetMs: 0, value: 42n },
    { offsetMs: 300_000, value: 42.5 },
  ]),
  newest: NEWEST,
}

const anySource = fc.record({
  arrival: fc.integer({ min: 0, max: 2 ** 45 }),
  shard: fc.nat(100_000),
  sequence: fc.bigInt({ min: 0n, max: 10n ** 129n - 1n }),
})

/** Seeded numbers from 0 to 1, all bits of the double's fraction in use. */
function random(seed: number): () => number {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
  return () => (next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53
}

/** A point each so many milliseconds; noise, so that nothing compresses it. */
function noise(count: number, stepMs: number, seed = 1): PointColumnsBuilder {
  const next = random(seed)
  const points = new PointColumnsBuilder(count)
  for (let i = 0; i < count; i++) points.push(HOUR * 1000 + i * stepMs, next(), KIND_FLOAT | KIND_MS)
  return points
}

function part0(parts: readonly RowPart[]): Uint8Array {
  const zero = parts.find(({ part }) => part === 0)
  if (zero === undefined) throw new Error('No part 0')
  return zero.value
}

/** A row of several parts, and what else its tests need; made once, for it takes a while. */
const LARGE: Row = { points: noise(40_000, 90), newest: NEWEST }
const LARGE_PARTS = encodeRow(LARGE)

describe('encodeRow(row), decodeRow(parts, baseTimeS)', () => {
  it('write and read the documented example', () => {
    const documented = documentedBytes('format/row.md', 'a row')
    const parts = encodeRow(EXAMPLE)
    expect(parts.map(({ part, value }) => [part, toHex(value)])).toEqual([[0, toHex(documented)]])
    const row = decodeRow([{ part: 0, value: documented }], HOUR)
    expect(row.newest).toEqual(NEWEST)
    expect(plainPoints(row.points)).toEqual(plainPoints(EXAMPLE.points))
  })

  it('read the documented example in two parts', () => {
    const zero = documentedBytes('format/row.md', 'part 0 of a row in two parts')
    const other = documentedBytes('format/row.md', 'part 32,768 of the same row')
    expect(otherParts(zero)).toEqual([0x8000])
    const parts = [
      { part: 0x8000, value: other },
      { part: 0, value: zero },
    ]
    const row = decodeRow(parts, HOUR)
    expect(row.newest).toEqual(NEWEST)
    expect(plainPoints(row.points)).toEqual(plainPoints(EXAMPLE.points))
  })

  it('write and read the documented example with texts', () => {
    const documented = documentedBytes('format/row.md', 'a row with texts')
    const points = hourPoints(HOUR, [
      { offsetMs: 0, value: 'up', expiry: HOUR + 3600 },
      { offsetMs: 60_000, value: 7n },
      { offsetMs: 120_000, value: 'down' },
    ])
    const newest = { ...NEWEST, arrival: HOUR * 1000 + 121_000 }
    expect(toHex(part0(encodeRow({ points, newest })))).toBe(toHex(documented))
    expect(plainPoints(decodeRow([{ part: 0, value: documented }], HOUR).points)).toEqual(plainPoints(points))
  })

  it('are mirrors for texts and times to live among any points', () => {
    fc.assert(
      fc.property(anyHourPointsWithExtras, anySource, (points, newest) => {
        const row = decodeRow(encodeRow({ points: hourPoints(HOUR, points), newest }), HOUR)
        expect(row.newest).toEqual(abridge(newest))
        expect(plainPoints(row.points)).toEqual(plainPoints(hourPoints(HOUR, points)))
      }),
      { numRuns: 300 },
    )
  })

  it('are mirrors for any points and any arrival', () => {
    fc.assert(
      fc.property(anyHourPoints, anySource, (points, newest) => {
        const row = decodeRow(encodeRow({ points: hourPoints(HOUR, points), newest }), HOUR)
        expect(row.newest).toEqual(abridge(newest))
        expect(plainPoints(row.points)).toEqual(plainPoints(hourPoints(HOUR, points)))
      }),
      { numRuns: 300 },
    )
  })

  it('take the smaller of cells and chunk', () => {
    fc.assert(
      fc.property(anyHourPoints, (points) => {
        const columns = hourPoints(HOUR, points)
        const [cells, chunk] = [encodeCells(columns, HOUR), encodeChunk(columns, HOUR)]
        const value = part0(encodeRow({ points: columns, newest: NEWEST }))
        expect(value[0]).toBe(cells.length < chunk.length ? 3 : 4)
        const head = 1 + encodeArrival(NEWEST, columns.times[columns.count - 1]!).length
        expect(value.length).toBe(head + Math.min(cells.length, chunk.length))
      }),
    )
  })

  it('find the hour by the points, also those of its last millisecond', () => {
    const points = hourPoints(HOUR, [{ offsetMs: 3_599_999, value: 1, ms: true }])
    expect(plainPoints(decodeRow(encodeRow({ points, newest: NEWEST }), HOUR).points)).toEqual(plainPoints(points))
  })

  it('refuse what is no row of one hour', () => {
    const row = (...offsets: number[]) => ({
      points: hourPoints(
        HOUR,
        offsets.map((offsetMs) => ({ offsetMs, value: 1 })),
      ),
      newest: NEWEST,
    })
    expect(() => encodeRow(row())).toThrow('no points')
    expect(() => encodeRow(row(0, 3_600_000))).toThrow('more than an hour')
    expect(() => encodeRow(row(-1000, 0))).toThrow('more than an hour')
    expect(() => encodeRow(row(0, 2000, 1000))).toThrow('out of order')
    expect(() => encodeRow(row(0, 0))).toThrow('out of order')
    expect(() => encodeRow({ ...row(0), newest: { ...NEWEST, sequence: -1n } })).toThrow(RangeError)
  })

  it.each([
    ['no bytes', ''],
    ['an unknown format', '06 d00f 01 02 0102'],
    ['an unknown format in several parts', '86 d00f 01 02 0102'],
    ['a sequence number that is too long', '03 d00f 01 37'],
    ['no body', '03 d00f 01 02 0102'],
    ['no points', '04 d00f 01 02 0102 00 00'],
    ['texts where there can be none', '04 d00f 01 02 0102 60 01 00 08 00'],
    ['a chunk of another version in a row of version 1', '02 90c802 00 02 0102 c2 40 01 00 54'],
    ['one part that is called several', '83 87ea6c37 01 8000'],
    ['parts that start anywhere', '83 87ea6c37 02 0002'],
  ])('refuse %s', (_, hex) => {
    expect(() => decodeRow([{ part: 0, value: fromHex(hex) }], HOUR)).toThrow(CorruptDataError)
  })

  it('refuse any cut of a row of cells', () => {
    const value = part0(encodeRow(EXAMPLE))
    for (let length = 0; length < value.length; length++) {
      expect(() => decodeRow([{ part: 0, value: value.subarray(0, length) }], HOUR)).toThrow(CorruptDataError)
    }
  })
})

describe('a row above 64 KB', () => {
  it('is cut into parts that each fit, part 0 last, and is read from them in any order', () => {
    expect(LARGE_PARTS.length).toBeGreaterThanOrEqual(5)
    for (const { value } of LARGE_PARTS) expect(value.length).toBeLessThanOrEqual(MAX_PART_BYTES)
    expect(LARGE_PARTS.map(({ part }) => part)).toEqual(
      [...LARGE_PARTS.keys()].map((i) => (i + 1) % LARGE_PARTS.length),
    )
    fc.assert(
      fc.property(fc.shuffledSubarray(LARGE_PARTS, { minLength: LARGE_PARTS.length }), (parts) => {
        const row = decodeRow(parts, HOUR)
        expect(row.newest).toEqual(NEWEST)
        expect(firstDifference(row.points, LARGE.points)).toBe(-1)
      }),
      { numRuns: 10 },
    )
  })

  it('fills its parts', () => {
    const bytes = LARGE_PARTS.reduce((sum, { value }) => sum + value.length, 0)
    expect(LARGE_PARTS.length).toBeLessThanOrEqual(Math.ceil(bytes / MAX_PART_BYTES) + 1)
  })

  it('is refused where any part is missing, which is named', () => {
    for (const { part } of LARGE_PARTS) {
      const rest = LARGE_PARTS.filter((each) => each.part !== part)
      expect(() => decodeRow(rest, HOUR)).toThrow(IncompleteRowError)
      expect(() => decodeRow(rest, HOUR)).toThrow(expect.objectContaining({ missing: [part] }))
    }
    expect(() => decodeRow([], HOUR)).toThrow(IncompleteRowError)
  })

  it('says which parts it has besides part 0', () => {
    expect(otherParts(part0(LARGE_PARTS))).toEqual(LARGE_PARTS.slice(0, -1).map(({ part }) => part))
    expect(otherParts(part0(encodeRow(EXAMPLE)))).toEqual([])
  })

  it('is refused where parts belong to two writings of it', () => {
    const other = encodeRow({ points: noise(40_000, 90, 2), newest: NEWEST })
    const mixed = LARGE_PARTS.map((each) => (each.part === 2 ? (other[1] ?? each) : each))
    expect(() => decodeRow(mixed, HOUR)).toThrow(expect.objectContaining({ missing: [2] }))
  })

  it('is refused where a byte of any part is damaged', () => {
    for (const [i, { part, value }] of LARGE_PARTS.entries()) {
      const damaged = Uint8Array.from(value)
      damaged[damaged.length - 100 - i]! ^= 1
      const parts = LARGE_PARTS.map((each) => (each.part === part ? { part, value: damaged } : each))
      expect(() => decodeRow(parts, HOUR)).toThrow(CorruptDataError)
    }
  })

  it('is rewritten so that it can be read after every single step', () => {
    const later: Row = { points: noise(41_000, 80, 3), newest: { ...NEWEST, sequence: 259n } }
    const table = new Map(LARGE_PARTS.map(({ part, value }) => [part, value]))
    const read = () =>
      decodeRow(
        [...table].map(([part, value]) => ({ part, value })),
        HOUR,
      )
    const parts = encodeRow(later, part0(LARGE_PARTS))
    for (const { part, value } of parts) {
      expect(firstDifference(read().points, LARGE.points)).toBe(-1)
      table.set(part, value)
    }
    for (const part of otherParts(part0(LARGE_PARTS))) {
      expect(firstDifference(read().points, later.points)).toBe(-1)
      table.delete(part)
    }
    expect(firstDifference(read().points, later.points)).toBe(-1)
    expect(table.size).toBe(parts.length)
    // And back to the numbers of the first.
    expect(otherParts(part0(encodeRow(LARGE, part0(parts))))).toEqual(otherParts(part0(LARGE_PARTS)))
  })

  it('may become a row of one part, and one of one part may become large', () => {
    const leftovers = LARGE_PARTS.filter(({ part }) => part !== 0)
    const small = encodeRow(EXAMPLE, part0(LARGE_PARTS))
    expect(plainPoints(decodeRow([...leftovers, ...small], HOUR).points)).toEqual(plainPoints(EXAMPLE.points))
    const large = encodeRow(LARGE, part0(small))
    expect(firstDifference(decodeRow([...small, ...large], HOUR).points, LARGE.points)).toBe(-1)
  })

  it('keeps texts and times to live across its cuts, and cuts where texts come to more than a part may hold', () => {
    const points = new PointColumnsBuilder(900)
    for (let i = 0; i < 900; i++) {
      points.pushText(HOUR * 1000 + i * 4000, i % 2 === 0 ? 'x'.repeat(32_000) : `${i}`.repeat(2000), 0)
      if (i % 3 !== 0) points.expire(HOUR + 86_400 + i)
    }
    const parts = encodeRow({ points, newest: NEWEST })
    expect(parts.length).toBeGreaterThan(1)
    expect(firstDifference(decodeRow(parts, HOUR).points, points)).toBe(-1)
  })

  it('keeps big integers, seconds and milliseconds across its cuts', () => {
    const next = random(7)
    const points = new PointColumnsBuilder(30_000)
    for (let i = 0; i < 30_000; i++) {
      const time = HOUR * 1000 + i * 100
      const kind = time % 1000 === 0 && i % 3 === 0 ? 0 : KIND_MS
      if (i % 4 === 0) points.pushInteger(time, BigInt(Math.floor(next() * 2 ** 52)) << 11n, kind)
      else points.push(time, next() * 1e6, kind | KIND_FLOAT)
    }
    const parts = encodeRow({ points, newest: NEWEST })
    expect(parts.length).toBeGreaterThan(2)
    expect(firstDifference(decodeRow(parts, HOUR).points, points)).toBe(-1)
  })
})

describe('an hour of milliseconds', () => {
  it.each([
    ['noise', 300_000, (i: number) => Math.fround(Math.sin(i * 1e6)) + i / 7, KIND_FLOAT],
    ['a decimal gauge', 400_000, (i: number) => Math.round(Math.sin(i / 1000) * 1000) / 10, KIND_FLOAT],
    ['a counter', 600_000, (i: number) => i * 1500 + (i % 7), 0],
    ['always the same', 900_000, () => 1, 0],
  ] as const)('comes back bit for bit: %s', (_, count, valueAt, kind) => {
    const points = new PointColumnsBuilder(count)
    for (let i = 0; i < count; i++) points.push(HOUR * 1000 + i * 4 + (i % 3), valueAt(i), kind | KIND_MS)
    const parts = encodeRow({ points, newest: NEWEST })
    for (const { value } of parts) expect(value.length).toBeLessThanOrEqual(MAX_PART_BYTES)
    expect(firstDifference(decodeRow(parts, HOUR).points, points)).toBe(-1)
  })
})

describe('renumberParts(parts, replaced)', () => {
  it('gives what encodeRow gives that knows the row before', () => {
    const other = encodeRow(LARGE, part0(LARGE_PARTS))
    const single = encodeRow(EXAMPLE)
    for (const replaced of [part0(LARGE_PARTS), part0(other), part0(single), undefined]) {
      expect(renumberParts(LARGE_PARTS, replaced)).toEqual(encodeRow(LARGE, replaced))
      expect(renumberParts(single, replaced)).toEqual(single)
    }
    expect(part0(other)).not.toEqual(part0(LARGE_PARTS))
  })
})
