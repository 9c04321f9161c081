import { bytesAt, numberAt } from './attributes.ts'
import {
  bySpan,
  dayListKeys,
  daysOf,
  isCompleteInput,
  listDaysInput,
  markCompleteInput,
  type ShelfDay,
} from './day-list.ts'
import type { Dynamo } from './dynamo.ts'
import { ConditionFailedError } from './errors.ts'
import { addPendingInput, decodePendingSk, endPendingInput, pendingDaysInput } from './ledger-inputs.ts'
import { mapParallel } from './parallel.ts'

/** A day of a shelf that may have hours to seal. */
export interface PendingDay {
  readonly shelf: number
  /** Seconds since 1970, the day's start. */
  readonly day: number
  /** How often one of its hours was noted. */
  readonly notes: number
}

/** The days of some shelves that have points. */
export class DayList {
  readonly #days: ReadonlySet<string>

  constructor(days: readonly ShelfDay[]) {
    this.#days = new Set(days.map(({ shelf, day }) => `${shelf}/${day}`))
  }

  /** @param day seconds since 1970, the day's start */
  has(shelf: number, day: number): boolean {
    return this.#days.has(`${shelf}/${day}`)
  }
}

/** Requests of one call that are under way at a time. */
const PARALLEL_REQUESTS = 16

/**
 * The lists of days beside the ledger in the tsdb table: of those that may have hours to seal, and of those that have points. A day
 * is added to the second before it leaves the first.
 */
export class ShelfDays {
  readonly #dynamo: Dynamo
  readonly #table: string

  constructor(dynamo: Dynamo, table: string) {
    this.#dynamo = dynamo
    this.#table = table
  }

  /**
   * Notes that a day may have hours to seal.
   * @param day seconds since 1970, the day's start
   * @throws StoreUnavailableError
   */
  async addPending(shelf: number, day: number): Promise<void> {
    await this.#dynamo.update(addPendingInput(this.#table, shelf, day))
  }

  /** As Ledger.pendingDays. */
  async pending(shelf: number): Promise<PendingDay[]> {
    const days: PendingDay[] = []
    for await (const page of this.#dynamo.query(pendingDaysInput(this.#table, shelf))) {
      for (const item of page) {
        days.push({ shelf, day: decodePendingSk(bytesAt(item, 'sk')), notes: numberAt(item, 'notes') })
      }
    }
    return days
  }

  /** As Ledger.endPending. */
  async endPending(day: PendingDay): Promise<void> {
    await this.add([day])
    try {
      await this.#dynamo.delete(endPendingInput(this.#table, day))
    } catch (error) {
      if (!(error instanceof ConditionFailedError)) throw error
    }
  }

  /**
   * Notes that days have points.
   * @throws StoreUnavailableError
   */
  async add(days: readonly ShelfDay[]): Promise<void> {
    await mapParallel(bySpan(days), PARALLEL_REQUESTS, (span) => this.#dynamo.update(listDaysInput(this.#table, span)))
  }

  /** As Ledger.readDayList. */
  async read(shelves: readonly number[], fromS: number, toS: number): Promise<DayList | undefined> {
    // First the days to seal: a day that leaves them meanwhile is on the other list by then.
    const pending = (await mapParallel(shelves, PARALLEL_REQUESTS, (shelf) => this.pending(shelf))).flat()
    const keys = dayListKeys(shelves, fromS, toS)
    const listed = daysOf(await this.#dynamo.batchGet(this.#table, keys, { consistent: true }))
    return listed && new DayList([...pending, ...listed])
  }

  /**
   * Whether every day with points is on one of the lists.
   * @throws StoreUnavailableError
   */
  async isComplete(): Promise<boolean> {
    return (await this.#dynamo.get(isCompleteInput(this.#table))) !== undefined
  }

  /**
   * Notes that it is.
   * @throws StoreUnavailableError
   */
  async markComplete(): Promise<void> {
    await this.#dynamo.put(markCompleteInput(this.#table))
  }
}
