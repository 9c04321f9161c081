import type { Attempt } from '../model/attempt.ts'
import { UnavailableError } from '../model/errors.ts'
import { StoreRefusedError } from '../store/errors.ts'
import { afterRejecting, afterStoreAway, afterStoring, planAttempt, TRIES_ALONE } from './attempts.ts'
import { type ConsumeResult, type Consumer, consumeBatch } from './consume.ts'
import type { StreamInput } from './decode-record.ts'
import { whyOf } from './faults.ts'

/** Records that have waited for so long may have been tried before, by an instance that did not live to tell. */
const OLD_MS = 60_000
/** Milliseconds before its end at which a call stops waiting for the store; of a short call a tenth. */
const RESERVE_MS = 5_000
const WHY_LENGTH = 1_000

/** What became of a batch. */
export interface CountedResult extends ConsumeResult {
  /** The sequence number of the first record that was left for the next call, though nothing failed. */
  readonly next?: string
}

/** The code of the error of a store that was too slow. */
export const STORE_SLOW = 'store.slow'

/** When storing takes longer than a call may, because the store is slow. */
class StoreSlowError extends UnavailableError {
  constructor() {
    super(STORE_SLOW, 'The store is too slow for the records of a call')
  }
}

/**
 * Consumes batches such that no record can hold its shard for good: one that kills its consumer, starves it or makes it fail is found,
 * tried alone and rejected.
 *
 * Who dies can't note why. So what is about to be tried is noted before, in a marker of the shard, and taken away after; who finds the
 * marker of records that it is given knows that they were begun and not ended, and tries fewer of them. The note is made
 * where there is reason to suspect something: for the first batch of an instance, since a crash and a timeout take the instance along; for
 * records that wait for more than a minute, which includes all that come again and again; after a failure; while a marker is known.
 * So a healthy batch costs nothing, the start of an instance one read and two writes of a unit, and so does a batch of a consumer
 * that lags behind.
 */
export class CountedConsumer {
  readonly #consumer: Consumer
  /** Whether this instance has stored a batch and lived. */
  #proven = false
  /** Shards that this instance left a marker for. */
  readonly #marked = new Set<number>()
  /** What shards' markers should say, where the store was away when that was to be written. */
  readonly #unwritten = new Map<number, Attempt | undefined>()

  constructor(consumer: Consumer) {
    this.#consumer = consumer
  }

  /**
   * Stores what it can of a batch, as consumeBatch does.
   * @param records of one shard in their order
   * @param leftMs milliseconds that the call has left
   * @throws what consumeBatch throws; the next call then tries fewer records
   */
  async consume(records: readonly StreamInput[], leftMs = Number.POSITIVE_INFINITY): Promise<CountedResult> {
    const [first] = records
    if (first === undefined) return { points: 0, rejects: 0 }
    const isOld = this.#consumer.clock() - first.arrivalMs > OLD_MS
    try {
      if (!this.#proven || isOld || this.#marked.has(first.shard)) return await this.#tryNoted(records, first, leftMs)
      return await this.#tryUnnoted(records, first, leftMs)
    } catch (cause) {
      // The marker itself could not be read or written.
      if (!(cause instanceof UnavailableError)) throw cause
      return { points: 0, rejects: 0, failed: { from: first.sequence, cause } }
    }
  }

  async #tryUnnoted(records: readonly StreamInput[], first: StreamInput, leftMs: number): Promise<CountedResult> {
    try {
      return await this.#store(records, first, leftMs)
    } catch (error) {
      if (isOfRecords(error)) {
        const { attempt } = planAttempt(await this.#read(first.shard), sequencesOf(records))
        await this.#noteEnd(first.shard, { ...attempt, why: shortly(error) })
      }
      throw error
    }
  }

  async #tryNoted(records: readonly StreamInput[], first: StreamInput, leftMs: number): Promise<CountedResult> {
    const { shard } = first
    const sequences = sequencesOf(records)
    const before = await this.#read(shard)
    const step = planAttempt(before, sequences)
    const { attempt } = step
    const rest = records[step.records]
    const left = rest === undefined ? {} : { next: rest.sequence }
    if (step.kind === 'reject') {
      await this.#reject(first, attempt)
      await this.#noteEnd(shard, afterRejecting(attempt, sequences))
      return { points: 0, rejects: 1, ...left }
    }
    await this.#noteBegin(shard, attempt, before)
    const tried = records.slice(0, step.records)
    let result: CountedResult
    try {
      result = await this.#store(tried, first, leftMs)
    } catch (error) {
      const isTheirs = isOfRecords(error)
      await this.#noteEnd(shard, isTheirs ? { ...attempt, why: shortly(error) } : afterStoreAway(attempt, sequences, 0))
      throw error
    }
    const { failed } = result
    if (failed === undefined) {
      await this.#noteEnd(shard, afterStoring(attempt, sequences, step.records))
      return { ...result, ...left }
    }
    const stored = tried.findIndex(({ sequence }) => sequence === failed.from)
    await this.#noteEnd(shard, afterStoreAway(attempt, sequences, Math.max(0, stored)))
    return result
  }

