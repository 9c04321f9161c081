import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BlockSeries, decodeColumns, encodeBlock, openBlock } from '../../../lib/codec/block.ts'
import { mergePieces, type Piece } from '../../../lib/codec/merge.ts'
import { mergeColumns } from '../../../lib/codec/merge-columns.ts'
import { clash, mergePacked, type PackedSeries, packSeries, unpackPiece } from '../../../lib/codec/packed-series.ts'
import { pieceOf, type SeriesColumns } from '../../../lib/codec/series-columns.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { blockSeries, type TestPoint } from '../../helpers/blocks.ts'
import { anyHourPointsWithExtras, type HourPoint, plainPoints } from '../../helpers/points.ts'

const BASE_TIME = 1_356_998_400

/** A block of points that came in one record. @param arrival of the record */
function blockOf(arrival: number, series: readonly BlockSeries[]): SeriesColumns {
  const sources = [{ arrival, shard: 0, sequence: BigInt(arrival) }]
  return decodeColumns(openBlock(encodeBlock({ baseTime: BASE_TIME, widths: DEFAULT_UID_WIDTHS, sources, series })))
}

function series(host: number, points: readonly TestPoint[]): BlockSeries {
  return blockSeries(BASE_TIME, 1, [[1, host]], points)
}

/** A point of a second, of the host 1. */
function pointOf(arrival: number, second: number, value: HourPoint['value'], expiry = 0): SeriesColumns {
  return blockOf(arrival, [series(1, [{ offsetMs: second * 1000, value, expiry }])])
}

function packed(...blocks: readonly SeriesColumns[]): PackedSeries {
  return packSeries(mergeColumns(blocks), BASE_TIME)
}

/** All points by series. */
function plain(tsuids: readonly Uint8Array[], pieceAt: (index: number) => Piece) {
  return tsuids.map((tsuid, i) => [Buffer.from(tsuid).toString('hex'), plainPoints(mergePieces([pieceAt(i)]))] as const)
}

const plainPacked = (of: PackedSeries) => plain(of.tsuids, (i) => unpackPiece(of, i))
const plainColumns = (of: SeriesColumns) => plain(of.tsuids, (i) => pieceOf(of, i))

test('series are what they were once they are unpacked, texts and times that come among them', () => {
  fc.assert(
    fc.property(fc.array(anyHourPointsWithExtras, { minLength: 1, maxLength: 5 }), (all) => {
      const columns = blockOf(
        1,
        all.map((points, host) => series(host + 1, points)),
      )
      const of = packSeries(columns, BASE_TIME)
      expect(plainPacked(of)).toEqual(plainColumns(columns))
      expect(of.count).toBe(columns.points.count)
      expect([...of.lasts]).toEqual(plainColumns(columns).map(([, points]) => points.at(-1)?.time))
    }),
  )
})

test('a series of more than fits into one part of a row is what it was', () => {
  const noise = Array.from({ length: 30_000 }, (_, i) => ({ offsetMs: i * 100, ms: true, value: Math.sin(i * i) }))
  const columns = blockOf(1, [series(1, noise), series(2, noise.slice(0, 3))])
  const of = packSeries(columns, BASE_TIME)
  expect(of.ends.length).toBeGreaterThan(3)
  expect(plainPacked(of)).toEqual(plainColumns(columns))
})

test('a point every second takes a byte or so', () => {
  const points = Array.from({ length: 3600 }, (_, second) => ({ offsetMs: second * 1000, value: (second % 600) / 10 }))
  expect(packed(blockOf(1, [series(1, points)])).bytes.length).toBeLessThan(3600)
})

test('the newest record is that of all points', () => {
  expect(packed(pointOf(7, 1, 1), pointOf(9, 2, 2), pointOf(8, 3, 3)).newest).toMatchObject({
    arrival: 9,
    sequence: 9n,
  })
})

