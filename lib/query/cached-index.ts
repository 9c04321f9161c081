import { type CacheCounts, noCacheCounts } from '../model/cache-counts.ts'
import type { FoundSeries } from '../store/postings.ts'
import type { TagConstraint } from '../store/postings-pages.ts'
import type { SeriesIndex } from '../store/series-index.ts'
import { WeightedCache } from './weighted-cache.ts'

/** Milliseconds that the clocks of who seals and who reads may differ. */
const CLOCK_DIFFERENCE_MS = 60_000

/** Series that the answers kept may name together; a few hundred bytes each. */
const SERIES_KEPT = 100_000

/** What an answer weighs besides its series. */
const ANSWER_WEIGHT = 10

interface Answer {
  readonly found: FoundSeries
  /** Milliseconds since 1970 at which the index began to be read. */
  readonly readAt: number
}

/**
 * Answers of the series index that are used again for hours sealed before they were read. A series is in the index before any
 * of its points is stored, so what an hour's rows held when it was sealed, any later look at the index finds; series that
 * are new since then have no rows there.
 */
export class CachedIndex {
  readonly cacheCounts: CacheCounts = noCacheCounts()
  readonly #index: Pick<SeriesIndex, 'find'>
  readonly #clock: () => number
  readonly #answers = new WeightedCache<string, Answer>(SERIES_KEPT)

  /** @param clock milliseconds since 1970 */
  constructor(index: Pick<SeriesIndex, 'find'>, clock: () => number) {
    this.#index = index
    this.#clock = clock
  }

  /**
   * As SeriesIndex.find, for reading rows of hours that were sealed by some time.
   * @param sealedAt milliseconds since 1970, when the last of them was
   */
  async find(metric: number, constraints: readonly TagConstraint[], sealedAt: number): Promise<FoundSeries> {
    const key = keyOf(metric, constraints)
    const known = this.#answers.get(key)
    if (known !== undefined && known.readAt - CLOCK_DIFFERENCE_MS >= sealedAt) {
      this.cacheCounts.hits++
      return known.found
    }
    this.cacheCounts.misses++
    const readAt = this.#clock()
    const found = await this.#index.find(metric, constraints)
    this.#answers.set(key, { found, readAt }, ANSWER_WEIGHT + found.series.length)
    return found
  }
}

function keyOf(metric: number, constraints: readonly TagConstraint[]): string {
  const texts = constraints.map(({ tagk, tagvs }) => `${tagk}=${tagvs === undefined ? '*' : [...tagvs].sort().join()}`)
  return `${metric}/${texts.sort().join('/')}`
}
