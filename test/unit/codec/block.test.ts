import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Block, decodeBlock, encodeBlock, MAX_BLOCK_POINTS, openBlock } from '../../../lib/codec/block.ts'
import { ByteWriter } from '../../../lib/codec/bytes.ts'
import { encodeTsuid, readUid } from '../../../lib/codec/tsuid.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { PointColumnsBuilder } from '../../../lib/model/points.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { anyBlock, blockSeries, plain } from '../../helpers/blocks.ts'
import { documentedBytes } from '../../helpers/docs.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'
import { anyHourPointsWithExtras, type HourPoint } from '../../helpers/points.ts'

const HOUR = 1_356_998_400

/** The block of the worked example in docs/format/block.md. */
const EXAMPLE: Block = {
  baseTime: HOUR,
  widths: DEFAULT_UID_WIDTHS,
  sources: [{ arrival: 1_356_998_421_000, shard: 0, sequence: 258n }],
  series: [
    blockSeries(
      HOUR,
      1,
      [[1, 1]],
      [
        { offsetMs: 0, value: 42.5 },
        { offsetMs: 10_000, value: 42.25 },
        { offsetMs: 20_000, value: 43 },
      ],
    ),
    blockSeries(
      HOUR,
      2,
      [[1, 1]],
      [
        { offsetMs: 0, value: 1000n },
        { offsetMs: 10_000, value: 9_223_372_036_854_775_807n },
      ],
    ),
  ],
}

const HEADER_BYTES = 12

describe('encodeBlock(block)', () => {
  it('writes the header and the columns of the documented example', () => {
    const bytes = encodeBlock(EXAMPLE)
    const documented = documentedBytes('format/block.md', 'a block')
    expect(toHex(bytes.subarray(0, 8))).toBe(toHex(documented.subarray(0, 8)))
    // How deflate packs the columns may differ from one release of zlib to the next.
    const columns = inflateRawSync(bytes.subarray(HEADER_BYTES + 4))
    expect(toHex(columns)).toBe(toHex(documentedBytes('format/block.md', 'its columns')))
  })

  it('is undone by decodeBlock for any block, bit for bit', () => {
    fc.assert(
      fc.property(anyBlock, (block) => {
        expect(plain(decodeBlock(encodeBlock(block)))).toEqual(plain(block))
      }),
      { numRuns: 300 },
    )
  })

  it('is undone by decodeBlock for texts and times to live among any points, for any metric of it', () => {
    const series = fc.array(anyHourPointsWithExtras, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(series, (list) => {
        const block = {
          ...EXAMPLE,
          series: list.map((points, i) => blockSeries(HOUR, 1 + (i >> 1), [[1, i + 1]], points)),
        }
        const bytes = encodeBlock(block)
        expect(plain(decodeBlock(bytes))).toEqual(plain(block))
        const some = block.series.filter((_, i) => i >> 1 === 1)
        expect(plain(decodeBlock(bytes, { metric: 2 })).series).toEqual(plain({ ...block, series: some }).series)
      }),
      { numRuns: 200 },
    )
  })

  it('is of version 2 only where there is a text or a time that comes', () => {
    const version = (...points: HourPoint[]) =>
      encodeBlock({ ...EXAMPLE, series: [blockSeries(HOUR, 1, [], points)] })[0]
    expect(version({ offsetMs: 0, value: 1 })).toBe(1)
    expect(version({ offsetMs: 0, value: 1, expiry: HOUR + 60 })).toBe(2)
    expect(version({ offsetMs: 0, value: 'on' })).toBe(2)
  })

  it('refuses more texts than a reader takes', () => {
    const points = Array.from({ length: 17 }, (_, i) => ({ offsetMs: i * 1000, value: 'x'.repeat(2 ** 20) }))
    const block = { ...EXAMPLE, series: [blockSeries(HOUR, 1, [], points)] }
    expect(() => encodeBlock(block)).toThrow(RangeError)
  })

  it('keeps a block without series, and one of a series without tags', () => {
    const empty = { ...EXAMPLE, series: [] }
    expect(decodeBlock(encodeBlock(empty))).toEqual({ ...empty, pointCount: 0 })
    const untagged = { ...EXAMPLE, series: [blockSeries(HOUR, 5, [], [{ offsetMs: 1, value: -0, ms: true }])] }
    expect(plain(decodeBlock(encodeBlock(untagged)))).toEqual(plain(untagged))
  })

  it('keeps times outside of the hour and in no order', () => {
    const odd = blockSeries(
      HOUR,
      1,
      [],
      [7_200_000, 5, -3_000, 2 ** 40].map((offsetMs) => ({ offsetMs, value: 1 })),
    )
    const block = { ...EXAMPLE, series: [odd] }
    expect(plain(decodeBlock(encodeBlock(block)))).toEqual(plain(block))
  })

  it('takes only the points that a column says it has', () => {
    const roomy = new PointColumnsBuilder(1000)
    roomy.push(HOUR * 1000, 1, 0)
    const series = [{ tsuid: encodeTsuid(1, [], DEFAULT_UID_WIDTHS), points: roomy, sources: new Uint32Array(1000) }]
    expect(decodeBlock(encodeBlock({ ...EXAMPLE, series })).series[0]?.points.times).toHaveLength(1)
  })

  it('needs few bytes for a thousand series of one point each', () => {
    const series = Array.from({ length: 1000 }, (_, host) =>
      blockSeries(
        HOUR,
        1,
        [
          [1, host + 1],
          [2, 1],
        ],
        [{ offsetMs: 10_000, value: BigInt(host % 100) }],
      ),
    )
    expect(encodeBlock({ ...EXAMPLE, series }).length).toBeLessThan(1000)
  })

  it('refuses what its type forbids', () => {
    const [first, second] = EXAMPLE.series
    const block = (series: unknown) => ({ ...EXAMPLE, series: series as Block['series'] })
    expect(() => encodeBlock(block([second, first]))).toThrow(RangeError)
    expect(() => encodeBlock(block([{ ...first, tsuid: new Uint8Array(5) }]))).toThrow(RangeError)
    expect(() => encodeBlock(block([{ ...first, points: new PointColumnsBuilder() }]))).toThrow(RangeError)
    expect(() => encodeBlock({ ...EXAMPLE, baseTime: -1 })).toThrow(RangeError)
    expect(() => encodeBlock(block([{ ...first, points: { count: MAX_BLOCK_POINTS + 1 } }]))).toThrow('too many')
  })
})

