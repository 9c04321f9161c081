import { LAST_DAY, type Posting } from '../codec/postings.ts'
import { decodeTsuid, tsuidToHex } from '../codec/tsuid.ts'
import type { Limits } from '../model/limits.ts'
import { Budget } from '../query/budget.ts'
import { QueryTooLargeError } from '../query/errors.ts'
import { type ReadableStore, StoredSeriesSource } from '../query/stored-source.ts'
import type { EmptiedSeries } from '../store/emptied.ts'
import type { TagConstraint } from '../store/postings-pages.ts'
import type { SeriesIndex } from '../store/series-index.ts'
import type { UidResolver } from '../uid/resolver.ts'

/** What telling living series from empty ones reads. */
export interface LivingStore extends ReadableStore {
  readonly uids: Pick<UidResolver, 'widths'>
  readonly index: Pick<SeriesIndex, 'find' | 'stream'>
  readonly emptied: Pick<EmptiedSeries, 'read' | 'metrics'>
}

const DAY_S = 86_400

/**
 * Those of a metric's series that may have points: all but the ones whose last point was deleted and that got none since. It costs
 * a request for the metric; of series that were emptied, the points of the days on which they lived are looked for.
 * @param limits of a query: where looking takes more, series count as living
 * @param clock milliseconds since 1970
 * @throws StoreUnavailableError
 */
export async function livingSeries(
  store: LivingStore,
  metric: number,
  series: readonly Posting[],
  limits: Limits,
  clock: () => number,
): Promise<readonly Posting[]> {
  return livingOf(store, metric, series, await store.emptied.read(metric), limits, clock)
}

/** livingSeries, once it is known which series were emptied. */
async function livingOf(
  store: LivingStore,
  metric: number,
  series: readonly Posting[],
  notes: Awaited<ReturnType<EmptiedSeries['read']>>,
  limits: Limits,
  clock: () => number,
): Promise<readonly Posting[]> {
  if (notes.size === 0) return series
  const isEmptied = (posting: Posting): boolean => {
    const note = notes.get(tsuidToHex(posting.tsuid))
    return note !== undefined && posting.firstDay >= note.firstDay && posting.lastDay <= note.lastDay
  }
  const doubted = series.filter(isEmptied)
  if (doubted.length === 0) return series
  const empty = new Set(await emptySeries(store, metric, doubted, limits, clock))
  return series.filter((posting) => !empty.has(posting))
}

/** Whether none of a metric's series has a point, some having been deleted. */
export async function isEmptiedMetric(
  store: LivingStore,
  metric: number,
  limits: Limits,
  clock: () => number,
): Promise<boolean> {
  for await (const page of store.index.stream(metric, [])) {
    if (page.length > 0 && (await livingSeries(store, metric, page, limits, clock)).length > 0) return false
  }
  return true
}

/**
 * Those of some series of one metric that have no points on the days that the index names. What the index does not know the days
 * of is not empty, nor is what takes more to look for than a query may.
 */
export async function emptySeries(
  store: LivingStore,
  metric: number,
  series: readonly Posting[],
  limits: Limits,
  clock: () => number,
): Promise<Posting[]> {
  const known = series.filter(({ firstDay, lastDay }) => firstDay > 0 && lastDay < LAST_DAY)
  if (known.length === 0) return []
  const { widths } = store.uids
  // Texts are points too.
  const source = new StoredSeriesSource(store, widths, clock, 'all')
  const budget = new Budget(limits, clock)
  const wanted = new Set(known.map(({ tsuid }) => decodeTsuid(tsuid, widths).tags.join()))
  const range = {
    from: Math.min(...known.map(({ firstDay }) => firstDay)) * DAY_S,
    to: (Math.max(...known.map(({ lastDay }) => lastDay)) + 1) * DAY_S,
  }
  try {
    const read = await source.read(metric, range, (tags) => wanted.has(tags.join()), budget, {
      constraints: [],
      accept: async (found) => found,
    })
    const alive = new Set(read.filter(({ points }) => points.count > 0).map(({ tsuid }) => tsuidToHex(tsuid)))
    return known.filter(({ tsuid }) => !alive.has(tsuidToHex(tsuid)))
  } catch (error) {
    if (error instanceof QueryTooLargeError) return []
    throw error
  }
}

/**
 * The living series of a metric that meet every constraint, each once, as they are read.
 * @param clock milliseconds since 1970
 * @throws StoreUnavailableError
 */
export async function* streamLiving(
  store: LivingStore,
  metric: number,
  constraints: readonly TagConstraint[],
  limits: Limits,
  clock: () => number,
): AsyncGenerator<readonly Posting[]> {
  const notes = await store.emptied.read(metric)
  for await (const page of store.index.stream(metric, constraints)) {
    yield notes.size === 0 ? page : livingOf(store, metric, page, notes, limits, clock)
  }
}
