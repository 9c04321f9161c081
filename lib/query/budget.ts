import type { Limits } from '../model/limits.ts'
import { QueryTooLargeError } from './errors.ts'
import type { PlanStats } from './plan-rows.ts'

type QueryLimits = Pick<Limits, 'querySeries' | 'queryPoints' | 'queryBytes' | 'queryMs'>

/** What a query used. */
export interface QueryUsage {
  readonly series: number
  /** Points decoded, and those made by filling. */
  readonly points: number
  /** Stored bytes. */
  readonly bytes: number
  readonly ms: number
  /** How the rows of each sub-query that read some were read. */
  readonly plans: readonly PlanStats[]
}

/** What one query, all its sub-queries together, may still use. Each method throws QueryTooLargeError once it is used up. */
export class Budget {
  readonly #limits: QueryLimits
  readonly #clock: () => number
  readonly #started: number
  #series = 0
  #points = 0
  #bytes = 0
  readonly #plans: PlanStats[] = []

  constructor(limits: QueryLimits, clock: () => number) {
    this.#limits = limits
    this.#clock = clock
    this.#started = clock()
  }

  /** Series that the query touches. */
  series(count: number): void {
    this.#series += count
    if (this.#series > this.#limits.querySeries)
      throw new QueryTooLargeError('querySeries', this.#limits.querySeries, 'series')
  }

  /** Points decoded or made by filling. */
  points(count: number): void {
    this.#points += count
    if (this.#points > this.#limits.queryPoints)
      throw new QueryTooLargeError('queryPoints', this.#limits.queryPoints, 'points')
  }

  /** Stored bytes read; also looks at the clock, so it is called between reads. */
  bytes(count: number): void {
    this.#bytes += count
    if (this.#bytes > this.#limits.queryBytes)
      throw new QueryTooLargeError('queryBytes', this.#limits.queryBytes, 'bytes')
    this.time()
  }

  /** Time since the query began. */
  time(): void {
    const { queryMs } = this.#limits
    if (this.#clock() - this.#started > queryMs) throw new QueryTooLargeError('queryMs', queryMs, 'milliseconds')
  }

  /** Notes how the rows of a sub-query are read. */
  planned(stats: PlanStats): void {
    this.#plans.push(stats)
  }

  /** What was used so far. */
  usage(): QueryUsage {
    return {
      series: this.#series,
      points: this.#points,
      bytes: this.#bytes,
      ms: this.#clock() - this.#started,
      plans: this.#plans,
    }
  }
}
