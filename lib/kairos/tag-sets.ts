/** The values of each tag of some series: sorted by key, then by value. */
export type TagSets = ReadonlyMap<string, readonly string[]>

/** @param tags of each series, by name */
export function tagSetsOf(tags: Iterable<ReadonlyMap<string, string>>): TagSets {
  const sets = new Map<string, Set<string>>()
  for (const series of tags) {
    for (const [key, value] of series) {
      const set = sets.get(key)
      if (set === undefined) sets.set(key, new Set([value]))
      else set.add(value)
    }
  }
  const keys = [...sets.keys()].sort()
  return new Map(keys.map((key) => [key, [...sets.get(key)!].sort()]))
}
