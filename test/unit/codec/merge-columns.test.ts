import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Block, decodeColumns, encodeBlock, openBlock } from '../../../lib/codec/block.ts'
import { mergePieces, type Piece } from '../../../lib/codec/merge.ts'
import { mergeColumns } from '../../../lib/codec/merge-columns.ts'
import { pieceOf, type SeriesColumns } from '../../../lib/codec/series-columns.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { blockSeries } from '../../helpers/blocks.ts'
import { type HourPoint, plainPoints } from '../../helpers/points.ts'

const BASE_TIME = 1_356_998_400

/** A block of series by the number of their one tag. */
function blockOf(sources: Block['sources'], series: Map<number, readonly (HourPoint & { source?: number })[]>) {
  const list = [...series].sort(([a], [b]) => a - b)
  const bytes = encodeBlock({
    baseTime: BASE_TIME,
    widths: DEFAULT_UID_WIDTHS,
    sources,
    series: list.map(([tagv, points]) => blockSeries(BASE_TIME, 1, [[1, tagv]], points)),
  })
  return decodeColumns(openBlock(bytes))
}

/** Times are few, so that many meet; two points of one record never do. */
const offsetMs = fc.integer({ min: 0, max: 12 }).map((step) => step * 500)
const value = fc.oneof(
  fc.double({ noNaN: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const points = fc.uniqueArray(
  fc.record({ offsetMs, value, source: fc.nat(2), expiry: fc.oneof(fc.constant(0), fc.nat(2 ** 31)) }),
  { minLength: 1, maxLength: 8, selector: ({ offsetMs }) => offsetMs },
)
const anyBlocks: fc.Arbitrary<SeriesColumns[]> = fc
  .array(fc.array(fc.tuple(fc.nat(3), points), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  .chain((list) =>
    fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: list.length, maxLength: list.length }).map((times) =>
      list.map((series, i) => {
        const arrival = times[i]!
        const sources = [0, 1, 2].map((shard) => ({ arrival, shard, sequence: BigInt(i) }))
        const sorted = series.map(
          ([tagv, own]) => [tagv, [...own].sort((a, b) => a.offsetMs - b.offsetMs)] satisfies [number, unknown],
        )
        return blockOf(sources, new Map(sorted))
      }),
    ),
  )

/** The series with their points and the records these came in. */
function plain(columns: SeriesColumns) {
  return columns.tsuids.map((tsuid, i) => {
    const { points, sources, origins } = pieceOf(columns, i)
    return {
      tsuid: Buffer.from(tsuid).toString('hex'),
      points: plainPoints(points).map((point, j) => ({ ...point, origin: origins[sources[j]!] })),
    }
  })
}

/** Each series' points as a reader merges them. */
function read(blocks: readonly SeriesColumns[]) {
  const pieces = new Map<string, Piece[]>()
  for (const columns of blocks) {
    for (const [i, tsuid] of columns.tsuids.entries()) {
      const key = Buffer.from(tsuid).toString('hex')
      pieces.set(key, [...(pieces.get(key) ?? []), pieceOf(columns, i)])
    }
  }
  return [...pieces].sort().map(([tsuid, own]) => ({ tsuid, points: plainPoints(mergePieces(own)) }))
}

test('what is merged reads as the blocks do, in whatever order and groups they are merged', () => {
  fc.assert(
    fc.property(anyBlocks, fc.nat(), (blocks, cut) => {
      const before = blocks.map(plain)
      const want = read(blocks)
      const at = (cut % blocks.length) + 1
      const [some, others] = [blocks.slice(0, at), blocks.slice(at)]
      expect(read([mergeColumns(blocks)])).toEqual(want)
      expect(read([mergeColumns([...blocks].reverse())])).toEqual(want)
      expect(read([mergeColumns([mergeColumns(some), ...others])])).toEqual(want)
      expect(read([mergeColumns(some), ...others])).toEqual(want)
      expect(read([...others, mergeColumns(some)])).toEqual(want)
      expect(blocks.map(plain), 'the blocks are as they were').toEqual(before)
    }),
  )
})

test('each series is there once, in order, with the record that each point came in and no record without a point', () => {
  const sourcesAt = (arrival: number) => [0, 1].map((shard) => ({ arrival, shard, sequence: 0n }))
  const [first, second] = [sourcesAt(1), sourcesAt(2)]
  const merged = mergeColumns([
    blockOf(second, new Map([[7, [{ offsetMs: 0, value: 2, source: 1 }]]])),
    blockOf(
      first,
      new Map([
        [5, [{ offsetMs: 1000, value: 3, source: 1 }]],
        [
          7,
          [
            { offsetMs: 0, value: 1, source: 1 },
            { offsetMs: 1000, value: 4, source: 1 },
          ],
        ],
      ]),
    ),
  ])
  expect(merged.origins).toEqual([second[1], first[1]])
  expect(plain(merged).map(({ points }) => points.map(({ value, origin }) => [value, origin]))).toEqual([
    [[3, first[1]]],
    [
      [2, second[1]],
      [4, first[1]],
    ],
  ])
})
