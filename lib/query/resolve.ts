import { writeUid } from '../codec/tsuid.ts'
import type { UidKind } from '../model/series.ts'
import type { TagConstraint } from '../store/postings-pages.ts'
import type { UidResolver } from '../uid/resolver.ts'
import { UnknownNameError } from './errors.ts'
import { literalsOf, matcherOf, type TagFilter } from './filters.ts'
import type { SubQuery } from './model.ts'
import type { StoredSeries } from './series.ts'

/** The lookups that queries need. */
export type NameLookup = Pick<UidResolver, 'namesToUids' | 'uidsToNames' | 'widths'>

/** A filter with its tag key's UID. */
interface ResolvedFilter {
  readonly tagk: number
  readonly filter: TagFilter
  /** Whether it takes a tag value of that name. */
  readonly matches: (tagv: string) => boolean
}

/** A sub-query with its names looked up. */
export interface ResolvedQuery {
  readonly metric: number
  readonly filters: readonly ResolvedFilter[]
  /** UIDs, as base64, of the tag keys that filters name, ascending. */
  readonly filterTagks: readonly string[]
  /** UIDs of the tag keys whose values make groups. */
  readonly groupBy: ReadonlySet<number>
  /** What the series index can be asked for: one for each tag key, with the values that filters name exactly. */
  readonly constraints: readonly TagConstraint[]
  /** What can be told from UIDs alone, before any name of a series is looked up. */
  wanted(tags: StoredSeries['tags']): boolean
}

/**
 * Looks up the names of a sub-query.
 * @throws UnknownNameError for the metric, a tag key, or a tag value that a filter names exactly; BadQueryError for a regular
 *   expression that is wrong
 */
export async function resolveQuery(names: NameLookup, query: SubQuery): Promise<ResolvedQuery> {
  const matchers = query.filters.map(matcherOf)
  const [metrics, tagvs, tagks] = await Promise.all([
    lookUp(names, 'metric', [query.metric]),
    lookUp(names, 'tagv', new Set(query.filters.flatMap((filter) => literalsOf(filter) ?? []))),
    lookUp(names, 'tagk', new Set(query.filters.map((filter) => filter.tagk))),
  ])
  const filters = query.filters.map((filter, i) => ({ tagk: tagks(filter.tagk), filter, matches: matchers[i]! }))
  const keys = new Set(filters.map(({ tagk }) => tagk))
  const exact = filters.flatMap(({ tagk, filter }) => {
    const literals = literalsOf(filter)
    if (literals === undefined) return []
    return [{ tagk, uids: new Set(literals.map(tagvs)), negated: filter.type === 'not_literal_or' }]
  })
  return {
    metric: metrics(query.metric),
    filters,
    filterTagks: [...keys].sort((a, b) => a - b).map((uid) => base64Uid(uid, names.widths.tagk)),
    constraints: [...keys].map((tagk) =>
      constraintOf(
        tagk,
        exact.flatMap((one) => (one.tagk === tagk && !one.negated ? [one.uids] : [])),
      ),
    ),
    groupBy: new Set(filters.flatMap(({ tagk, filter }) => (filter.groupBy ? [tagk] : []))),
    wanted(tags) {
      // without filters OpenTSDB passes explicitTags over
      if (query.explicitTags && keys.size > 0 && tags.length !== keys.size) return false
      const byKey = new Map(tags)
      for (const key of keys) if (!byKey.has(key)) return false
      return exact.every(({ tagk, uids, negated }) => uids.has(byKey.get(tagk) ?? -1) !== negated)
    },
  }
}

/** @param literals the values that each of the filters on this tag key takes */
function constraintOf(tagk: number, literals: readonly ReadonlySet<number>[]): TagConstraint {
  const [first, ...others] = literals
  if (first === undefined) return { tagk }
  return { tagk, tagvs: new Set([...first].filter((uid) => others.every((uids) => uids.has(uid)))) }
}

function base64Uid(uid: number, width: number): string {
  const bytes = Buffer.alloc(width)
  writeUid(bytes, 0, width, uid)
  return bytes.toString('base64')
}

/** @returns names to UIDs, which throws UnknownNameError for those that have none */
async function lookUp(names: NameLookup, kind: UidKind, wanted: Iterable<string>): Promise<(name: string) => number> {
  const list = [...wanted]
  const uids = list.length === 0 ? new Map<string, number>() : await names.namesToUids(kind, list)
  const uidOf = (name: string) => {
    const uid = uids.get(name)
    if (uid === undefined) throw new UnknownNameError(kind, name)
    return uid
  }
  list.forEach(uidOf)
  return uidOf
}

/** The series whose tag values, by name, meet those filters that UIDs alone can't tell of. */
export async function filterByName<T extends Pick<StoredSeries, 'tags'>>(
  names: NameLookup,
  series: readonly T[],
  resolved: ResolvedQuery,
): Promise<readonly T[]> {
  const pending = resolved.filters.filter(({ filter }) => literalsOf(filter) === undefined && filter.filter !== '*')
  if (pending.length === 0) return series
  const tagvOf = (one: T, tagk: number) => one.tags.find(([key]) => key === tagk)?.[1] ?? -1
  const uids = new Set(pending.flatMap(({ tagk }) => series.map((one) => tagvOf(one, tagk))))
  const tagvs = await names.uidsToNames('tagv', uids)
  const tests = pending.map(({ tagk, matches }) => {
    const accepted = new Set([...tagvs].flatMap(([uid, name]) => (matches(name) ? [uid] : [])))
    return (one: T) => accepted.has(tagvOf(one, tagk))
  })
  return series.filter((one) => tests.every((test) => test(one)))
}
