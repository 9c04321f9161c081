import { latin1 } from '../codec/bytes.ts'
import { type Posting, tagvAt } from '../codec/postings.ts'
import { readUid } from '../codec/tsuid.ts'
import type { UidWidths } from '../model/series.ts'
import { chunksOf, mapParallel } from './parallel.ts'
import type { FoundSeries, PostingsStore } from './postings.ts'
import { meets, spanOf, type TagConstraint } from './postings-pages.ts'
import type { SeriesLog } from './series-log.ts'

/** Metrics whose logs are read before any of their series are answered, and how many of them at a time. */
const METRICS_AT_A_TIME = 256
const PARALLEL_LOGS = 32

/**
 * Which series there are: the series log and the postings together. The log is read first, and both strongly consistently:
 * a series leaves the log only once the postings have it, so no reader misses it.
 */
export class SeriesIndex {
  readonly #log: Pick<SeriesLog, 'readItems'>
  readonly #postings: Pick<PostingsStore, 'find' | 'tagValues' | 'stream' | 'metricsWith'>
  readonly #widths: UidWidths

  constructor(
    log: Pick<SeriesLog, 'readItems'>,
    postings: Pick<PostingsStore, 'find' | 'tagValues' | 'stream' | 'metricsWith'>,
    widths: UidWidths,
  ) {
    this.#log = log
    this.#postings = postings
    this.#widths = widths
  }

  /**
   * The series of a metric that meet every constraint, each once, ascending.
   * @param constraints of different tag keys; none: every series of the metric
   * @returns them, and about how many series the metric has: those in the log and in the postings count twice
   * @throws StoreUnavailableError
   */
  async find(metric: number, constraints: readonly TagConstraint[]): Promise<FoundSeries> {
    let logged = 0
    const found = new Map<string, Posting>()
    const take = (posting: Posting) => {
      const name = latin1(posting.tsuid)
      const known = found.get(name)
      found.set(name, known === undefined ? posting : spanOf(known, posting))
    }
    for await (const items of this.#log.readItems(metric)) {
      for (const { postings } of items) {
        logged += postings.length
        for (const posting of postings) {
          if (constraints.every((constraint) => meets(posting.tsuid, constraint, this.#widths))) take(posting)
        }
      }
    }
    const { series, total } = await this.#postings.find(metric, constraints)
    for (const posting of series) take(posting)
    return {
      series: [...found.values()].sort((a, b) => Buffer.compare(a.tsuid, b.tsuid)),
      total: total + logged,
    }
  }

  /**
   * The series of a metric that meet every constraint, each once, as they are read: who needs no more than some stops, and
   * the rest is not read.
   * @param constraints of different tag keys; none: every series of the metric
   * @yields those of one answer after the other, in no particular order
   * @throws StoreUnavailableError
   */
  async *stream(metric: number, constraints: readonly TagConstraint[]): AsyncGenerator<readonly Posting[]> {
    const seen = new Set<string>()
    for await (const found of this.#logged(metric, constraints)) yield found.filter(unseen(seen))
    for await (const found of this.#postings.stream(metric, constraints)) yield found.filter(unseen(seen))
  }

  /** The series of a metric's log that meet every constraint, some of them more than once. */
  async *#logged(metric: number, constraints: readonly TagConstraint[]): AsyncGenerator<Posting[]> {
    for await (const items of this.#log.readItems(metric)) {
      const series = items.flatMap(({ postings }) => postings)
      yield series.filter(({ tsuid }) => constraints.every((constraint) => meets(tsuid, constraint, this.#widths)))
    }
  }

  /**
   * Like stream, for many metrics: one request for the log of each, and few for all their postings.
   * @yields as stream does
   */
  async *streamMetrics(
    metrics: readonly number[],
    constraints: readonly TagConstraint[],
  ): AsyncGenerator<readonly Posting[]> {
    for (const some of chunksOf(metrics, METRICS_AT_A_TIME)) {
      // the log before the postings: a series goes from the one to the other
      const logged = await mapParallel(some, PARALLEL_LOGS, async (metric) => {
        const seen = new Set<string>()
        const series: Posting[] = []
        for await (const found of this.#logged(metric, constraints)) series.push(...found.filter(unseen(seen)))
        return { metric, seen, series }
      })
      const indexed = await this.#postings.metricsWith(some, constraints[0]?.tagk)
      for (const { metric, seen, series } of logged) {
        yield series
        if (!indexed.has(metric)) continue
        for await (const found of this.#postings.stream(metric, constraints)) yield found.filter(unseen(seen))
      }
    }
  }

  /**
   * The values that a tag key has among the series of a metric.
   * @returns UIDs, ascending
   * @throws StoreUnavailableError
   */
  async tagValues(metric: number, tagk: number): Promise<number[]> {
    const values = new Set<number>()
    for await (const items of this.#log.readItems(metric)) {
      for (const { tsuid } of items.flatMap(({ postings }) => postings)) {
        const at = tagvAt(tsuid, tagk, this.#widths)
        if (at >= 0) values.add(readUid(tsuid, at, this.#widths.tagv))
      }
    }
    for (const value of await this.#postings.tagValues(metric, tagk)) values.add(value)
    return [...values].sort((a, b) => a - b)
  }
}

/** Whether a series was not seen before; then it is from now on. @param seen TSUIDs as Latin-1 text */
function unseen(seen: Set<string>): (posting: Posting) => boolean {
  return ({ tsuid }) => {
    const before = seen.size
    return seen.add(latin1(tsuid)).size > before
  }
}
