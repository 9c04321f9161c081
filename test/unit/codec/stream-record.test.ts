import { readFileSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeStreamRecord,
  encodeStreamRecord,
  isPackedRecord,
  MAX_BODY_BYTES,
  MAX_RECORD_BYTES,
  packBatch,
  packParts,
  type StreamRecord,
} from '../../../lib/codec/stream-record.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { KIND_FLOAT, KIND_MS, type PointBatch, PointColumnsBuilder } from '../../../lib/model/points.ts'
import type { SeriesName } from '../../../lib/model/series.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

interface Point {
  readonly series: number
  /** Milliseconds. */
  readonly time: number
  readonly ms: boolean
  readonly value: number | bigint | string
  /** Second since 1970 at which its time comes. */
  readonly expiry?: number
}

function batchOf(series: readonly SeriesName[], points: readonly Point[]): PointBatch {
  const columns = new PointColumnsBuilder(4)
  for (const { time, ms, value, expiry = 0 } of points) {
    const kind = ms ? KIND_MS : 0
    if (typeof value === 'bigint') columns.pushInteger(time, value, kind)
    else if (typeof value === 'string') columns.pushText(time, value, kind)
    else columns.push(time, value, kind | KIND_FLOAT)
    if (expiry !== 0) columns.expire(expiry)
  }
  return { series, seriesOf: Uint32Array.from(points, (point) => point.series), points: columns }
}

/** A batch without its spare room, and with series as names, to compare. */
function plain({ series, seriesOf, points }: PointBatch) {
  return Array.from({ length: points.count }, (_, i) => ({
    series: series[seriesOf[i] ?? -1],
    time: points.times[i],
    kind: points.kinds[i],
    value: points.values[i],
    big: points.bigs.get(i),
    text: points.texts?.get(i),
    expiry: points.expiries?.[i] ?? 0,
  }))
}

const SERIES: readonly SeriesName[] = [
  { metric: 'cpu', tags: [['host', 'a']] },
  { metric: 'cpu', tags: [['host', 'b']] },
]
const T = 1_356_998_400_000
const SYNC_ID = Uint8Array.from({ length: 16 }, (_, i) => i)

const anyName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const anySeries: fc.Arbitrary<SeriesName> = fc.record({
  metric: anyName,
  tags: fc
    .uniqueArray(fc.tuple(anyName, anyName), { maxLength: 8, selector: ([tagk]) => tagk })
    .map((tags) => tags.sort(([a], [b]) => (a < b ? -1 : 1))),
})
const anyPoint = fc.record({
  series: fc.nat(),
  time: fc.oneof(
    fc.integer({ min: 1, max: 0xffff_ffff }).map((s) => s * 1000),
    fc.integer({ min: 1, max: 9_999_999_999_999 }),
  ),
  ms: fc.boolean(),
  value: fc.oneof(fc.double({ noNaN: true }), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.integer().map(BigInt)),
})
const anyBatch = fc
  .tuple(fc.array(anySeries, { minLength: 1, maxLength: 6 }), fc.array(anyPoint, { minLength: 1, maxLength: 40 }))
  .map(([series, points]) =>
    batchOf(
      series,
      points.map((point) => ({ ...point, series: point.series % series.length })),
    ),
  )
const anyRecord: fc.Arbitrary<StreamRecord> = fc.record({
  firstIndex: fc.nat(),
  batch: anyBatch,
})
/** With texts and times to live among its points. */
const anyRecordWithExtras = fc
  .array(
    fc.tuple(
      anyPoint,
      fc.option(fc.string({ unit: 'binary', maxLength: 30 }), { nil: undefined }),
      fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 40 })),
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((list) =>
    batchOf(
      SERIES,
      list.map(([point, text, expiry]) => ({ ...point, series: point.series % 2, value: text ?? point.value, expiry })),
    ),
  )

