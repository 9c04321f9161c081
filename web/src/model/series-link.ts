import { type Graph, newGraph, newQuery } from './page.ts'

/** A graph of one series: by all its tags, and without those that have more. */
export function graphOfSeries(metric: string, tags: Readonly<Record<string, string>>): Graph {
  const filters = Object.entries(tags).map(
    ([tagk, filter]) => ({ tagk, type: 'literal_or', filter, groupBy: true }) as const,
  )
  return newGraph([{ ...newQuery(metric), filters, explicitTags: true }])
}

/** A tag key with its values among some series. */
export interface KeyCount {
  readonly key: string
  /** How many different values it has. */
  readonly values: number
  /** How many series have it. */
  readonly series: number
}

/** The tag keys of series with their counts, those of most values first. */
export function countKeys(series: readonly { readonly tags: Readonly<Record<string, string>> }[]): KeyCount[] {
  const values = new Map<string, Set<string>>()
  const counts = new Map<string, number>()
  for (const { tags } of series) {
    for (const [key, value] of Object.entries(tags)) {
      values.set(key, (values.get(key) ?? new Set()).add(value))
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  return [...values]
    .map(([key, found]) => ({ key, values: found.size, series: counts.get(key) ?? 0 }))
    .sort((a, b) => b.values - a.values || a.key.localeCompare(b.key, 'en'))
}
