import { LAST_DAY, type Posting } from '../codec/postings.ts'
import { decodeTsuid, hashTsuid } from '../codec/tsuid.ts'
import type { Limits } from '../model/limits.ts'
import type { UidWidths } from '../model/series.ts'
import { Budget } from '../query/budget.ts'
import type { ScanRange } from '../query/range.ts'
import { type ReadableStore, StoredSeriesSource } from '../query/stored-source.ts'
import { type LayoutHistory, shelfOf } from '../store/layout.ts'
import type { Ledger } from '../store/ledger.ts'
import { constraintsOf } from './find-series.ts'

/** What was stored of a series. */
export interface SeriesCounters {
  /** Points. */
  readonly totalDatapoints: number
  /** Seconds since 1970 of the last of them; 0 where there is none. */
  readonly lastReceived: number
}

/** What counting reads. */
export type CountableStore = ReadableStore & {
  readonly ledger: Pick<Ledger, 'pendingDays'>
}

/** A series with the days that the index names, and when it was first seen. */
export interface CountedSeries extends Posting {
  /** Seconds since 1970. */
  readonly created: number
}

const DAY_S = 86_400

/**
 * Counts the points of series of one metric, by reading them: nothing is written for it when points come. Looked at are the
 * days that the index names, or where it names none, those since the series was first seen and, of those before, the ones
 * with hours that are not sealed yet.
 *
 * It costs what a query for the series costs: half a read unit for each series and hour, and open hours the blocks of their
 * shelves.
 * @param now milliseconds since 1970
 * @returns by TSUID in hex; series without points are not there
 * @throws QueryTooLargeError where that is more than a query may use
 */
export async function countPoints(
  store: CountableStore,
  widths: UidWidths,
  limits: Limits,
  metric: number,
  series: readonly CountedSeries[],
  now: number,
): Promise<Map<string, SeriesCounters>> {
  const source = new StoredSeriesSource(store, widths, () => now)
  const budget = new Budget(limits, Date.now)
  const wanted = new Set(series.map(({ tsuid }) => decodeTsuid(tsuid, widths).tags.join()))
  const [only] = series
  const constraints = only !== undefined && series.length === 1 ? constraintsOf(only.tsuid, widths) : []
  const counters = new Map<string, SeriesCounters>()
  for (const range of await rangesOf(store, metric, series, now)) {
    const read = await source.read(metric, range, (tags) => wanted.has(tags.join()), budget, {
      constraints,
      accept: async (found) => found,
    })
    for (const { tsuid, points } of read) {
      const name = Buffer.from(tsuid).toString('hex')
      const before = counters.get(name)
      const last = Math.floor((points.times[points.count - 1] ?? 0) / 1000)
      counters.set(name, {
        totalDatapoints: (before?.totalDatapoints ?? 0) + points.count,
        lastReceived: Math.max(before?.lastReceived ?? 0, last),
      })
    }
  }
  return counters
}

/** The days to look at, those next to each other together. */
async function rangesOf(
  store: CountableStore,
  metric: number,
  series: readonly CountedSeries[],
  now: number,
): Promise<ScanRange[]> {
  const today = Math.floor(now / 1000 / DAY_S)
  const days = new Set<number>()
  for (const { created, firstDay, lastDay } of series) {
    const seen = created > 0 ? Math.floor(created / DAY_S) : today
    const to = lastDay < LAST_DAY ? lastDay : today
    for (let day = firstDay > 0 ? firstDay : seen; day <= to; day++) days.add(day)
  }
  for (const shelf of shelvesOf(await store.layout.readLayout(), metric, series)) {
    for (const { day } of await store.ledger.pendingDays(shelf)) days.add(day / DAY_S)
  }
  const ranges: { from: number; to: number }[] = []
  for (const day of [...days].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last?.to === day * DAY_S) last.to += DAY_S
    else ranges.push({ from: day * DAY_S, to: (day + 1) * DAY_S })
  }
  return ranges
}

/** Every shelf that series ever lay on. */
function shelvesOf(history: LayoutHistory, metric: number, series: readonly CountedSeries[]): Set<number> {
  const hashes = series.map(({ tsuid }) => hashTsuid(tsuid))
  return new Set(history.flatMap((layout) => hashes.map((hash) => shelfOf(layout, metric, hash))))
}