describe('encodeStreamRecord(record)', () => {
  it('writes the bytes that docs/format/stream-record.md shows', () => {
    const example = readFileSync('docs/format/stream-record.md', 'utf8').split('## An example')[1] ?? ''
    const hex = [...example.matchAll(/^\| `([0-9a-f]+)` \|/gm)].map(([, bytes]) => bytes).join('')
    const points = [
      { series: 0, time: T, ms: false, value: 42n },
      { series: 1, time: T, ms: false, value: -0.5 },
      { series: 0, time: T + 10_000, ms: false, value: 9223372036854775807n },
    ]
    const bytes = encodeStreamRecord({ firstIndex: 0, batch: batchOf(SERIES, points) })
    expect(toHex(bytes)).toBe(hex)
    expect(plain(decodeStreamRecord(fromHex(hex)).batch)).toEqual(plain(batchOf(SERIES, points)))
  })

  it('writes the sync id and the part before the first index', () => {
    const batch = batchOf(SERIES, [{ series: 0, time: T, ms: true, value: 1n }])
    const record = { syncId: SYNC_ID, syncParts: { index: 1, count: 3 }, firstIndex: 200, batch }
    expect(toHex(encodeStreamRecord(record))).toMatch(/^0101000102030405060708090a0b0c0d0e0f0103c801/)
  })

  it('needs no series column where each point is of the next series', () => {
    const batch = batchOf(
      SERIES,
      [0, 1].map((series) => ({ series, time: T, ms: false, value: 1n })),
    )
    expect(toHex(encodeStreamRecord({ firstIndex: 0, batch }))).toContain('0200' + '01809c918e0a00' + '0002' + '0202')
  })

  it('deflates a body that this shortens, and says so', () => {
    const points = Array.from({ length: 100 }, (_, i) => ({ series: i % 2, time: T + i * 1000, ms: false, value: 1.5 }))
    const bytes = encodeStreamRecord({ firstIndex: 0, batch: batchOf(SERIES, points) })
    expect(bytes[1]).toBe(2)
    expect(bytes.length).toBeLessThan(200)
  })

  it('is undone by decodeStreamRecord, bit for bit', () => {
    fc.assert(
      fc.property(anyRecord, fc.boolean(), (record, sync) => {
        const sent = sync ? { ...record, syncId: SYNC_ID, syncParts: { index: 0, count: 1 } } : record
        const got = decodeStreamRecord(encodeStreamRecord(sent))
        expect(plain(got.batch)).toEqual(plain(record.batch))
        expect({ ...got, batch: undefined }).toEqual({ ...sent, batch: undefined })
      }),
    )
  })

  it('is undone by decodeStreamRecord with texts and times to live, also in several records', () => {
    fc.assert(
      fc.property(anyRecordWithExtras, (batch) => {
        const packed = packBatch(batch)
        expect(packed.every((bytes) => isPackedRecord(bytes))).toBe(true)
        expect(packed.flatMap((bytes) => plain(decodeStreamRecord(bytes).batch))).toEqual(plain(batch))
      }),
    )
    const noise = () =>
      Array.from({ length: 30_000 }, (_, i) => String.fromCharCode(32 + ((i * i * 31) % 997))).join('')
    const points = Array.from({ length: 60 }, (_, i) => ({
      series: i % 2,
      time: T + i * 1000,
      ms: false,
      value: `${i}${noise()}`,
      expiry: i % 3 === 0 ? 0 : T / 1000 + 3600 + i,
    }))
    // As much as no record takes before it is deflated.
    const large = batchOf(
      SERIES,
      Array.from({ length: 300 }, (_, i) => points[i % 60]!),
    )
    const packed = packBatch(large)
    expect(packed.length).toBeGreaterThan(1)
    expect(packed.flatMap((bytes) => plain(decodeStreamRecord(bytes).batch))).toEqual(plain(large))
  })

  it('is of version 2 only where there is a text or a time that comes', () => {
    const version = (point: Partial<Point>) => {
      const batch = batchOf(SERIES, [{ series: 0, time: T, ms: false, value: 1n, ...point }])
      return encodeStreamRecord({ firstIndex: 0, batch })[0]
    }
    expect(version({})).toBe(1)
    expect(version({ value: 'on' })).toBe(2)
    expect(version({ expiry: T / 1000 + 60 })).toBe(2)
  })

  it('is undone with tag sets shared as they were', () => {
    const tags = [['host', 'a']] as const
    const batch = batchOf(
      ['m', 'n'].map((metric) => ({ metric, tags })),
      [0, 1].map((series) => ({ series, time: T, ms: false, value: 1n })),
    )
    const { series } = decodeStreamRecord(encodeStreamRecord({ firstIndex: 0, batch })).batch
    expect(series).toEqual(batch.series)
    expect(series[1]?.tags).toBe(series[0]?.tags)
  })

  it.each([0, -0, 5e-324, 1.7976931348623157e308])('keeps the double %d', (value) => {
    const batch = batchOf(SERIES, [{ series: 0, time: T, ms: false, value }])
    expect(decodeStreamRecord(encodeStreamRecord({ firstIndex: 0, batch })).batch.points.values[0]).toBe(value)
  })

  it.each([
    2n ** 52n - 1n,
    2n ** 52n,
    -(2n ** 52n),
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    -(2n ** 63n),
  ])('keeps the integer %d, exact only where a double is not', (value) => {
    const batch = batchOf(SERIES, [{ series: 0, time: T, ms: false, value }])
    const { points } = decodeStreamRecord(encodeStreamRecord({ firstIndex: 0, batch })).batch
    expect(points.bigs.get(0) ?? BigInt(points.values[0] ?? 0)).toBe(value)
    expect(points.bigs.has(0)).toBe(!Number.isSafeInteger(Number(value)))
  })
})