  async #read(shard: number): Promise<Attempt | undefined> {
    if (this.#unwritten.has(shard)) return this.#unwritten.get(shard)
    return this.#consumer.store.attempts.read(shard)
  }

  /** @throws UnavailableError; nothing was begun then */
  async #noteBegin(shard: number, attempt: Attempt, before: Attempt | undefined): Promise<void> {
    this.#marked.add(shard)
    this.#unwritten.set(shard, before)
    await this.#consumer.store.attempts.write(shard, attempt)
    this.#unwritten.delete(shard)
  }

  /**
   * Notes how an attempt ended. A store that is away by then must not make it one that never ended: what could not be written this
   * instance remembers.
   * @param attempt undefined: the shard is under no suspicion any more
   */
  async #noteEnd(shard: number, attempt: Attempt | undefined): Promise<void> {
    const { attempts } = this.#consumer.store
    this.#marked.add(shard)
    this.#unwritten.set(shard, attempt)
    try {
      await (attempt === undefined ? attempts.clear(shard) : attempts.write(shard, attempt))
    } catch (error) {
      if (error instanceof UnavailableError) return
      throw error
    }
    this.#unwritten.delete(shard)
    if (attempt === undefined) this.#marked.delete(shard)
  }

  /** consumeBatch, but for a store that answers so slowly that the call would end before: that is not the records' doing. */
  async #store(records: readonly StreamInput[], first: StreamInput, leftMs: number): Promise<ConsumeResult> {
    let timer: NodeJS.Timeout | undefined
    const timeUp = new Promise<ConsumeResult>((resolve) => {
      if (leftMs === Number.POSITIVE_INFINITY) return
      const failed = { from: first.sequence, cause: new StoreSlowError() }
      timer = setTimeout(() => resolve({ points: 0, rejects: 0, failed }), leftMs - Math.min(RESERVE_MS, leftMs / 10))
    })
    try {
      const result = await Promise.race([consumeBatch(this.#consumer, records), timeUp])
      if (result.failed === undefined) this.#proven = true
      return result
    } finally {
      clearTimeout(timer)
    }
  }

  async #reject({ sequence, arrivalMs, shard, bytes }: StreamInput, { why }: Attempt): Promise<void> {
    const said = why === undefined ? 'it crashed, or ran out of memory or time' : `the last time: ${why}`
    await this.#consumer.store.rejects.put({
      arrival: arrivalMs,
      shard,
      sequence: BigInt(sequence),
      reason: `The consumer failed ${TRIES_ALONE} times with this record alone; ${said}`,
      bytes,
    })
  }
}

/** Whether an error may come from what was to be stored. A store that refuses somebody, or isn't there, refuses all records. */
function isOfRecords(error: unknown): boolean {
  if (error instanceof UnavailableError) return false
  if (!(error instanceof StoreRefusedError)) return true
  return error.cause instanceof Error && error.cause.name === 'ValidationException'
}

function sequencesOf(records: readonly StreamInput[]): bigint[] {
  return records.map(({ sequence }) => BigInt(sequence))
}

function shortly(error: unknown): string {
  return `${error instanceof Error ? `${error.name}: ` : ''}${whyOf(error)}`.slice(0, WHY_LENGTH)
}
