import { tsuidToHex } from '../codec/tsuid.ts'
import { type Annotation, byStart } from '../model/annotation.ts'
import { LimitExceededError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { PointColumns } from '../model/points.ts'
import { type AnnotationSource, annotationsOfSeries, globalAnnotations } from './annotations.ts'
import { Budget, type QueryUsage, type ReadCosts } from './budget.ts'
import { checkFilters } from './filters.ts'
import { group, type SeriesGroup } from './group.ts'
import type { Query, SubQuery } from './model.ts'
import { computeGroup } from './pipeline.ts'
import { scanRange } from './range.ts'
import { filterByName, type NameLookup, resolveKnown, resolveQuery, type UnresolvedName } from './resolve.ts'
import type { SeriesSource } from './series.ts'

/** What running a query needs from outside. */
export interface QueryDeps {
  readonly names: NameLookup
  readonly source: SeriesSource
  /** Absent: there are none. */
  readonly annotations?: AnnotationSource
  readonly limits: Limits
  /** Looks at a query before anything of it is done, and throws where the caller may not ask it. */
  readonly permit?: (query: Query) => void
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** What the store has counted of requests and read units up to now. @default nothing */
  readonly costs?: () => ReadCosts
  /** Told what the query used, whether it is answered or fails. */
  readonly onUsage?: (usage: QueryUsage) => void
}

/** One series of the answer. */
export interface QueryResult {
  readonly query: SubQuery
  readonly metric: string
  /** UIDs, as base64, of the tag keys that filters name. */
  readonly filterTagks: readonly string[]
  /** Tags that all of its series have in common. */
  readonly tags: Readonly<Record<string, string>>
  /** Tag keys whose values differ among its series. */
  readonly aggregateTags: readonly string[]
  /** Upper-case hex, ascending. */
  readonly tsuids: readonly string[]
  /** Of its series, by start. */
  readonly annotations: readonly Annotation[]
  /** Made of several results, which have the annotations: its own are shown also where there are none, as in OpenTSDB. */
  readonly combined?: boolean
  /** Within the query's start and end, ascending. */
  readonly points: PointColumns
}

/** What a query gives. */
export interface QueryAnswer {
  /** The groups of each sub-query, in the sub-queries' order, then by their first series. */
  readonly results: readonly QueryResult[]
  /** Those of no series, where the query asks for them, by start. */
  readonly globalAnnotations: readonly Annotation[]
  /** Names that the query has and nothing was ever stored under, where it asks to pass them over. */
  readonly unresolved: readonly UnresolvedName[]
  readonly usage: QueryUsage
}

/**
 * Answers a query: looks up names, reads, filters, downsamples, takes rates, groups and aggregates.
 * @throws UnknownNameError where a name was never stored, QueryTooLargeError where a budget is used up
 */
export async function runQuery(deps: QueryDeps, query: Query): Promise<QueryAnswer> {
  const { limits } = deps
  if (query.queries.length > limits.subQueries) {
    throw new LimitExceededError('subQueries', limits.subQueries, query.queries.length, 'sub-queries')
  }
  deps.permit?.(query)
  const budget = new Budget(limits, deps.clock, deps.costs)
  try {
    return await runSubQueries(deps, query, budget)
  } finally {
    deps.onUsage?.(budget.usage())
  }
}

async function runSubQueries(deps: QueryDeps, query: Query, budget: Budget): Promise<QueryAnswer> {
  const results: QueryResult[] = []
  const unresolved: UnresolvedName[] = []
  // One after another: each already reads in parallel, and so one's memory is free before the next.
  for (const sub of query.queries) results.push(...(await runSubQuery(deps, query, sub, budget, unresolved)))
  const { annotations } = deps
  const showGlobals = query.globalAnnotations && !query.noAnnotations && annotations !== undefined && results.length > 0
  return {
    results,
    globalAnnotations: showGlobals ? await globalAnnotations(annotations, query, budget) : [],
    unresolved,
    usage: budget.usage(),
  }
}

/** @param unresolved gets the names that are passed over */
async function runSubQuery(
  deps: QueryDeps,
  query: Query,
  sub: SubQuery,
  budget: Budget,
  unresolved: UnresolvedName[],
): Promise<QueryResult[]> {
  checkFilters(sub.filters, deps.limits)
  const { querySeries } = deps.limits
  if (sub.tsuids !== undefined && sub.tsuids.length > querySeries) {
    throw new LimitExceededError('querySeries', querySeries, sub.tsuids.length, 'TSUIDs')
  }
  const ended = budget.begin(sub.index)
  const startedAt = performance.now()
  const known = query.skipUnresolved ? await resolveKnown(deps.names, sub) : undefined
  unresolved.push(...(known?.unresolved ?? []))
  const resolved = known === undefined ? await resolveQuery(deps.names, sub) : known.query
  // percentiles are those of histograms, of which there are none
  if (resolved === undefined || sub.percentiles !== undefined) return []
  const resolvedAt = performance.now()
  const scan = scanRange(query.start, query.end, sub.downsample)
  const { annotations } = deps
  const [read, notes] = await Promise.all([
    deps.source.read(resolved.metric, scan, resolved.wanted, budget, {
      constraints: resolved.constraints,
      accept: (candidates) => filterByName(deps.names, candidates, resolved, budget),
    }),
    query.noAnnotations || annotations === undefined
      ? new Map<string, readonly Annotation[]>()
      : annotationsOfSeries(annotations, resolved.metric, scan, budget),
  ])
  const readAt = performance.now()
  const series = await filterByName(deps.names, read, resolved, budget)
  const groups = group(series, sub.aggregator.raw ? undefined : resolved.groupBy)
  const named = await nameTags(deps.names, groups)
  const namedAt = performance.now()
  const results = groups.map((one, i) => {
    budget.time()
    const tsuids = one.series.map(({ tsuid }) => tsuidToHex(tsuid))
    return {
      query: sub,
      metric: resolved.metricName,
      ...named[i]!,
      filterTagks: resolved.filterTagks,
      tsuids,
      annotations: notes.size === 0 ? [] : tsuids.flatMap((tsuid) => notes.get(tsuid) ?? []).sort(byStart),
      points: computeGroup(one.series, query, sub, scan, budget),
    }
  })
  const points = results.reduce((sum, result) => sum + result.points.count, 0)
  ended(
    { series: results.length, points },
    {
      names: resolvedAt - startedAt + (namedAt - readAt),
      read: readAt - resolvedAt,
      compute: performance.now() - namedAt,
    },
  )
  return results
}

async function nameTags(
  names: NameLookup,
  groups: readonly SeriesGroup[],
): Promise<Pick<QueryResult, 'tags' | 'aggregateTags'>[]> {
  const tagks = new Set(groups.flatMap((one) => [...one.tags.map(([tagk]) => tagk), ...one.aggregateTags]))
  const tagvs = new Set(groups.flatMap((one) => one.tags.map(([, tagv]) => tagv)))
  const [keyNames, valueNames] = await Promise.all([names.uidsToNames('tagk', tagks), names.uidsToNames('tagv', tagvs)])
  // A UID without a name can only be one whose name was deleted; the points are still there.
  const keyName = (uid: number) => keyNames.get(uid) ?? `#${uid}`
  return groups.map((one) => ({
    tags: Object.fromEntries(one.tags.map(([tagk, tagv]) => [keyName(tagk), valueNames.get(tagv) ?? `#${tagv}`])),
    aggregateTags: one.aggregateTags.map(keyName),
  }))
}
