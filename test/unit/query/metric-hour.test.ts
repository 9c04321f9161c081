import { expect, test } from 'vitest'
import { decodeColumns, encodeBlock, openBlock } from '../../../lib/codec/block.ts'
import { mergePieces, type Piece } from '../../../lib/codec/merge.ts'
import type { SeriesColumns } from '../../../lib/codec/series-columns.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import {
  type MetricHour,
  mergeBlocks,
  NOTHING_MERGED,
  packMore,
  piecesOf,
  weightOfMetric,
} from '../../../lib/query/metric-hour.ts'
import { blockSeries } from '../../helpers/blocks.ts'

const BASE_TIME = 1_356_998_400

/** A block of a point of each of two hosts. */
function blockOf(second: number, arrival = second, value = second): SeriesColumns {
  const points = [{ offsetMs: second * 1000, value }]
  const series = [1, 2].map((host) => blockSeries(BASE_TIME, 1, [[1, host]], points))
  const sources = [{ arrival, shard: 0, sequence: 1n }]
  return decodeColumns(openBlock(encodeBlock({ baseTime: BASE_TIME, widths: DEFAULT_UID_WIDTHS, sources, series })))
}

/** The values of each series. */
function valuesOf(merged: MetricHour): number[][] {
  const pieces = new Map<string, Piece[]>()
  for (const { tsuids, pieceAt } of piecesOf(merged)) {
    for (const [i, tsuid] of tsuids.entries()) {
      const name = Buffer.from(tsuid).toString('hex')
      pieces.set(name, [...(pieces.get(name) ?? []), pieceAt(i)])
    }
  }
  return [...pieces.values()].map((own) => [...mergePieces(own).values])
}

function mergeMany(from: MetricHour, blocks: readonly SeriesColumns[]): MetricHour {
  const merged = mergeBlocks(from, blocks, from.count + blocks.length)
  if (merged === undefined) throw new Error('It can not be told which point counts')
  return merged
}

const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

test('an hour of seconds, asked for as it comes, takes a few packed parts and few bytes a point', () => {
  let merged = NOTHING_MERGED
  let most = 0
  for (let second = 0; second < 3600; second += 10) {
    merged = packMore(merged, BASE_TIME)
    merged = mergeMany(
      merged,
      seconds(second, second + 10).map((each) => blockOf(each)),
    )
    most = Math.max(most, merged.packed.length)
    if (second % 600 === 590) expect(valuesOf(merged)).toEqual([seconds(0, second + 10), seconds(0, second + 10)])
  }
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(Math.log2(3600 / 32))
  const counts = merged.packed.map(({ count }) => count)
  for (const [i, count] of counts.slice(1).entries()) expect(counts[i]).toBeGreaterThan(2 * count)
  const unpacked = mergeMany(
    NOTHING_MERGED,
    seconds(0, 3600).map((each) => blockOf(each)),
  )
  expect(weightOfMetric(unpacked)).toBeGreaterThan(7200 * 21)
  expect(weightOfMetric(merged)).toBeLessThan(7200 * 3)
})

test('of fewer points nothing is packed, and what was handed out is left as it is', () => {
  const few = mergeMany(
    NOTHING_MERGED,
    seconds(0, 31).map((each) => blockOf(each)),
  )
  expect(packMore(few, BASE_TIME)).toBe(few)
  const more = mergeMany(few, [blockOf(31)])
  const packed = packMore(more, BASE_TIME)
  expect([packed.packed.length, packed.parts.length, packed.count]).toEqual([1, 0, 32])
  expect([more.packed.length, more.parts.length]).toEqual([0, 2])
  expect([few.count, few.parts[0]?.points.count]).toEqual([31, 62])
  const rest = mergeMany(packed, [blockOf(32)])
  expect(packMore(rest, BASE_TIME)).toBe(rest)
  expect(valuesOf(rest)).toEqual([seconds(0, 33), seconds(0, 33)])
})

test('points that come again later count, and those of which that can not be told are not merged', () => {
  const all = seconds(0, 40).map((each) => blockOf(each))
  const packed = packMore(mergeMany(NOTHING_MERGED, all), BASE_TIME)
  const again = mergeMany(packed, [blockOf(3, 50, 333)])
  expect(valuesOf(again)[0]?.slice(0, 5)).toEqual([0, 1, 2, 333, 4])
  expect(valuesOf(packMore(again, BASE_TIME, 1))[0]?.slice(0, 5)).toEqual([0, 1, 2, 333, 4])
  expect(mergeBlocks(packed, [blockOf(3, 20, 333)], 41)).toBeUndefined()
  expect(mergeBlocks(again, [blockOf(41), blockOf(3, 20, 333)], 43)).toBeUndefined()
})

test('blocks without the metric are counted alone', () => {
  const other = decodeColumns(
    openBlock(encodeBlock({ baseTime: BASE_TIME, widths: DEFAULT_UID_WIDTHS, sources: [], series: [] })),
  )
  const merged = mergeMany(NOTHING_MERGED, [blockOf(1)])
  expect(mergeMany(merged, [other])).toEqual({ ...merged, count: 2 })
})
