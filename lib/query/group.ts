import type { StoredSeries } from './series.ts'

/** Series that become one in the answer. */
export interface SeriesGroup {
  readonly series: readonly StoredSeries[]
  /** Tags, as UIDs, that no two of the series have different values of. */
  readonly tags: readonly (readonly [tagk: number, tagv: number])[]
  /** UIDs of the tag keys of which they have. */
  readonly aggregateTags: readonly number[]
}

/**
 * Puts series that have the same values of the given tags together.
 * @param series in order of their TSUIDs, which the groups keep
 * @param groupBy tag key UIDs, which all of the series have; undefined: each series is a group
 */
export function group(series: readonly StoredSeries[], groupBy: ReadonlySet<number> | undefined): SeriesGroup[] {
  if (groupBy === undefined) return series.map((one) => makeGroup([one]))
  const groups = new Map<string, StoredSeries[]>()
  for (const one of series) {
    const key = one.tags.flatMap(([tagk, tagv]) => (groupBy.has(tagk) ? [tagv] : [])).join()
    const members = groups.get(key)
    if (members === undefined) groups.set(key, [one])
    else members.push(one)
  }
  return [...groups.values()].map(makeGroup)
}

/** A tag that some of the series lack still counts as common, as in OpenTSDB. */
function makeGroup(series: readonly StoredSeries[]): SeriesGroup {
  const common = new Map<number, number>()
  const differing = new Set<number>()
  for (const { tags } of series) {
    for (const [tagk, tagv] of tags) {
      if (differing.has(tagk)) continue
      const seen = common.get(tagk)
      if (seen === undefined) common.set(tagk, tagv)
      else if (seen !== tagv) {
        common.delete(tagk)
        differing.add(tagk)
      }
    }
  }
  return { series, tags: [...common], aggregateTags: [...differing] }
}
