import { mergeColumns } from '../codec/merge-columns.ts'
import type { SeriesColumns } from '../codec/series-columns.ts'

/** Of a decoded point's columns: time, value, kind, source. */
const POINT_BYTES = 21
/** Of a series' TSUID, and of a reference to a source, about. */
const SERIES_BYTES = 150
const SOURCE_BYTES = 8

/**
 * Blocks of an hour with one metric's series, merged as they come, the largest part first. There are hundreds of blocks in an hour, with a point or two of each
 * series, which a query would have to decode and merge each time.
 *
 * Each part has more than twice the points of the next: so an hour has some ten, and a point is copied about as many times while the hour grows.
 */
export type MergedParts = readonly SeriesColumns[]

/**
 * Merges more blocks with what is merged.
 * @param blocks of the same hour and metric
 * @returns new parts; those given are as they were
 */
export function mergeMore(parts: MergedParts, blocks: readonly SeriesColumns[]): MergedParts {
  const filled = blocks.filter(({ points }) => points.count > 0)
  if (filled.length === 0) return parts
  const rest = [...parts]
  let last = mergeColumns(filled)
  for (let before = rest.at(-1); before !== undefined && before.points.count <= 2 * last.points.count; ) {
    last = mergeColumns([before, last])
    rest.pop()
    before = rest.at(-1)
  }
  return [...rest, last]
}

/** About the bytes that parts take. */
export function weightOf(parts: MergedParts): number {
  return parts.reduce(
    (sum, { points, tsuids, origins }) =>
      sum + points.count * POINT_BYTES + tsuids.length * SERIES_BYTES + origins.length * SOURCE_BYTES,
    0,
  )
}
