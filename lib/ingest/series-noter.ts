import { mapParallel } from '../store/parallel.ts'
import type { PostingsStore } from '../store/postings.ts'
import type { SeriesLog } from '../store/series-log.ts'
import type { ResolvedSeries } from './series-resolver.ts'

/** TSUIDs that an instance keeps of what it has read. */
const KEPT_TSUIDS = 200_000
const PARALLEL_READS = 16

/**
 * Sees to it that the series log or the postings hold every series before its first points are written. What they already
 * hold is looked up, which costs a hundredth of writing all of it again at each cold start: once a metric and instance its
 * log; then, for series that are not in it, the pages of the metric's list in which they would lie, about a read unit for
 * 500 series. A series that is new indeed costs its metric's directory, a read unit, and the page that it would lie in, four
 * at most.
 */
export class SeriesNoter {
  readonly #log: Pick<SeriesLog, 'read' | 'appendAll'>
  readonly #postings: Pick<PostingsStore, 'neighbours'>
  readonly #onNew: (tsuids: readonly Uint8Array[]) => Promise<void>
  /** Metrics whose log was read. */
  readonly #read = new Set<number>()
  /** TSUIDs known to be held, as Latin-1 text. */
  readonly #held = new Set<string>()

  /** @param onNew awaited with series that are new before they are noted: who dies in between finds them new again */
  constructor(
    log: Pick<SeriesLog, 'read' | 'appendAll'>,
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

  /**
   * Notes those series that are not known to be noted, and marks all as noted.
   * @throws UnavailableError where the store does not answer; then none is marked
   */
  async note(series: Iterable<ResolvedSeries>): Promise<void> {
    const unknown = new Map<number, ResolvedSeries[]>()
    for (const one of series) {
      if (one.logged) continue
      const ofMetric = unknown.get(one.metric)
      if (ofMetric === undefined) unknown.set(one.metric, [one])
      else ofMetric.push(one)
    }
    if (unknown.size === 0) return
    // The log before the postings: a series goes from the one to the other.
    await mapParallel([...unknown.keys()], PARALLEL_READS, (metric) => this.#readLogOnce(metric))
    const unlogged = missing(unknown, (one) => this.#held.has(latin1(one.tsuid)))
    const indexed = await this.#readPostings(unlogged)
    const fresh = missing(new Map(unlogged), (one) => indexed.has(latin1(one.tsuid)))
    if (fresh.length > 0) {
      await this.#onNew(fresh.flatMap(([, ofMetric]) => ofMetric.map(({ tsuid }) => tsuid)))
      await this.#log.appendAll(fresh.map(([metric, ofMetric]) => [metric, ofMetric.map(({ tsuid }) => tsuid)]))
    }
    for (const ofMetric of unknown.values()) for (const one of ofMetric) one.logged = true
  }

  async #readLogOnce(metric: number): Promise<void> {
    if (this.#read.has(metric)) return
    for (const tsuid of await this.#log.read(metric)) this.#keep(latin1(tsuid))
    this.#read.add(metric)
  }

  /** @returns the series, as Latin-1 text, of the pages that some series would lie in */
  async #readPostings(wanted: readonly (readonly [number, readonly ResolvedSeries[]])[]): Promise<Set<string>> {
    if (wanted.length === 0) return new Set()
    const found = await this.#postings.neighbours(
      wanted.map(([metric, ofMetric]) => [metric, ofMetric.map(({ tsuid }) => tsuid)]),
    )
    const names = new Set(found.map(({ tsuid }) => latin1(tsuid)))
    // The neighbours too: their points may come next, and the page is not read again for them.
    for (const name of names) this.#keep(name)
    return names
  }

  /** Where there are too many to keep, some are looked up or noted once more, which nobody minds. */
  #keep(name: string): void {
    if (this.#held.size < KEPT_TSUIDS) this.#held.add(name)
  }
}

/** The metrics with series that are not there, and those series. */
function missing(
  series: ReadonlyMap<number, readonly ResolvedSeries[]>,
  isThere: (one: ResolvedSeries) => boolean,
): [number, ResolvedSeries[]][] {
  return [...series].flatMap(([metric, ofMetric]) => {
    const absent = ofMetric.filter((one) => !isThere(one))
    return absent.length === 0 ? [] : [[metric, absent] as [number, ResolvedSeries[]]]
  })
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
