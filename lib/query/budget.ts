import type { Limits } from '../model/limits.ts'
import { QueryTooLargeError } from './errors.ts'
import type { PlanStats } from './plan-rows.ts'

type QueryLimits = Pick<Limits, 'querySeries' | 'queryPoints' | 'queryBytes' | 'queryMs'>

/** What reading costs, as the store counts it. */
export interface ReadCosts {
  readonly requests: number
  /** DynamoDB's read units. */
  readonly readUnits: number
}

/** What is counted while a query runs. */
interface Counts extends ReadCosts {
  readonly series: number
  /** Points decoded, and those made by filling. */
  readonly points: number
  /** Stored bytes. */
  readonly bytes: number
  /** Sealed hours of series. */
  readonly rows: number
  readonly blocks: number
  /** Hours of shelves of which blocks were read. */
  readonly blockHours: number
}

/** Milliseconds by phase. */
export interface PhaseTimes {
  /** Looking up names and UIDs. */
  readonly names: number
  /** The ledger, the index, blocks and rows. */
  readonly read: number
  /** Decoding series and the maths. */
  readonly compute: number
}

/** What a sub-query used. */
export interface SubQueryUsage extends Counts {
  /** The sub-query's place in the query, from 0. */
  readonly index: number
  readonly emittedSeries: number
  readonly emittedPoints: number
  /** How its rows were read, where it read some. */
  readonly plans: readonly PlanStats[]
  readonly ms: PhaseTimes
}

/** What a query used. */
export interface QueryUsage extends Counts {
  readonly ms: number
  /** How the rows of each sub-query that read some were read. */
  readonly plans: readonly PlanStats[]
  /** Those that came to an end, in their order. */
  readonly queries: readonly SubQueryUsage[]
}

const NARROW = {
  series: 'More filters, or a metric of fewer series, need less',
  points: 'A shorter time range, more filters or a longer downsampling interval need less',
  bytes: 'A shorter time range or more filters need less',
  time: 'A shorter time range, more filters or fewer sub-queries need less',
} as const

/** What one query, all its sub-queries together, may still use. Each method throws QueryTooLargeError once it is used up. */
export class Budget {
  readonly #limits: QueryLimits
  readonly #clock: () => number
  readonly #costs: () => ReadCosts
  readonly #started: number
  readonly #costsBefore: ReadCosts
  #series = 0
  #points = 0
  #bytes = 0
  #rows = 0
  #blocks = 0
  #blockHours = 0
  readonly #plans: PlanStats[] = []
  readonly #queries: SubQueryUsage[] = []

  /**
   * @param clock milliseconds since 1970
   * @param costs what the store has counted up to now @default nothing
   */
  constructor(
    limits: QueryLimits,
    clock: () => number,
    costs: () => ReadCosts = () => ({ requests: 0, readUnits: 0 }),
  ) {
    this.#limits = limits
    this.#clock = clock
    this.#costs = costs
    this.#started = clock()
    const { requests, readUnits } = costs()
    this.#costsBefore = { requests, readUnits }
  }

  /** Series that the query touches. */
  series(count: number): void {
    this.#series += count
    const { querySeries } = this.#limits
    if (this.#series > querySeries) throw new QueryTooLargeError('querySeries', querySeries, 'series', NARROW.series)
  }

  /** Points decoded or made by filling. */
  points(count: number): void {
    this.#points += count
    const { queryPoints } = this.#limits
    if (this.#points > queryPoints) throw new QueryTooLargeError('queryPoints', queryPoints, 'points', NARROW.points)
  }

  /** Stored bytes read; also looks at the clock, so it is called between reads. */
  bytes(count: number): void {
    this.#bytes += count
    const { queryBytes } = this.#limits
    if (this.#bytes > queryBytes) throw new QueryTooLargeError('queryBytes', queryBytes, 'bytes', NARROW.bytes)
    this.time()
  }

  /** Time since the query began. */
  time(): void {
    const { queryMs } = this.#limits
    if (this.#clock() - this.#started > queryMs) {
      throw new QueryTooLargeError('queryMs', queryMs, 'milliseconds', NARROW.time)
    }
  }

  /** Notes that a row was read. */
  row(): void {
    this.#rows++
  }

  /** Notes that the blocks of a shelf's hour were read. */
  blocks(count: number): void {
    this.#blocks += count
    this.#blockHours++
  }

  /** Notes how the rows of a sub-query are read. */
  planned(stats: PlanStats): void {
    this.#plans.push(stats)
  }

  /**
   * Begins to count for a sub-query.
   * @param index its place in the query
   * @returns to be called when it has come to its end
   */
  begin(index: number): (emitted: { series: number; points: number }, ms: PhaseTimes) => void {
    const before = this.#counts()
    const plans = this.#plans.length
    return (emitted, ms) => {
      const after = this.#counts()
      this.#queries.push({
        index,
        series: after.series - before.series,
        points: after.points - before.points,
        bytes: after.bytes - before.bytes,
        rows: after.rows - before.rows,
        blocks: after.blocks - before.blocks,
        blockHours: after.blockHours - before.blockHours,
        requests: after.requests - before.requests,
        readUnits: after.readUnits - before.readUnits,
        emittedSeries: emitted.series,
        emittedPoints: emitted.points,
        plans: this.#plans.slice(plans),
        ms,
      })
    }
  }

  /** What was used so far. */
  usage(): QueryUsage {
    return { ...this.#counts(), ms: this.#clock() - this.#started, plans: this.#plans, queries: this.#queries }
  }

  #counts(): Counts {
    const { requests, readUnits } = this.#costs()
    return {
      series: this.#series,
      points: this.#points,
      bytes: this.#bytes,
      rows: this.#rows,
      blocks: this.#blocks,
      blockHours: this.#blockHours,
      requests: requests - this.#costsBefore.requests,
      readUnits: readUnits - this.#costsBefore.readUnits,
    }
  }
}