describe('isPackedRecord(bytes)', () => {
  it('tells a packed record from JSON', () => {
    const batch = batchOf(SERIES, [{ series: 0, time: T, ms: false, value: 1n }])
    expect(isPackedRecord(encodeStreamRecord({ firstIndex: 0, batch }))).toBe(true)
    for (const text of ['{', '[', ' {', '\n[', '']) expect(isPackedRecord(Buffer.from(text))).toBe(false)
  })
})

describe('packParts(batch, syncId)', () => {
  /** Names and values that deflate can't shorten. */
  const noisy = (count: number): PointBatch => {
    const random = (i: number) => Math.sin(i + 1)
    const series = Array.from({ length: count }, (_, i) => ({
      metric: `m${random(i)}`,
      tags: [['host', `h${random(i + 0.5)}${random(i + 0.25)}`] as const],
    }))
    return batchOf(
      series,
      series.map((_, i) => ({ series: i, time: T + i, ms: true, value: random(i) })),
    )
  }

  it('makes one record of what fits into one', () => {
    expect(packBatch(noisy(1000)).length).toBe(1)
  })

  it('splits what does not fit, in order, each part with the series it has', () => {
    const batch = noisy(50_000)
    const parts = packParts(batch, SYNC_ID)
    expect(parts.length).toBeGreaterThan(1)
    const records = parts.map(({ bytes }) => decodeStreamRecord(bytes))
    records.forEach((record, index) => {
      expect(parts[index]?.bytes.length).toBeLessThanOrEqual(MAX_RECORD_BYTES)
      expect(record.syncId).toEqual(SYNC_ID)
      expect(record.syncParts).toEqual({ index, count: parts.length })
      expect(record.firstIndex).toBe(parts[index]?.firstIndex)
      expect(record.batch.points.count).toBe(parts[index]?.count)
      expect(record.batch.series.length).toBe(record.batch.points.count)
    })
    expect(records.flatMap((record) => plain(record.batch))).toEqual(plain(batch))
  })

  it('splits what deflates well but would unpack to more than a reader takes', () => {
    const metrics = Array.from({ length: 70_000 }, (_, i) => ({ metric: `${'m'.repeat(250)}${i}`, tags: [] }))
    const points = metrics.map((_, series) => ({ series, time: T, ms: false, value: 1n }))
    const parts = packParts(batchOf(metrics, points))
    expect(parts.length).toBe(2)
    for (const { bytes } of parts) expect(decodeStreamRecord(bytes).batch.points.count).toBe(35_000)
  })
})

