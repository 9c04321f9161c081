import type { Posting } from '../codec/postings.ts'
import { readUid } from '../codec/tsuid.ts'
import { LimitExceededError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { UidWidths } from '../model/series.ts'
import { Budget, type QueryUsage, type ReadCosts } from '../query/budget.ts'
import { HOUR_S, hourOf, type ScanRange } from '../query/range.ts'
import type { NameLookup } from '../query/resolve.ts'
import type { SeriesSource, StoredSeries } from '../query/series.ts'
import type { TagConstraint } from '../store/postings-pages.ts'
import { computeMetric, type MetricAnswer, type NamedSeries } from './compute.ts'
import { kairosName, storedName } from './names.ts'
import type { MetricQuery } from './request.ts'
import type { TagSets } from './tag-sets.ts'

/** What running a query needs from outside. */
export interface KairosQueryDeps {
  readonly names: NameLookup
  /** Of texts too. */
  readonly source: SeriesSource
  readonly limits: Limits
  /** Looks at each metric, by the name that the store keeps, before anything is done; throws where the caller may not ask. */
  readonly permit?: (metric: string) => void
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** What the store has counted of requests and read units up to now. @default nothing */
  readonly costs?: () => ReadCosts
  /** Told what the query used, whether it is answered or fails. */
  readonly onUsage?: (usage: QueryUsage) => void
}

/** The last hour that the store has keys for ends here, in seconds since 1970. */
const END_OF_TIME_S = hourOf(0xffff_ffff) + HOUR_S

/** How far ahead of now a query without an end looks: a year, as clocks of writers are wrong at times, and every day takes looking. */
const AHEAD_MS = 366 * 86_400_000

/**
 * Answers a query of KairosDB's API: reads, groups and aggregates each of its metrics.
 * @returns an answer for each metric, in their order
 * @throws KairosRequestError where a grouping or aggregator can't be used, QueryTooLargeError where a budget is used up
 */
export async function runKairosQuery(
  deps: KairosQueryDeps,
  queries: readonly MetricQuery[],
): Promise<readonly MetricAnswer[]> {
  check(deps, queries)
  const budget = new Budget(deps.limits, deps.clock, deps.costs)
  try {
    const answers: MetricAnswer[] = []
    // One after another: each already reads in parallel, and so one's memory is free before the next.
    for (const [i, query] of queries.entries()) answers.push(await runMetric(deps, query, i, budget))
    return answers
  } finally {
    deps.onUsage?.(budget.usage())
  }
}

/** The tags of one metric's series. */
export interface MetricTags {
  readonly metric: string
  readonly tags: TagSets
}

/**
 * The tags that the series of each metric have, whenever their points are, as KairosDB answers without Cassandra.
 * @param streamSeries gives the series of a metric that meet constraints, looked at in place of points
 * @throws QueryTooLargeError where they are more than querySeries allows
 */
export async function runKairosTags(
  deps: Omit<KairosQueryDeps, 'source'>,
  streamSeries: (metric: number, constraints: readonly TagConstraint[]) => AsyncIterable<readonly Posting[]>,
  queries: readonly MetricQuery[],
): Promise<readonly MetricTags[]> {
  check(deps, queries)
  const budget = new Budget(deps.limits, deps.clock, deps.costs)
  const answers: MetricTags[] = []
  for (const query of queries) {
    const resolved = await resolve(deps.names, query)
    // Of many series few tags are different: names are looked up for these alone.
    const uids: TagUids = new Map()
    if (resolved !== undefined) {
      for await (const page of streamSeries(resolved.metric, resolved.constraints)) {
        budget.series(page.length)
        budget.time()
        for (const { tsuid } of page) addTagUids(uids, tsuid, deps.names.widths)
      }
    }
    answers.push({ metric: query.metric, tags: await nameTagUids(deps.names, uids) })
  }
  return answers
}

/** The values of each tag key, as UIDs. */
type TagUids = Map<number, Set<number>>

function addTagUids(uids: TagUids, tsuid: Uint8Array, { metric, tagk, tagv }: UidWidths): void {
  for (let at = metric; at < tsuid.length; at += tagk + tagv) {
    const key = readUid(tsuid, at, tagk)
    const value = readUid(tsuid, at + tagk, tagv)
    const values = uids.get(key)
    if (values === undefined) uids.set(key, new Set([value]))
    else values.add(value)
  }
}

/** A UID without a name is shown as its number, as in results. */
async function nameTagUids(names: NameLookup, uids: TagUids): Promise<TagSets> {
  const [keys, values] = await Promise.all([
    names.uidsToNames('tagk', uids.keys()),
    names.uidsToNames('tagv', new Set([...uids.values()].flatMap((all) => [...all]))),
  ])
  const shown = (found: ReadonlyMap<number, string>, uid: number): string => kairosName(found.get(uid) ?? `#${uid}`)
  const named = [...uids].map(([tagk, all]): [string, string[]] => [
    shown(keys, tagk),
    [...all].map((tagv) => shown(values, tagv)).sort(),
  ])
  return new Map(named.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function check({ limits, permit }: Omit<KairosQueryDeps, 'source'>, queries: readonly MetricQuery[]): void {
  if (queries.length > limits.subQueries) {
    throw new LimitExceededError('subQueries', limits.subQueries, queries.length, 'metrics')
  }
  for (const { metric, tags } of queries) {
    permit?.(storedName(metric))
    if (tags.size > limits.filters) throw new LimitExceededError('filters', limits.filters, tags.size, 'tags')
  }
}

async function runMetric(
  deps: KairosQueryDeps,
  query: MetricQuery,
  index: number,
  budget: Budget,
): Promise<MetricAnswer> {
  const ended = budget.begin(index)
  const startedAt = performance.now()
  const range = rangeOf(query, deps.clock())
  const resolved = range === undefined ? undefined : await resolve(deps.names, query)
  const resolvedAt = performance.now()
  const stored =
    resolved === undefined || range === undefined
      ? []
      : await deps.source.read(resolved.metric, range, resolved.wanted, budget, {
          constraints: resolved.constraints,
          accept: async (series) => series,
        })
  const readAt = performance.now()
  const names = await nameTags(
    deps.names,
    stored.map(({ tags }) => tags),
  )
  const namedAt = performance.now()
  const answer = computeMetric(
    query,
    stored.map((one, i) => new LazySeries(one, names[i]!)),
    budget,
  )
  const points = answer.results.reduce((sum, result) => sum + result.points.count, 0)
  ended(
    { series: answer.results.length, points },
    {
      names: resolvedAt - startedAt + (namedAt - readAt),
      read: readAt - resolvedAt,
      compute: performance.now() - namedAt,
    },
  )
  return answer
}

/** A series with its names, whose points are still decoded when they are asked for. */
class LazySeries implements NamedSeries {
  readonly tags: NamedSeries['tags']
  readonly #stored: StoredSeries

  constructor(stored: StoredSeries, tags: NamedSeries['tags']) {
    this.#stored = stored
    this.tags = tags
  }

  get points(): NamedSeries['points'] {
    return this.#stored.points
  }
}

/** The hours that a query reads; undefined where the store can hold none of them. @param now milliseconds since 1970 */
function rangeOf({ start, end }: MetricQuery, now: number): ScanRange | undefined {
  const last = Math.min(Number.isFinite(end) ? end : now + AHEAD_MS, END_OF_TIME_S * 1000 - 1)
  const from = hourOf(Math.max(0, Math.floor(start / 1000)))
  const to = Math.min(hourOf(Math.floor(last / 1000)) + HOUR_S, END_OF_TIME_S)
  return from < to ? { from, to } : undefined
}

/** A metric's query with its names looked up. */
interface Resolved {
  readonly metric: number
  readonly constraints: readonly TagConstraint[]
  wanted(tags: StoredSeries['tags']): boolean
}

/** @returns undefined where no series can be meant, as a name was never stored */
async function resolve(names: NameLookup, { metric, tags }: MetricQuery): Promise<Resolved | undefined> {
  const wanted = [...tags].filter(([, values]) => values.length > 0)
  const stored = storedName(metric)
  const [metrics, keys, values] = await Promise.all([
    names.namesToUids('metric', [stored]),
    names.namesToUids('tagk', new Set(wanted.map(([key]) => storedName(key)))),
    names.namesToUids('tagv', new Set(wanted.flatMap(([, all]) => all.map(storedName)))),
  ])
  const uid = metrics.get(stored)
  if (uid === undefined) return undefined
  const constraints: { tagk: number; tagvs: ReadonlySet<number> }[] = []
  for (const [key, all] of wanted) {
    const tagk = keys.get(storedName(key))
    const tagvs = new Set(all.flatMap((value) => values.get(storedName(value)) ?? []))
    if (tagk === undefined || tagvs.size === 0) return undefined
    constraints.push({ tagk, tagvs })
  }
  return {
    metric: uid,
    constraints,
    wanted: (series) =>
      constraints.every(({ tagk, tagvs }) => series.some(([key, value]) => key === tagk && tagvs.has(value))),
  }
}

/** The tags of series by name, as KairosDB's clients know them. */
async function nameTags(
  names: NameLookup,
  series: readonly StoredSeries['tags'][],
): Promise<ReadonlyMap<string, string>[]> {
  const tagks = new Set(series.flatMap((tags) => tags.map(([tagk]) => tagk)))
  const tagvs = new Set(series.flatMap((tags) => tags.map(([, tagv]) => tagv)))
  const [keys, values] = await Promise.all([names.uidsToNames('tagk', tagks), names.uidsToNames('tagv', tagvs)])
  // A UID without a name can only be one whose name was deleted; the points are still there.
  const shown = (found: ReadonlyMap<number, string>): Map<number, string> =>
    new Map([...found].map(([uid, name]) => [uid, kairosName(name)]))
  const [shownKeys, shownValues] = [shown(keys), shown(values)]
  return series.map(
    (tags) =>
      new Map(tags.map(([tagk, tagv]) => [shownKeys.get(tagk) ?? `#${tagk}`, shownValues.get(tagv) ?? `#${tagv}`])),
  )
}
