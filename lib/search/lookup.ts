import type { Posting } from '../codec/postings.ts'
import {
  hasTagv,
  type NamedSeries,
  type NameSource,
  nameSeries,
  resolveExpression,
  type SeriesSelection,
} from '../meta/find-series.ts'
import type { SeriesExpression } from '../meta/series-expression.ts'
import { TsdbError } from '../model/errors.ts'
import type { SeriesIndex } from '../store/series-index.ts'
import type { UidTable } from '../uid/table.ts'

/** What a lookup asks for. */
export interface Lookup extends SeriesExpression {
  /** Series to answer at most; 0 and below: as many as `maxResults`. */
  readonly limit: number
  /** Series to pass over first. */
  readonly startIndex: number
}

/** What looking up series takes. */
export interface LookupStore {
  readonly uids: NameSource
  readonly uidTable: Pick<UidTable, 'forwards'>
  readonly index: Pick<SeriesIndex, 'stream' | 'streamMetrics'>
}

/** What a lookup may use. */
export interface LookupBudget {
  /** Series that one answer holds at most. */
  readonly maxResults: number
  /** Milliseconds since 1970 after which a lookup that reads all metrics is given up. */
  readonly until: number
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/** When a lookup without a metric reads more metrics than there is time for. */
export class LookupTooLargeError extends TsdbError {
  constructor(series: number) {
    super('limit.lookup', 413, 'The lookup takes too long: it names no metric, so every one is looked at', {
      details: `${series} series were found so far. A metric, a tag key or a smaller limit make it shorter`,
    })
  }
}

/** Metrics whose names are read before their series are. */
const METRICS_AT_A_TIME = 1000

/**
 * Finds series by metric and tags. With a metric it reads no more of the index than the series answered take, as
 * docs/api/search.md says; without one, every metric is looked at until there are enough.
 * @returns them in no particular order, which is the same as long as no series join; those of which a name is gone are left out
 * @throws UnknownNameError, LookupTooLargeError, StoreUnavailableError
 */
export async function lookUp(store: LookupStore, lookup: Lookup, budget: LookupBudget): Promise<NamedSeries[]> {
  return nameSeries(store.uids, await findTsuids(store, lookup, budget))
}

/** lookUp, without the names of what it finds. */
export async function findTsuids(store: LookupStore, lookup: Lookup, budget: LookupBudget): Promise<Uint8Array[]> {
  const selection = await resolveExpression(store.uids, lookup)
  const limit = lookup.limit > 0 ? Math.min(lookup.limit, budget.maxResults) : budget.maxResults
  const skip = Math.max(0, lookup.startIndex)
  const found: Uint8Array[] = []
  for await (const series of seriesOf(store, selection)) {
    for (const posting of series) {
      if (selection.anyTagv === undefined || hasTagv(posting, selection.anyTagv, store.uids.widths)) {
        found.push(posting.tsuid)
      }
    }
    if (found.length >= skip + limit) break
    if (selection.metric === undefined && budget.clock() > budget.until) throw new LookupTooLargeError(found.length)
  }
  return found.slice(skip, skip + limit)
}

function seriesOf(
  { index, uidTable }: LookupStore,
  { metric, constraints }: SeriesSelection,
): AsyncGenerator<readonly Posting[]> {
  if (metric !== undefined) return index.stream(metric, constraints)
  return seriesOfAllMetrics(index, uidTable, constraints)
}

async function* seriesOfAllMetrics(
  index: LookupStore['index'],
  uidTable: LookupStore['uidTable'],
  constraints: SeriesSelection['constraints'],
): AsyncGenerator<readonly Posting[]> {
  let metrics: number[] = []
  for await (const page of uidTable.forwards('metric')) {
    for (const { uid } of page) metrics.push(uid)
    if (metrics.length < METRICS_AT_A_TIME) continue
    yield* index.streamMetrics(metrics, constraints)
    metrics = []
  }
  yield* index.streamMetrics(metrics, constraints)
}
