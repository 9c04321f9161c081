import type { PutItemCommandInput, QueryCommandInput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { bytesAt, numberAt } from './attributes.ts'
import { type Dynamo, type Item, type ItemKey, keyOf, numberOf, TTL_ATTRIBUTE } from './dynamo.ts'
import { ConditionFailedError } from './errors.ts'
import { type BlockKey, blockPk, blockSk, dayOf, decodeLedgerPk, hourOfDay, ledgerKey } from './keys.ts'
import { mapParallel } from './parallel.ts'

export type { BlockKey } from './keys.ts'

/** A block to be stored. */
export interface BlockPut {
  readonly key: BlockKey
  readonly bytes: Uint8Array
  /** Seconds since 1970 after which the store may forget it; absent: never. */
  readonly expiresAtS?: number
}

/** An hour of a shelf. */
export interface ShelfHour {
  readonly shelf: number
  /** Seconds since 1970, the hour's start. */
  readonly baseTime: number
}

/** What the ledger says of one hour of one shelf; hours that it does not name hold nothing. */
export interface LedgerHour extends ShelfHour {
  /** How often blocks came after the hour's cut-off. */
  readonly late: number
  /** The sort key of the earliest late block. */
  readonly earliestLate?: Uint8Array
}

const HOUR_S = 3_600
const DAY_S = 86_400

/** Updates of ledger items of one call that are under way at a time. */
const PARALLEL_UPDATES = 16

/** Hours noted as open that an instance remembers; it forgets all of them when there are more. */
const OPEN_HOURS_KEPT = 10_000

/** The tsdb table: blocks and the ledger that says which hours hold some. */
export class DataStore {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #open = new Set<string>()

  constructor(dynamo: Dynamo, table: string) {
    this.#dynamo = dynamo
    this.#table = table
  }

  /**
   * Stores a block. The same key and bytes again change nothing; other bytes have another key.
   * @param expiresAtS seconds since 1970 after which the store may forget it; absent: never
   * @returns the block's sort key
   * @throws StoreUnavailableError
   */
  async putBlock(key: BlockKey, bytes: Uint8Array, expiresAtS?: number): Promise<Uint8Array> {
    const item = blockItem({ key, bytes, ...(expiresAtS === undefined ? {} : { expiresAtS }) })
    await this.#dynamo.put(putBlockInput(this.#table, item))
    return bytesAt(item, 'sk')
  }

  /**
   * Stores many blocks in few requests, as putBlock does one; where it throws, some may be stored.
   * @returns the blocks' sort keys in the same order
   * @throws StoreUnavailableError
   */
  async putBlocks(blocks: readonly BlockPut[]): Promise<Uint8Array[]> {
    const items = blocks.map(blockItem)
    await this.#dynamo.batchPut(this.#table, items)
    return items.map((item) => bytesAt(item, 'sk'))
  }

  /**
   * The bytes of every block of an hour of a shelf in order of their keys, strongly consistently.
   * @param baseTime seconds since 1970, the hour's start
   * @throws StoreUnavailableError
   */
  async readBlocks(shelf: number, baseTime: number): Promise<Uint8Array[]> {
    const blocks: Uint8Array[] = []
    for await (const page of this.#dynamo.query(readBlocksInput(this.#table, shelf, baseTime))) {
      for (const item of page) blocks.push(bytesAt(item, 'block'))
    }
    return blocks
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

  /** openHour for many hours, in one request per shelf and day. */
  async openHours(hours: Iterable<ShelfHour>): Promise<void> {
    const byDay = new Map<string, ShelfHour[]>()
    for (const hour of hours) {
      if (this.#open.has(`${hour.shelf}/${hour.baseTime}`)) continue
      const day = `${hour.shelf}/${dayOf(hour.baseTime)}`
      const known = byDay.get(day)
      if (known === undefined) byDay.set(day, [hour])
      else known.push(hour)
    }
    await mapParallel([...byDay.values()], PARALLEL_UPDATES, async (ofDay) => {
      await this.#dynamo.update(openHoursInput(this.#table, ofDay))
      if (this.#open.size > OPEN_HOURS_KEPT) this.#open.clear()
      for (const { shelf, baseTime } of ofDay) this.#open.add(`${shelf}/${baseTime}`)
    })
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
      if (await this.#holds(noteEarliestInput(this.#table, shelf, baseTime, blockSk))) return
      if (await this.#holds(noteLaterInput(this.#table, shelf, baseTime, blockSk))) return
    }
  }

  async #holds(input: UpdateItemCommandInput): Promise<boolean> {
    try {
      await this.#dynamo.update(input)
      return true
    } catch (error) {
      if (error instanceof ConditionFailedError) return false
      throw error
    }
  }

  /**
   * The hours that hold blocks, strongly consistently.
   * @param fromDay seconds since 1970, any in the first day
   * @param toDay seconds since 1970, any in the last day
   * @returns by base time in seconds, ascending: the shelves that hold blocks of that hour, ascending
   * @throws StoreUnavailableError
   */
  async readLedger(shelves: readonly number[], fromDay: number, toDay: number): Promise<Map<number, LedgerHour[]>> {
    const keys: ItemKey[] = []
    for (let day = dayOf(fromDay); day <= toDay; day += DAY_S) {
      for (const shelf of new Set(shelves)) keys.push(ledgerKey(shelf, day))
    }
    const items = await this.#dynamo.batchGet(this.#table, keys, { consistent: true })
    const hours = items.flatMap(ledgerHours)
    hours.sort((a, b) => a.baseTime - b.baseTime || a.shelf - b.shelf)
    const byTime = new Map<number, LedgerHour[]>()
    for (const hour of hours) {
      const others = byTime.get(hour.baseTime)
      if (others === undefined) byTime.set(hour.baseTime, [hour])
      else others.push(hour)
    }
    return byTime
  }
}

function blockItem({ key, bytes, expiresAtS }: BlockPut): Item {
  return {
    ...keyOf({ pk: blockPk(key.shelf, key.baseTime), sk: blockSk(key, bytes) }),
    block: { B: bytes },
    ...(expiresAtS === undefined ? {} : { [TTL_ATTRIBUTE]: numberOf(expiresAtS) }),
  }
}

/** Unconditional on purpose: the key says what the content is, and an attempt whose answer was lost may be repeated. */
export function putBlockInput(table: string, item: Item): PutItemCommandInput {
  return { TableName: table, Item: item }
}

export function readBlocksInput(table: string, shelf: number, baseTime: number): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :hour',
    ExpressionAttributeValues: { ':hour': { B: blockPk(shelf, baseTime) } },
    ConsistentRead: true,
  }
}

/** @param hours of one shelf and day */
export function openHoursInput(table: string, hours: readonly ShelfHour[]): UpdateItemCommandInput {
  const [{ shelf, baseTime }] = hours as readonly [ShelfHour]
  return {
    TableName: table,
    Key: keyOf(ledgerKey(shelf, dayOf(baseTime))),
    UpdateExpression: 'ADD openHours :hours',
    ExpressionAttributeValues: {
      ':hours': { NS: [...new Set(hours.map((hour) => String(hourOfDay(hour.baseTime))))] },
    },
  }
}

export function noteEarliestInput(
  table: string,
  shelf: number,
  baseTime: number,
  sk: Uint8Array,
): UpdateItemCommandInput {
  const { late, earliest } = lateAttributes(baseTime)
  const noneYet = `attribute_not_exists(${earliest})`
  const thisIsEarlier = `${earliest} > :sk`
  return {
    TableName: table,
    Key: keyOf(ledgerKey(shelf, dayOf(baseTime))),
    UpdateExpression: `SET ${earliest} = :sk ADD ${late} :one`,
    ConditionExpression: `${noneYet} OR ${thisIsEarlier}`,
    ExpressionAttributeValues: { ':sk': { B: sk }, ':one': numberOf(1) },
  }
}

export function noteLaterInput(table: string, shelf: number, baseTime: number, sk: Uint8Array): UpdateItemCommandInput {
  const { late, earliest } = lateAttributes(baseTime)
  const anEarlierIsKept = `${earliest} <= :sk`
  return {
    TableName: table,
    Key: keyOf(ledgerKey(shelf, dayOf(baseTime))),
    UpdateExpression: `ADD ${late} :one`,
    ConditionExpression: anEarlierIsKept,
    ExpressionAttributeValues: { ':sk': { B: sk }, ':one': numberOf(1) },
  }
}

function lateAttributes(timeS: number): { late: string; earliest: string } {
  const hour = String(hourOfDay(timeS)).padStart(2, '0')
  return { late: `late${hour}`, earliest: `earliestLate${hour}` }
}

function ledgerHours(item: Item): LedgerHour[] {
  const { shelf, day } = decodeLedgerPk(bytesAt(item, 'pk'))
  return (item.openHours?.NS ?? []).map((hour) => {
    const baseTime = day + Number(hour) * HOUR_S
    const { late, earliest } = lateAttributes(baseTime)
    return {
      shelf,
      baseTime,
      late: item[late] === undefined ? 0 : numberAt(item, late),
      ...(item[earliest] === undefined ? {} : { earliestLate: bytesAt(item, earliest) }),
    }
  })
}