describe('openBlock(bytes)', () => {
  it('takes as much memory as the columns have, since it may be kept', () => {
    const { columns } = openBlock(encodeBlock(EXAMPLE))
    expect(columns.length).toBeLessThan(200)
    expect(columns.buffer.byteLength).toBe(columns.length)
  })
})

describe('decodeBlock(bytes, filter)', () => {
  it('reads the documented example', () => {
    expect(plain(decodeBlock(documentedBytes('format/block.md', 'a block')))).toEqual(plain(EXAMPLE))
  })

  it('gives just the series of the metric asked for', () => {
    fc.assert(
      fc.property(anyBlock, fc.nat(6), (block, pick) => {
        const bytes = encodeBlock(block)
        const metricOf = (tsuid: Uint8Array) => readUid(tsuid, 0, block.widths.metric)
        const picked = block.series[pick % Math.max(1, block.series.length)]
        const metric = picked === undefined ? 1 : metricOf(picked.tsuid)
        const series = block.series.filter(({ tsuid }) => metricOf(tsuid) === metric)
        const decoded = decodeBlock(bytes, { metric })
        expect(plain(decoded)).toEqual(plain({ ...block, series }))
        expect(decoded.pointCount).toBe(series.reduce((sum, { points }) => sum + points.count, 0))
      }),
    )
    expect(decodeBlock(encodeBlock(EXAMPLE), { metric: 77 }).series).toEqual([])
  })

  it('refuses any damaged byte and any cut', () => {
    const bytes = encodeBlock(EXAMPLE)
    for (let i = 0; i < bytes.length; i++) {
      const damaged = Uint8Array.from(bytes)
      damaged[i]! ^= 1 << (i % 8)
      expect(() => decodeBlock(damaged)).toThrow(CorruptDataError)
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeBlock(bytes.subarray(0, length))).toThrow(CorruptDataError)
    }
  })

  it('refuses a version it does not know, naming it', () => {
    expect(() => decodeBlock(fromHex('03030304'))).toThrow('the unknown version 3')
    expect(() => decodeBlock(new Uint8Array())).toThrow(CorruptDataError)
  })

  it('ends with an answer or CorruptDataError, at once, when columns are damaged behind a right checksum', () => {
    const columns = inflateRawSync(encodeBlock(EXAMPLE).subarray(HEADER_BYTES + 4))
    const edit = fc.tuple(fc.nat(columns.length - 1), fc.nat(255))
    const counts = fc.tuple(fc.nat(3), fc.nat(10), fc.nat(3_000_000))
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 3 }), fc.option(counts), (edits, changed) => {
        const damaged = Uint8Array.from(columns)
        for (const [at, byte] of edits) damaged[at] = byte
        const [sources, series, points] = changed ?? [1, 2, 5]
        answersOrRefuses(sealed(damaged, sources, series, points))
      }),
      { numRuns: 2000 },
    )
  })

  it('refuses counts that would take huge memory', () => {
    expect(() => decodeBlock(sealed(new Uint8Array(3), 0, 1, MAX_BLOCK_POINTS + 1))).toThrow(CorruptDataError)
    expect(() => decodeBlock(sealed(new Uint8Array(3), 2 ** 40, 1, 1))).toThrow(CorruptDataError)
    expect(() => decodeBlock(sealed(new Uint8Array(3), 0, 1, 1, 2 ** 40))).toThrow(CorruptDataError)
    expect(() => decodeBlock(sealed(new Uint8Array(2_000_000), 0, 1, 1, 100))).toThrow(CorruptDataError)
  })
})

/** A block around given columns, with a right checksum. */
function sealed(
  columns: Uint8Array,
  sources: number,
  series: number,
  points: number,
  length = columns.length,
): Uint8Array {
  const counts = new ByteWriter().varint(sources).varint(series).varint(points).varint(length).finish()
  const body = Buffer.concat([counts, deflateRawSync(columns)])
  const head = fromHex('01030304 50e22700')
  return new ByteWriter()
    .raw(head)
    .u32(crc32(body, crc32(head)))
    .raw(body)
    .finish()
}

function answersOrRefuses(bytes: Uint8Array): void {
  try {
    const block = decodeBlock(bytes)
    expect(block.series.every(({ points }) => points.times.length === points.count)).toBe(true)
  } catch (error) {
    expect(error).toBeInstanceOf(CorruptDataError)
  }
}
