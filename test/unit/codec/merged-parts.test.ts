import { expect, test } from 'vitest'
import { decodeColumns, encodeBlock, openBlock } from '../../../lib/codec/block.ts'
import { type MergedParts, mergeMore, weightOf } from '../../../lib/codec/merged-parts.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { blockSeries } from '../../helpers/blocks.ts'

const BASE_TIME = 1_356_998_400

/** A block of one point of a metric, of the second given. */
function blockOf(second: number, metric = 1) {
  const bytes = encodeBlock({
    baseTime: BASE_TIME,
    widths: DEFAULT_UID_WIDTHS,
    sources: [{ arrival: second, shard: 0, sequence: 1n }],
    series: [blockSeries(BASE_TIME, metric, [[1, 1]], [{ offsetMs: second * 1000, value: second }])],
  })
  return decodeColumns(openBlock(bytes), { metric: 1 })
}

test('thousands of blocks become a few parts, each more than twice as large as the next, with all points', () => {
  let parts: MergedParts = []
  let most = 0
  for (let second = 0; second < 3000; second++) {
    parts = mergeMore(parts, [blockOf(second)])
    most = Math.max(most, parts.length)
  }
  expect(most).toBeLessThanOrEqual(Math.log2(3000))
  const counts = parts.map(({ points }) => points.count)
  for (const [i, count] of counts.slice(1).entries()) expect(counts[i]).toBeGreaterThan(2 * count)
  const values = parts.flatMap(({ points }) => [...points.values.subarray(0, points.count)])
  expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: 3000 }, (_, second) => second))
  expect(weightOf(parts)).toBeLessThan(3000 * 40)
})

test('blocks without the metric change nothing, and what was handed out is left as it is', () => {
  const parts = mergeMore([], [blockOf(1)])
  expect(mergeMore(parts, [blockOf(2, 7)])).toBe(parts)
  const more = mergeMore(parts, [blockOf(2)])
  expect(parts.map(({ points }) => points.count)).toEqual([1])
  expect(more.map(({ points }) => points.count)).toEqual([2])
})
