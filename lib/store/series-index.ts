import { type Posting, tagvAt } from '../codec/postings.ts'
import { readUid } from '../codec/tsuid.ts'
import type { UidWidths } from '../model/series.ts'
import type { FoundSeries, PostingsStore } from './postings.ts'
import { meets, spanOf, type TagConstraint } from './postings-pages.ts'
import type { SeriesLog } from './series-log.ts'

/**
 * Which series there are: the series log and the postings together. The log is read first, and both strongly consistently:
 * a series leaves the log only once the postings have it, so no reader misses it.
 */
export class SeriesIndex {
  readonly #log: Pick<SeriesLog, 'readItems'>
  readonly #postings: Pick<PostingsStore, 'find' | 'tagValues'>
  readonly #widths: UidWidths

  constructor(
    log: Pick<SeriesLog, 'readItems'>,
    postings: Pick<PostingsStore, 'find' | 'tagValues'>,
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
      const name = Buffer.from(posting.tsuid).toString('latin1')
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
