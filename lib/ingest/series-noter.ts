import { latin1 } from '../codec/bytes.ts'
import { LAST_DAY, type Posting } from '../codec/postings.ts'
import { mapParallel } from '../store/parallel.ts'
import type { PostingsStore } from '../store/postings.ts'
import type { SeriesLog } from '../store/series-log.ts'
import type { NotedDays, ResolvedSeries } from './series-resolver.ts'

/** TSUIDs that an instance keeps of what it has read. */
const KEPT_TSUIDS = 200_000
const PARALLEL_READS = 16

/**
 * Days behind those of its points for which a series is noted. A series that goes on is noted anew once a week, for a hundredth of
 * what its rows cost; one that ended is looked for in vain for a week.
 */
export const DAYS_AHEAD = 7

/** The parts of the series log that noting needs. */
type NoterLog = Pick<SeriesLog, 'readItems' | 'appendAll'>

/**
 * Sees to it that the series log or the postings hold every series, with the days of its points, before those are written. What
 * they already hold is looked up, which costs a hundredth of writing all of it again at each cold start: a metric's log
 * once an instance, and again on a day when a series of it has to be noted anew; then, for series that are not in it, the
 * pages of the metric's list in which they would lie, about a read unit for 500 series. A series that is new indeed costs its
 * metric's directory, a read unit, and the page that it would lie in, four at most.
 *
 * Days are only ever added, so what was read once holds for ever.
 */
export class SeriesNoter {
  readonly #log: NoterLog
  readonly #postings: Pick<PostingsStore, 'neighbours'>
  readonly #onNew: (tsuids: readonly Uint8Array[]) => Promise<void>
  /** Metrics whose log was read, and the last day that it was read for. */
  readonly #read = new Map<number, number>()
  /** Days of the series that are known to be held, by their TSUIDs as Latin-1 text. */
  readonly #held = new Map<string, NotedDays>()
  #found = 0

  /** @param onNew awaited with series that are new before they are noted: who dies in between finds them new again */
  constructor(
    log: NoterLog,
    postings: Pick<PostingsStore, 'neighbours'>,
    onNew: (tsuids: readonly Uint8Array[]) => Promise<void> = async () => {},
  ) {
    this.#log = log
    this.#postings = postings
    this.#onNew = onNew
  }

  /** Forgets what it read. */
  clear(): void {
    this.#read.clear()
    this.#held.clear()
  }

  /** Series that were new since this was asked last. Two who note the same new series at once both find it. */
  takeFound(): number {
    const found = this.#found
    this.#found = 0
    return found
  }

  /**
   * Notes those series that are not known to be noted for the days of their points, and marks all as noted.
   * @param series with the first and the last day of the points that are about to be written
   * @throws UnavailableError where the store does not answer; then none is marked
   */
  async note(series: Iterable<readonly [ResolvedSeries, NotedDays]>): Promise<void> {
    const unknown: Wanted[] = []
    for (const [one, days] of series) {
      if (!covers(one.noted, days)) unknown.push({ one, name: latin1(one.tsuid), days })
    }
    if (unknown.length === 0) return
    const isHeld = ({ name, days }: Wanted) => covers(this.#held.get(name), days)
    // The log before the postings: a series goes from the one to the other.
    await mapParallel([...byMetric(unknown)], PARALLEL_READS, ([metric, some]) => this.#readLog(metric, some))
    const unlogged = unknown.filter((wanted) => !isHeld(wanted))
    const found = await this.#readPostings(unlogged)
    const known = ({ name }: Wanted) => union(this.#held.get(name), found.get(name))
    const fresh = unlogged.filter((wanted) => !covers(known(wanted), wanted.days))
    const noted = new Map(fresh.map((wanted) => [wanted.name, union(known(wanted), ahead(wanted.days))]))
    if (fresh.length > 0) {
      const unheard = fresh.filter((wanted) => known(wanted) === undefined)
      if (unheard.length > 0) await this.#onNew(unheard.map(({ one }) => one.tsuid))
      await this.#log.appendAll(
        [...byMetric(fresh)].map(([metric, some]) => [
          metric,
          some.map(({ one, name, days }): Posting => ({ tsuid: one.tsuid, ...(noted.get(name) ?? days) })),
        ]),
      )
      this.#found += unheard.length
    }
    for (const wanted of unknown) {
      const days = noted.get(wanted.name) ?? known(wanted)
      if (days !== undefined) wanted.one.noted = days
    }
    for (const [name, days] of noted) if (this.#held.has(name)) this.#held.set(name, days)
  }

  /** Reads a metric's log once, and anew where series are in it that were noted for too few days: others may have noted them. */
  async #readLog(metric: number, wanted: readonly Wanted[]): Promise<void> {
    const day = this.#read.get(metric)
    const lastDay = wanted.reduce((last, { days }) => Math.max(last, days.lastDay), 0)
    const outdated = () => wanted.some(({ one, name }) => one.noted !== undefined || this.#held.has(name))
    if (day !== undefined && (lastDay <= day || !outdated())) return
    for await (const items of this.#log.readItems(metric)) {
      for (const { postings } of items) for (const posting of postings) this.#keep(posting)
    }
    this.#read.set(metric, lastDay)
  }

  /** @returns the days of the series of the pages that some series would lie in, by name */
  async #readPostings(wanted: readonly Wanted[]): Promise<ReadonlyMap<string, NotedDays>> {
    if (wanted.length === 0) return new Map()
    const found = await this.#postings.neighbours(
      [...byMetric(wanted)].map(([metric, some]) => [metric, some.map(({ one }) => one.tsuid)]),
    )
    // The neighbours are kept too: their points may come next, and the page is not read again for them.
    for (const posting of found) this.#keep(posting)
    return new Map(found.map(({ tsuid, firstDay, lastDay }) => [latin1(tsuid), { firstDay, lastDay }]))
  }

  /** Where there are too many to keep, some are looked up or noted once more, which nobody minds. */
  #keep({ tsuid, firstDay, lastDay }: Posting): void {
    const name = latin1(tsuid)
    const held = this.#held.get(name)
    if (held !== undefined || this.#held.size < KEPT_TSUIDS) this.#held.set(name, union(held, { firstDay, lastDay }))
  }
}

/** A series to be noted. */
interface Wanted {
  readonly one: ResolvedSeries
  readonly name: string
  readonly days: NotedDays
}

function covers(noted: NotedDays | undefined, { firstDay, lastDay }: NotedDays): boolean {
  return noted !== undefined && noted.firstDay <= firstDay && noted.lastDay >= lastDay
}

function union(a: NotedDays | undefined, b: NotedDays): NotedDays
function union(a: NotedDays | undefined, b: NotedDays | undefined): NotedDays | undefined
function union(a: NotedDays | undefined, b: NotedDays | undefined): NotedDays | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return { firstDay: Math.min(a.firstDay, b.firstDay), lastDay: Math.max(a.lastDay, b.lastDay) }
}

function ahead({ firstDay, lastDay }: NotedDays): NotedDays {
  return { firstDay, lastDay: Math.min(LAST_DAY, lastDay + DAYS_AHEAD) }
}

function byMetric(wanted: readonly Wanted[]): Map<number, Wanted[]> {
  const metrics = new Map<number, Wanted[]>()
  for (const each of wanted) {
    const known = metrics.get(each.one.metric)
    if (known === undefined) metrics.set(each.one.metric, [each])
    else known.push(each)
  }
  return metrics
}
