import { mergeColumns } from './merge-columns.ts'
import type { SeriesColumns } from './series-columns.ts'

/** Of a decoded point's columns: time, value, kind, source. */
const POINT_BYTES = 21
/** Of a series' TSUID, and of a reference to a source, about. */
const SERIES_BYTES = 150
const SOURCE_BYTES = 8

/**
 * Series of the blocks of an hour, merged as they come, the largest part first. There are hundreds of blocks in an hour, with a point or two of each
 * series, which a query would have to decode and merge each time, and which take tens of times the memory of their points one by one.
 *
 * Each part has more than twice the points of the next: so an hour has some ten, and a point is copied about as many times while the hour grows.
 */
export type MergedParts = readonly SeriesColumns[]

/**
 * Merges more blocks with what is merged.
 * @param blocks of the same hour, with the same of its series each
 * @returns new parts; those given are as they were
 */
export function mergeMore(parts: MergedParts, blocks: readonly SeriesColumns[]): MergedParts {
  const filled = blocks.filter(({ points }) => points.count > 0)
  return filled.length === 0 ? parts : addPart(parts, mergeColumns(filled))
}

/**
 * mergeMore of blocks that are merged already.
 * @param part of mergeColumns, with a point at least
 */
export function addPart(parts: MergedParts, part: SeriesColumns): MergedParts {
  const rest = [...parts]
  let last = part
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
