import { mapParallel } from '../store/parallel.ts'
import type { SeriesLog } from '../store/series-log.ts'
import type { ResolvedSeries } from './series-resolver.ts'

/** TSUIDs that an instance keeps of logs it has read. */
const KEPT_TSUIDS = 200_000
const PARALLEL_READS = 16

/**
 * Sees to it that the series log holds every series before its first points are written. What a log already holds is
 * looked up once a metric and instance: reading costs a hundredth of writing all of it again at each cold start.
 */
export class SeriesNoter {
  readonly #log: SeriesLog
  /** Of each metric whose log was read, the TSUIDs in it as Latin-1 text. */
  readonly #held = new Map<number, ReadonlySet<string>>()
  #heldCount = 0

  constructor(log: SeriesLog) {
    this.#log = log
  }

  /** Forgets what it read. */
  clear(): void {
    this.#held.clear()
    this.#heldCount = 0
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
    await mapParallel([...unknown.keys()], PARALLEL_READS, (metric) => this.#readOnce(metric))
    const entries: [number, Uint8Array[]][] = []
    for (const [metric, ofMetric] of unknown) {
      const held = this.#held.get(metric)
      const fresh = ofMetric.filter((one) => held?.has(latin1(one.tsuid)) !== true)
      if (fresh.length > 0) entries.push([metric, fresh.map((one) => one.tsuid)])
    }
    if (entries.length > 0) await this.#log.appendAll(entries)
    for (const ofMetric of unknown.values()) for (const one of ofMetric) one.logged = true
  }

  async #readOnce(metric: number): Promise<void> {
    if (this.#held.has(metric)) return
    const tsuids = await this.#log.read(metric)
    // Where there are too many to keep, some series are noted once more, which the log's readers don't mind.
    const kept = tsuids.slice(0, Math.max(0, KEPT_TSUIDS - this.#heldCount))
    this.#heldCount += kept.length
    this.#held.set(metric, new Set(kept.map(latin1)))
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
