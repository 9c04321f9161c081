import { decodeTsuid, type Tsuid, tsuidFromHex, writeUid } from '../codec/tsuid.ts'
import type { UidKind, UidWidths } from '../model/series.ts'
import type { TagConstraint } from '../store/postings-pages.ts'
import type { UidResolver } from '../uid/resolver.ts'
import { BadQueryError, UnknownNameError } from './errors.ts'
import { literalsOf, matcherOf, type TagFilter } from './filters.ts'
import type { SubQuery } from './model.ts'
import type { ReadBudget, StoredSeries } from './series.ts'

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
  readonly metricName: string
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

/** A name in a query that no point ever had. */
export interface UnresolvedName {
  readonly kind: UidKind
  readonly name: string
  /** The sub-query that has it, from 0. */
  readonly index: number
}

/** What is known of a sub-query's names. */
export interface Resolution {
  /** Undefined where no series can be meant, as the metric or a tag key was never stored. */
  readonly query: ResolvedQuery | undefined
  readonly unresolved: readonly UnresolvedName[]
}

/**
 * Looks up the names of a sub-query, or what its TSUIDs stand for.
 * @throws UnknownNameError for the metric, a tag value that a filter names exactly, or a tag key; BadQueryError for a
 *   regular expression that is wrong, or TSUIDs that are no series of one metric
 */
export async function resolveQuery(names: NameLookup, query: SubQuery): Promise<ResolvedQuery> {
  const { query: resolved, unresolved } = await resolveKnown(names, query)
  const [first] = unresolved
  if (first !== undefined) throw new UnknownNameError(first.kind, first.name)
  if (resolved === undefined) throw new Error('A query without unresolved names is resolved')
  return resolved
}

/**
 * The same, with names that were never stored listed: a tag value that was not is one that no series has.
 * @throws BadQueryError as resolveQuery
 */
export async function resolveKnown(names: NameLookup, query: SubQuery): Promise<Resolution> {
  if (query.tsuids !== undefined) return { query: await resolveTsuids(names, query.tsuids), unresolved: [] }
  const matchers = query.filters.map(matcherOf)
  const [metrics, tagvs, tagks] = await Promise.all([
    lookUp(names, 'metric', query.metric === undefined ? [] : [query.metric]),
    lookUp(names, 'tagv', new Set(query.filters.flatMap((filter) => literalsOf(filter) ?? []))),
    lookUp(names, 'tagk', new Set(query.filters.map((filter) => filter.tagk))),
  ])
  const unresolved = [...metrics.missing, ...tagvs.missing, ...tagks.missing]
  return {
    query: resolvedFrom(names, query, matchers, metrics.uids, tagvs.uids, tagks.uids),
    unresolved: unresolved.map((one) => ({ ...one, index: query.index })),
  }
}

type Uids = ReadonlyMap<string, number>

function resolvedFrom(
  names: NameLookup,
  query: SubQuery,
  matchers: readonly ResolvedFilter['matches'][],
  metrics: Uids,
  tagvs: Uids,
  tagks: Uids,
): ResolvedQuery | undefined {
  const [[metricName, metric] = []] = metrics
  const filters = query.filters.flatMap((filter, i) => {
    const tagk = tagks.get(filter.tagk)
    return tagk === undefined ? [] : [{ tagk, filter, matches: matchers[i]! }]
  })
  if (metricName === undefined || metric === undefined || filters.length < query.filters.length) return undefined
  const keys = new Set(filters.map(({ tagk }) => tagk))
  const exact = filters.flatMap(({ tagk, filter }) => {
    const literals = literalsOf(filter)
    if (literals === undefined) return []
    const uids = new Set(literals.flatMap((literal) => tagvs.get(literal) ?? []))
    return [{ tagk, uids, negated: filter.type === 'not_literal_or' }]
  })
  return {
    metric,
    metricName,
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

/** Series by their TSUIDs: of one metric, in one group. */
async function resolveTsuids(names: NameLookup, tsuids: readonly string[]): Promise<ResolvedQuery> {
  const series = tsuids.map((text) => decodeSeries(text, names.widths))
  const metric = series[0]!.metric
  const other = series.findIndex((one) => one.metric !== metric)
  if (other >= 0)
    throw new BadQueryError(`TSUIDs of one query must be of one metric: ${tsuids[0]} and ${tsuids[other]}`)
  const metricNames = await names.uidsToNames('metric', [metric])
  const wanted = new Set(series.map(({ tags }) => tags.join()))
  const [first, ...others] = series.map(({ tags }) => new Map(tags))
  const shared = [...first!.keys()].filter((tagk) => others.every((tags) => tags.has(tagk)))
  return {
    metric,
    metricName: metricNames.get(metric) ?? `#${metric}`,
    filters: [],
    filterTagks: [],
    groupBy: new Set(),
    constraints: shared.map((tagk) => ({
      tagk,
      tagvs: new Set([first!, ...others].map((tags) => tags.get(tagk)!)),
    })),
    wanted: (tags) => wanted.has(tags.join()),
  }
}

function decodeSeries(text: string, widths: UidWidths): Tsuid {
  const bytes = tsuidFromHex(text)
  const pair = widths.tagk + widths.tagv
  const pairs = (bytes.length - widths.metric) / pair
  if (pairs >= 1 && Number.isInteger(pairs)) return decodeTsuid(bytes, widths)
  throw new BadQueryError(
    `Invalid TSUID: '${text}', must be ${2 * widths.metric} hexadecimal digits of the metric and ${2 * pair} for each tag`,
  )
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

async function lookUp(
  names: NameLookup,
  kind: UidKind,
  wanted: Iterable<string>,
): Promise<{ uids: Uids; missing: { kind: UidKind; name: string }[] }> {
  const list = [...wanted]
  const uids = list.length === 0 ? new Map<string, number>() : await names.namesToUids(kind, list)
  return { uids, missing: list.filter((name) => !uids.has(name)).map((name) => ({ kind, name })) }
}

/** The series whose tag values, by name, meet those filters that UIDs alone can't tell of. */
export async function filterByName<T extends Pick<StoredSeries, 'tags'>>(
  names: NameLookup,
  series: readonly T[],
  resolved: ResolvedQuery,
  budget: Pick<ReadBudget, 'time'>,
): Promise<readonly T[]> {
  const pending = resolved.filters.filter(({ filter }) => literalsOf(filter) === undefined && filter.filter !== '*')
  if (pending.length === 0) return series
  const tagvOf = (one: T, tagk: number) => one.tags.find(([key]) => key === tagk)?.[1] ?? -1
  const uids = new Set(pending.flatMap(({ tagk }) => series.map((one) => tagvOf(one, tagk))))
  const tagvs = await names.uidsToNames('tagv', uids)
  const tests = pending.map(({ tagk, matches }) => {
    const accepted = new Set<number>()
    for (const [uid, name] of tagvs) {
      // A regular expression may take a third of a second for a long name.
      budget.time()
      if (matches(name)) accepted.add(uid)
    }
    return (one: T) => accepted.has(tagvOf(one, tagk))
  })
  return series.filter((one) => tests.every((test) => test(one)))
}
