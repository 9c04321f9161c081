import { TsdbError } from '../lib/model/errors.ts'
import { phasesOf, type QueryUsage, type SubQuery } from '../lib/query/index.ts'
import { type LogFields, log } from './log.ts'
import { count } from './metrics.ts'

/** Characters of metric names that a line has at most. */
const NAMES_LENGTH = 500

/** What the line says of what was asked. */
interface Asked {
  /** Milliseconds since 1970. */
  readonly start: number
  readonly end: number
  readonly queries: readonly Pick<SubQuery, 'metric' | 'tsuids'>[]
}

/** Takes notes of one query and writes one line of it, however it ends. */
export class QueryLog {
  readonly #requestId: string
  readonly #startedAt = performance.now()
  #usage: QueryUsage | undefined
  #query: Asked | undefined
  #serialiseMs = 0

  constructor(requestId: string) {
    this.#requestId = requestId
  }

  /** Takes note of what was asked. */
  asked(query: Asked): void {
    this.#query = query
  }

  /** Takes note of what running it used. */
  used(usage: QueryUsage): void {
    this.#usage = usage
    count('QueriedSeries', usage.series)
    count('QueriedPoints', usage.points)
  }

  /** Writes the line of a query that failed. */
  failed(error: unknown): void {
    this.#write(error instanceof TsdbError ? error.statusCode : 500)
  }

  /**
   * The pieces of the answer; the line is written once the last is made, one can't be made, or nobody wants more, which is where
   * the answer has become too large to send.
   */
  *answering(pieces: Iterable<string>): Generator<string, void, undefined> {
    const startedAt = performance.now()
    let status = 413
    try {
      yield* pieces
      status = 200
    } catch (error) {
      if (error instanceof TsdbError) status = error.statusCode
      throw error
    } finally {
      this.#serialiseMs = performance.now() - startedAt
      this.#write(status)
    }
  }

  #write(status: number): void {
    log('info', 'query', {
      requestId: this.#requestId,
      status,
      ...(this.#query === undefined ? {} : queryFields(this.#query)),
      ...(this.#usage === undefined ? {} : usageFields(this.#usage)),
      serialiseMs: rounded(this.#serialiseMs),
      ms: rounded(performance.now() - this.#startedAt),
    })
  }
}

function queryFields({ start, end, queries }: Asked): LogFields {
  const metrics = queries.map(({ metric, tsuids }) => metric ?? `${tsuids?.length ?? 0} TSUIDs`).join(' ')
  return { metrics: metrics.slice(0, NAMES_LENGTH), start, end, subQueries: queries.length }
}

function usageFields(usage: QueryUsage): LogFields {
  const ms = phasesOf(usage)
  return {
    series: usage.series,
    rows: usage.rows,
    blocks: usage.blocks,
    bytes: usage.bytes,
    points: usage.points,
    requests: usage.requests,
    readUnits: usage.readUnits,
    hoursInBlocks: usage.blockHours,
    hoursByKey: usage.plans.reduce((sum, { exactHours }) => sum + exactHours, 0),
    hoursByRange: usage.plans.reduce((sum, { rangeHours }) => sum + rangeHours, 0),
    namesMs: rounded(ms.names),
    readMs: rounded(ms.read),
    computeMs: rounded(ms.compute),
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
