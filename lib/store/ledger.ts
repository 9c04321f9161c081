import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { bytesAt, numberAt } from './attributes.ts'
import { BlockRuns } from './block-runs.ts'
import { LAST_DAY_S } from './day-list.ts'
import type { Dynamo, ItemKey } from './dynamo.ts'
import { ConditionFailedError } from './errors.ts'
import { dayOf, ledgerKey } from './keys.ts'
import { type LedgerHour, ledgerHour, ledgerHours, type ShelfHour } from './ledger-hour.ts'
import {
  hourAttributes,
  leaseInput,
  markClearedInput,
  markSealedInput,
  noteEarliestInput,
  noteLaterInput,
  noteProgressInput,
  openHoursInput,
  postponeInput,
  releaseInput,
} from './ledger-inputs.ts'
import { mapParallel } from './parallel.ts'
import { decodeProgress, type SealProgress } from './seal-progress.ts'
import { SealTotalsStore } from './seal-totals.ts'
import { type DayList, type PendingDay, ShelfDays } from './shelf-days.ts'
import { type ShelfVolume, volumesOf } from './volumes.ts'

export type { HourState, LedgerHour, ShelfHour } from './ledger-hour.ts'
export type { DayList, PendingDay } from './shelf-days.ts'

/** The right to seal an hour, until `leasedUntil`. What it says of the hour was so when it was given. */
export interface Lease extends LedgerHour {
  readonly owner: string
  /** Grows with every lease of the hour: rows refuse the writes of whoever had an earlier one. */
  readonly fence: number
  /** How far an earlier holder came with the same blocks. */
  readonly progress?: SealProgress
}

/** What sealing an hour came to. */
export interface SealedCounts {
  readonly rows: number
  /** Of the blocks that were read. */
  readonly blockBytes: number
  readonly rowBytes: number
  /** About the bytes of each metric among them, by UID. */
  readonly metricBytes?: ReadonlyMap<number, number>
}

const DAY_S = 86_400

/** Updates of ledger items of one call that are under way at a time. */
const PARALLEL_UPDATES = 16

/** Hours noted as open that an instance remembers; it forgets all of them when there are more. */
const OPEN_HOURS_KEPT = 10_000

/** The ledger in the tsdb table: which hours hold points, whether in blocks or in rows, and who seals them. */
export class Ledger {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #days: ShelfDays
  readonly #open = new BlockRuns()
  /** What all runs of sealing did. */
  readonly totals: SealTotalsStore

  constructor(dynamo: Dynamo, table: string) {
    this.#dynamo = dynamo
    this.#table = table
    this.#days = new ShelfDays(dynamo, table)
    this.totals = new SealTotalsStore(dynamo, table)
  }

  /**
   * Notes that an hour of a shelf holds blocks. To be called before the first is put: a reader finds blocks only in hours
   * that are noted. An hour that this instance noted before costs nothing.
   * @param baseTime seconds since 1970, the hour's start
   * @throws StoreUnavailableError
   */
  async openHour(shelf: number, baseTime: number): Promise<void> {
    await this.openHours([{ shelf, baseTime }])
  }

