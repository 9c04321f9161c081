import type { DecodedBlock } from '../codec/block.ts'
import { mergeBlocks } from '../codec/merge-blocks.ts'

/** Of a decoded point's columns: time, value, kind, source. */
const POINT_BYTES = 21
/** Of the objects of a decoded series, and of a reference to a source, about. */
const SERIES_BYTES = 500
const SOURCE_BYTES = 8

/**
 * Blocks of an hour with one metric's series, merged as they come, the largest part first. Each block by itself has an object for each of its series and
 * few points, and there are hundreds of blocks in an hour, which a query would have to merge each time.
 *
 * Each part has more than twice the points of the next: so an hour has some ten, and a point is copied about as many times while the hour grows.
 */
export type MergedParts = readonly DecodedBlock[]

/**
 * Merges more blocks with what is merged.
 * @param blocks of the same hour and metric
 * @returns new parts; those given are as they were
 */
export function mergeMore(parts: MergedParts, blocks: readonly DecodedBlock[]): MergedParts {
  const filled = blocks.filter(({ pointCount }) => pointCount > 0)
  if (filled.length === 0) return parts
  const rest = [...parts]
  let last = mergeBlocks(filled)
  for (let before = rest.at(-1); before !== undefined && before.pointCount <= 2 * last.pointCount; ) {
    last = mergeBlocks([before, last])
    rest.pop()
    before = rest.at(-1)
  }
  return [...rest, last]
}

/** About the bytes that parts take. */
export function weightOf(parts: MergedParts): number {
  return parts.reduce(
    (sum, { pointCount, series, sources }) =>
      sum + pointCount * POINT_BYTES + series.length * SERIES_BYTES + sources.length * SOURCE_BYTES,
    0,
  )
}