describe('clash(packed, added)', () => {
  const of = packed(pointOf(10, 1, 1.5), pointOf(20, 5, 5.5))

  test('a point that came later than all that are packed does not, at whatever time', () => {
    expect(clash(of, pointOf(21, 1, 2))).toBe(false)
    expect(clash(of, pointOf(21, 5, 2))).toBe(false)
  })

  test('one that came before the newest does at a time that has another, which may have come before or after it', () => {
    expect(clash(of, pointOf(15, 1, 2))).toBe(true)
    expect(clash(of, pointOf(5, 1, 2))).toBe(true)
    expect(clash(of, pointOf(20, 5, 2))).toBe(true)
  })

  test('one that came before the newest does not at a time that has none', () => {
    for (const second of [0, 2, 4, 6]) expect(clash(of, pointOf(15, second, 2)), `${second} s`).toBe(false)
  })

  test('one that is the same does not: a record that is delivered again', () => {
    expect(clash(of, pointOf(10, 1, 1.5))).toBe(false)
  })

  test('one that differs in its type, its text or its time to live does', () => {
    const other = packed(pointOf(10, 1, 3n), pointOf(10, 2, 'a'), pointOf(20, 3, 1, 1_400_000_000))
    expect(clash(other, pointOf(5, 1, 3n))).toBe(false)
    expect(clash(other, pointOf(5, 1, 3))).toBe(true)
    expect(clash(other, pointOf(5, 2, 'a'))).toBe(false)
    expect(clash(other, pointOf(5, 2, 'b'))).toBe(true)
    expect(clash(other, pointOf(5, 3, 1, 1_400_000_000))).toBe(false)
    expect(clash(other, pointOf(5, 3, 1))).toBe(true)
  })

  test('series that are not packed do not, wherever they come', () => {
    const two = packed(blockOf(10, [series(2, [{ offsetMs: 0, value: 1 }]), series(4, [{ offsetMs: 0, value: 1 }])]))
    const others = [1, 3, 5].map((host) => series(host, [{ offsetMs: 0, value: 2 }]))
    expect(clash(two, blockOf(5, others))).toBe(false)
    expect(clash(two, blockOf(5, [...others, series(6, [{ offsetMs: 0, value: 2 }])]))).toBe(false)
    expect(clash(two, blockOf(5, [others[0]!, series(4, [{ offsetMs: 0, value: 2 }])]))).toBe(true)
  })
})

test('what is packed and merged, in steps, is what all blocks give at once, where nothing clashes', () => {
  // Few instants and hosts, so that many meet.
  const block = fc.record({
    arrival: fc.nat(30),
    points: fc.array(fc.record({ host: fc.integer({ min: 1, max: 3 }), second: fc.nat(8), value: fc.nat(3) }), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  let clashes = 0
  let merges = 0
  fc.assert(
    fc.property(fc.array(block, { minLength: 2, maxLength: 12 }), (blocks) => {
      const all = blocks.map(({ arrival, points }) => {
        const hosts = [...new Set(points.map(({ host }) => host))].sort()
        const own = (host: number) => new Map(points.flatMap((p) => (p.host === host ? [[p.second, p.value]] : [])))
        return blockOf(
          arrival,
          hosts.map((host) => {
            const sorted = [...own(host)].sort(([a], [b]) => a - b)
            return series(
              host,
              sorted.map(([second, value]) => ({ offsetMs: second * 1000, value })),
            )
          }),
        )
      })
      let of = packed(all[0]!)
      const seen = [all[0]!]
      for (const each of all.slice(1)) {
        // Two points of one record at one time never meet.
        if (clash(of, each) || seen.some(({ origins }) => origins[0]?.arrival === each.origins[0]?.arrival)) clashes++
        else {
          of = mergePacked(of, packed(each))
          seen.push(each)
          merges++
        }
      }
      expect(plainPacked(of)).toEqual(plainColumns(mergeColumns(seen)))
    }),
  )
  expect(Math.min(clashes, merges)).toBeGreaterThan(50)
})