  /**
   * openHour for many hours, in one request per shelf and day.
   * @returns this instance's runs of these hours, from which the places of their blocks are to be taken
   */
  async openHours(hours: Iterable<ShelfHour>): Promise<BlockRuns> {
    const opened = new BlockRuns()
    const byDay = new Map<string, ShelfHour[]>()
    for (const hour of hours) {
      opened.share(hour, this.#open)
      if (opened.has(hour)) continue
      const day = `${hour.shelf}/${dayOf(hour.baseTime)}`
      const known = byDay.get(day)
      if (known === undefined) byDay.set(day, [hour])
      else known.push(hour)
    }
    await mapParallel([...byDay.values()], PARALLEL_UPDATES, async (ofDay) => {
      const counts = await this.#dynamo.update(openHoursInput(this.#table, ofDay))
      const [first] = ofDay
      if (first !== undefined) await this.#addPending(first)
      if (this.#open.size > OPEN_HOURS_KEPT) this.#open.clear()
      for (const hour of ofDay) {
        if (opened.has(hour)) continue
        opened.begin(hour, numberAt(counts, hourAttributes(hour.baseTime).runs) - 1)
        this.#open.share(hour, opened)
      }
    })
    return opened
  }

  /**
   * Ends this instance's runs of some hours: of places that were taken and may never be filled, readers keep looking for all that
   * follow in the run.
   */
  endRuns(hours: Iterable<ShelfHour>): void {
    for (const hour of hours) this.#open.end(hour)
  }

  /**
   * Counts a block that was put after its hour's cut-off, and keeps its key if it is the earliest. Every time, never from
   * a cache: whoever seals the hour compares the count.
   * @param blockSk what putBlock gave back
   * @throws StoreUnavailableError
   */
  async noteLate(shelf: number, baseTime: number, blockSk: Uint8Array): Promise<void> {
    // Either condition holds when it is tried, unless another writer or a seal comes in between: then the first is tried
    // again.
    for (;;) {
      if (await this.#update(noteEarliestInput(this.#table, { shelf, baseTime }, blockSk))) break
      if (await this.#update(noteLaterInput(this.#table, { shelf, baseTime }, blockSk))) break
    }
    await this.#addPending({ shelf, baseTime })
  }

  /** After the day's own item: whoever ends the entry has then read what it is about. */
  async #addPending({ shelf, baseTime }: ShelfHour): Promise<void> {
    await this.#days.addPending(shelf, dayOf(baseTime))
  }

  /**
   * The days of a shelf that may have hours to seal, ascending, strongly consistently.
   * @throws StoreUnavailableError
   */
  async pendingDays(shelf: number): Promise<PendingDay[]> {
    return this.#days.pending(shelf)
  }

  /**
   * Takes a day off the list, once it is on that of days with points, unless an hour of it was noted since the list was read.
   * @param day as pendingDays gave it, all of whose hours were found sealed afterwards
   * @throws StoreUnavailableError
   */
  async endPending(day: PendingDay): Promise<void> {
    await this.#days.endPending(day)
  }

  /**
   * The days of some shelves that have points: what spares a query of many years to look for each day. Costs a read unit for each
   * shelf and 512 days.
   * @param fromS seconds since 1970, any in the first day
   * @param toS seconds since 1970, any in the last day
   * @returns undefined where nobody knows: days are listed since seal has gone through the store once
   * @throws StoreUnavailableError
   */
  async readDayList(shelves: readonly number[], fromS: number, toS: number): Promise<DayList | undefined> {
    return this.#days.read(shelves, fromS, toS)
  }

  /**
   * Lists the days with points of a store from before there were lists; of any other there is nothing to do.
   * @param shelves all that the store ever had
   * @param toS seconds since 1970 behind which only days that are yet to be sealed have points
   * @throws StoreUnavailableError
   */
  async completeDayList(shelves: readonly number[], toS: number): Promise<void> {
    if (await this.#days.isComplete()) return
    for (const shelf of shelves) {
      const hours = await this.readLedger([shelf], 0, toS)
      const days = new Set([...hours.keys()].map(dayOf))
      await this.#days.add([...days].map((day) => ({ shelf, day })))
    }
    await this.#days.markComplete()
  }

  /**
   * The hours that hold points, strongly consistently; before 1970 and behind what 4 bytes of seconds hold there are none.
   * @param fromDay seconds since 1970, any in the first day
   * @param toDay seconds since 1970, any in the last day
   * @param list of readDayList for these shelves and days; others are not looked for @default all days are
   * @returns by base time in seconds, ascending: the shelves that hold points of that hour, ascending
   * @throws StoreUnavailableError
   */
  async readLedger(
    shelves: readonly number[],
    fromDay: number,
    toDay: number,
    list?: DayList,
  ): Promise<Map<number, LedgerHour[]>> {
    const keys: ItemKey[] = []
    for (let day = dayOf(Math.max(0, fromDay)); day <= Math.min(toDay, LAST_DAY_S); day += DAY_S) {
      for (const shelf of new Set(shelves)) if (list?.has(shelf, day) ?? true) keys.push(ledgerKey(shelf, day))
    }
    const hours = await this.#readItems(keys)
    const byTime = new Map<number, LedgerHour[]>()
    for (const hour of hours) {
      const others = byTime.get(hour.baseTime)
      if (others === undefined) byTime.set(hour.baseTime, [hour])
      else others.push(hour)
    }
    return byTime
  }

  /**
   * The hours of some shelves' days, strongly consistently.
   * @param days a shelf and the start of a day in seconds since 1970 each
   * @returns ascending by time, then shelf
   */
  async readDays(days: readonly { shelf: number; day: number }[]): Promise<LedgerHour[]> {
    return this.#readItems(days.map(({ shelf, day }) => ledgerKey(shelf, day)))
  }

  /**
   * What the hours of some shelves' days were found to hold, strongly consistently.
   * @param days a shelf and the start of a day in seconds since 1970 each
   * @throws StoreUnavailableError
   */
  async readVolumes(days: readonly { shelf: number; day: number }[]): Promise<ShelfVolume[]> {
    const keys = days.map(({ shelf, day }) => ledgerKey(shelf, day))
    const items = await this.#dynamo.batchGet(this.#table, keys, { consistent: true })
    return items.flatMap(volumesOf)
  }

  async #readItems(keys: readonly ItemKey[]): Promise<LedgerHour[]> {
    const items = await this.#dynamo.batchGet(this.#table, keys, { consistent: true })
    const hours = items.flatMap(ledgerHours)
    return hours.sort((a, b) => a.baseTime - b.baseTime || a.shelf - b.shelf)
  }

  /**
   * Takes the lease of an hour.
   * @param owner tells this holder from every other
   * @param now milliseconds since 1970
   * @param forMs how long it holds; longer than the holder can live, so that it never has to be made longer
   * @returns undefined where somebody else has it
   * @throws StoreUnavailableError
   */
  async lease(hour: ShelfHour, owner: string, now: number, forMs: number): Promise<Lease | undefined> {
    try {
      const item = await this.#dynamo.update(leaseInput(this.#table, hour, { owner, now, until: now + forMs }))
      const names = hourAttributes(hour.baseTime)
      const stored = ledgerHour(item, hour, names)
      const progress = item[names.progress] && decodeProgress(bytesAt(item, names.progress), stored)
      return { ...stored, owner, ...(progress && { progress }) }
    } catch (error) {
      if (error instanceof ConditionFailedError) return undefined
      throw error
    }
  }

  /**
   * Marks an hour as sealed, and ends the lease, if no late block was noted since the lease was given and nobody else was
   * given one.
   * @param now milliseconds since 1970
   * @returns whether it is
   * @throws StoreUnavailableError
   */
  async markSealed(lease: Lease, counts: SealedCounts, now: number): Promise<boolean> {
    return this.#update(markSealedInput(this.#table, lease, counts, now))
  }

  /**
   * Notes how far a large hour is sealed, for the next holder of its lease.
   * @returns whether the lease still holds
   * @throws StoreUnavailableError
   */
  async noteProgress(lease: Lease, progress: SealProgress): Promise<boolean> {
    return this.#update(noteProgressInput(this.#table, lease, progress))
  }

  /**
   * Ends a lease and counts the round, after which the hour is left alone for a while.
   * @param now milliseconds since 1970
   * @throws StoreUnavailableError
   */
  async postpone(lease: Lease, now: number): Promise<void> {
    await this.#update(postponeInput(this.#table, lease, now))
  }

  /**
   * Ends a lease as if it had not been: whoever comes next may go on at once.
   * @throws StoreUnavailableError
   */
  async release(lease: Lease): Promise<void> {
    await this.#update(releaseInput(this.#table, lease))
  }

  /**
   * Notes that the blocks of an hour were deleted, and ends the lease, unless it was lost meanwhile.
   * @param lease of a sealed hour
   * @throws StoreUnavailableError
   */
  async markCleared(lease: Lease): Promise<void> {
    await this.#update(markClearedInput(this.#table, lease))
  }

  /** @returns whether the input's condition held */
  async #update(input: UpdateItemCommandInput): Promise<boolean> {
    try {
      await this.#dynamo.update(input)
      return true
    } catch (error) {
      if (error instanceof ConditionFailedError) return false
      throw error
    }
  }
}
