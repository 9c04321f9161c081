import { KIND_BIG, KIND_FLOAT, KIND_TEXT, type PointColumns, PointColumnsBuilder } from '../model/points.ts'
import type { Aggregator } from './aggregate/index.ts'

// Series that have points at the same times need no interpolation: each time's values are reduced as they are. That is what
// downsampling makes of most groups, and hosts that report together.

/** What all points of a group's columns are. */
type Sort = 'doubles' | 'integers'

/**
 * Aggregates columns that all have the same times, and values of one sort: doubles, or integers that a double holds.
 * @param from index of the first time to give a point for
 * @returns undefined where they have not, or where integers pass 2^53 on the way: that is for who looks at each value
 */
export function aggregateAligned(
  group: readonly PointColumns[],
  aggregator: Aggregator,
  from: number,
): PointColumns | undefined {
  const [first] = group
  if (first === undefined || !haveSameTimes(first, group)) return undefined
  const sort = sortOf(group)
  if (sort === undefined) return undefined
  const { reduce } = aggregator
  const values = new Float64Array(group.length)
  const columns = group.map((points) => points.values)
  const out = new PointColumnsBuilder(Math.max(0, first.count - from))
  for (let i = from; i < first.count; i++) {
    for (let s = 0; s < columns.length; s++) values[s] = columns[s]![i]!
    if (sort === 'doubles') out.push(first.times[i]!, reduce.double(values, 0, values.length), KIND_FLOAT)
    else {
      const result = reduce.long(values, 0, values.length)
      if (result === undefined) return undefined
      out.push(first.times[i]!, result, 0)
    }
  }
  return out
}

function haveSameTimes({ count, times }: PointColumns, group: readonly PointColumns[]): boolean {
  for (const other of group) if (other.count !== count) return false
  for (const other of group) {
    if (other.times === times) continue
    for (let i = 0; i < count; i++) if (other.times[i] !== times[i]) return false
  }
  return true
}

/** @returns undefined where they are mixed, texts, or integers that no double holds */
function sortOf(group: readonly PointColumns[]): Sort | undefined {
  let some = 0
  let all = KIND_FLOAT
  for (const { kinds, count } of group) {
    for (let i = 0; i < count; i++) {
      some |= kinds[i]!
      all &= kinds[i]!
    }
  }
  if ((some & (KIND_BIG | KIND_TEXT)) !== 0) return undefined
  if ((some & KIND_FLOAT) === 0) return 'integers'
  return (all & KIND_FLOAT) === 0 ? undefined : 'doubles'
}