describe('decodeStreamRecord(bytes)', () => {
  const BODY = '04 04686f7374 0161 03637075 0162 02 010001 010003 02 0200 0201'
  const refuses = (what: string, hex: string, why: RegExp) =>
    it(`refuses ${what}`, () => {
      expect(() => decodeStreamRecord(fromHex(hex))).toThrow(CorruptDataError)
      expect(() => decodeStreamRecord(fromHex(hex))).toThrow(why)
    })

  refuses('nothing', '', /bytes wanted/)
  refuses('another version', '03 00 00', /version 3/)
  refuses('unknown flags', '01 04 00', /flags 4/)
  refuses('a part beyond the last', `01 01 ${'00'.repeat(16)} 02 02 00`, /part 2 of 2/)
  refuses('more names than bytes', '01 00 00 ffffff7f', /names in 0 bytes/)
  refuses('more tag sets than bytes', '01 00 00 00 ffff7f', /tag sets in 0 bytes/)
  refuses('more series than bytes', '01 00 00 00 00 ffff7f', /series in 0 bytes/)
  refuses('more points than bytes', `01 00 00 ${BODY} ffffffff7f`, /points in 0 bytes/)
  refuses('a name that is not in the dictionary', '01 00 00 01 0161 00 01 05 00', /name 5 of 1/)
  refuses('a tag set that is not there', '01 00 00 01 0161 00 01 00 00', /tag set 0 of 0/)
  refuses('tags out of order', '01 00 00 02 0161 0162 01 02 0101 0001 00', /not in order/)
  refuses('a series that is not there', `01 00 00 ${BODY} 01 01 02 01 00 00 01 00`, /series 2 of 2/)
  refuses('an unknown series column', `01 00 00 ${BODY} 01 02 00 01 00 00 01 00`, /form 2/)
  refuses('a negative time', `01 00 00 ${BODY} 01 01 00 01 01 00 01 00`, /time -1/)
  refuses('a double of eight integer bytes', `01 00 00 ${BODY} 01 01 00 01 02 05 01 00`, /kind 5/)
  refuses('a run past the last point', `01 00 00 ${BODY} 01 01 00 01 02 00 02 00`, /run of 2/)
  refuses('bytes after the last value', `01 00 00 ${BODY} 01 01 00 01 02 00 01 00 00`, /1 bytes too many/)
  refuses('a body that does not inflate', '01 02 00 10 ffff', /does not inflate/)
  refuses('a body longer than any', `01 02 00 ${'81'.repeat(4)}01 00`, /a body of/)
  refuses(
    'a body that inflates to less than it says',
    `01 02 00 09 ${toHex(deflateRawSync(Buffer.alloc(8)))}`,
    /9 are announced/,
  )
  refuses(
    'a body that inflates to more than it says',
    `01 02 00 07 ${toHex(deflateRawSync(Buffer.alloc(8)))}`,
    /does not inflate/,
  )
  refuses(
    'a bomb, without taking the memory it asks for',
    `01 02 00 80808008 ${toHex(deflateRawSync(Buffer.alloc(2 * MAX_BODY_BYTES)))}`,
    /does not inflate/,
  )

  it('refuses or reads any damaged record, and never fails in another way', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(), fc.nat(255), fc.nat(), (record, at, byte, length) => {
        const bytes = Uint8Array.from(encodeStreamRecord(record))
        bytes[at % bytes.length] = byte
        try {
          decodeStreamRecord(bytes.subarray(0, length % 4 === 0 ? at % bytes.length : bytes.length))
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptDataError)
        }
      }),
      { numRuns: 500 },
    )
  })
})
