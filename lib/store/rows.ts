import type {
  DeleteItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { latin1 } from '../codec/bytes.ts'
import { IncompleteRowError } from '../codec/errors.ts'
import { checkParts, decodeRow, encodeRow, otherParts, type Row, type RowPart, renumberParts } from '../codec/row.ts'
import { decodeRowKey, encodeRowKey, PART_BYTES, POINTS_SK, type RowKey, rowPk, saltOf } from '../codec/row-key.ts'
import { hashTsuid } from '../codec/tsuid.ts'
import { lastExpiry } from '../model/pick-points.ts'
import type { UidWidths } from '../model/series.ts'
import { bytesAt, numberAt } from './attributes.ts'
import { type Dynamo, type Item, type ItemKey, keyOf, numberOf, TTL_ATTRIBUTE } from './dynamo.ts'
import { ConditionFailedError } from './errors.ts'
import { layoutAt } from './layout.ts'
import type { LayoutStore } from './layout-store.ts'
import { mapParallel } from './parallel.ts'

/** What names a row: one series' hour. */
export interface RowId {
  readonly tsuid: Uint8Array
  /** Seconds since 1970, the hour's start. */
  readonly baseTime: number
}

/** A row as it was read. */
export interface StoredRow extends RowId {
  /** Asking for it decodes it, each time. */
  readonly row: Row
  /** Of the values of all its parts. */
  readonly bytes: number
}

/** A row to be written. */
export interface RowPut extends RowId {
  readonly row: Row
}

export interface ReadOptions {
  /** Whether to see all writes that ended before, for twice the units. */
  readonly consistent: boolean
  /** Told of the bytes of each answer's rows as it comes; what it throws ends the reading. */
  readonly onRead?: (bytes: number) => void
}

/** Puts under way at a time. */
const PARALLEL_PUTS = 32
/** Requests of one read that are under way at a time. */
const PARALLEL_QUERIES = 8

/** How often a row is read anew whose parts were being replaced. */
const READS_OF_CHANGING_ROW = 5

/** The hourly rows in the tsdb table. */
export class RowStore {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #widths: UidWidths
  readonly #layout: Pick<LayoutStore, 'readLayout'>
  readonly #clock: () => number

  /**
   * @param layout knows over how many salts the rows of an hour are spread
   * @param clock milliseconds since 1970
   */
  constructor(
    dynamo: Dynamo,
    table: string,
    widths: UidWidths,
    layout: Pick<LayoutStore, 'readLayout'>,
    clock: () => number = Date.now,
  ) {
    this.#dynamo = dynamo
    this.#table = table
    this.#widths = widths
    this.#layout = layout
    this.#clock = clock
  }

  /**
   * Writes rows whole: a reader finds either what was there before or all of the new one.
   *
   * Each item is put on its own, on the condition that no holder of a later lease has written it. BatchWriteItem knows no
   * conditions, and without one a holder that was paused beyond its lease could put an old row over a newer one. It
   * costs the same units; the price is a request a row.
   * @param fence of the lease under which they are written
   * @returns bytes of the rows' values
   * @throws ConditionFailedError where a holder of a later lease has written one of them
   * @throws StoreUnavailableError
   */
  async putRows(rows: readonly RowPut[], fence: number): Promise<number> {
    const history = await this.#layout.readLayout()
    const sizes = await mapParallel(rows, PARALLEL_PUTS, ({ tsuid, baseTime, row }) => {
      const salt = saltOf(hashTsuid(tsuid), layoutAt(history, baseTime).saltBuckets)
      return this.#putRow((part) => encodeRowKey({ salt, tsuid, baseTime, part }, this.#widths), row, fence)
    })
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  async #putRow(key: (part: number) => ItemKey, row: Row, fence: number): Promise<number> {
    const encoded = encodeRow(row)
    let replaced: Uint8Array | undefined
    let parts: readonly RowPart[] = encoded
    if (encoded.length > 1) {
      // From here on nobody else changes which parts count, so what this row has besides part 0 takes numbers that are free.
      replaced = (await this.#dynamo.update(claimRowInput(this.#table, key(0), fence))).row?.B
      parts = renumberParts(encoded, replaced)
    }
    const expiresAtS = lastExpiry(row.points)
    // Part 0 comes last: with it the others count.
    for (const { part, value } of parts) {
      const before = await this.#dynamo.put(putPartInput(this.#table, key(part), value, fence, expiresAtS))
      // Where it is repeated because its answer was lost, it finds the new row itself, whose parts must stay.
      if (parts.length === 1) replaced = before.row?.B
    }
    if (replaced !== undefined) await this.#deleteParts(otherParts(replaced).map(key), fence)
    return parts.reduce((sum, { value }) => sum + value.length, 0)
  }

  /**
   * Takes rows out of sight. What stays is part 0 without a value: its fence keeps holders of earlier leases from putting
   * the row back.
   * @param rows that are there
   * @param fence of the lease under which this is done
   * @throws ConditionFailedError where a holder of a later lease has written one of them
   * @throws StoreUnavailableError
   */
  async emptyRows(rows: readonly RowId[], fence: number): Promise<void> {
    const history = await this.#layout.readLayout()
    await mapParallel(rows, PARALLEL_PUTS, async ({ tsuid, baseTime }) => {
      const salt = saltOf(hashTsuid(tsuid), layoutAt(history, baseTime).saltBuckets)
      const key = (part: number) => encodeRowKey({ salt, tsuid, baseTime, part }, this.#widths)
      const emptied = (await this.#dynamo.update(emptyRowInput(this.#table, key(0), fence))).row?.B
      if (emptied !== undefined) await this.#deleteParts(otherParts(emptied).map(key), fence)
    })
  }

  /** Deletes parts that no longer count, unless a holder of a later lease has written others in their places. */
  async #deleteParts(keys: readonly ItemKey[], fence: number): Promise<void> {
    for (const key of keys) {
      try {
        await this.#dynamo.delete(deletePartInput(this.#table, key, fence))
      } catch (error) {
        if (!(error instanceof ConditionFailedError)) throw error
      }
    }
  }

  /**
   * The rows of some series in some hours, each read by its key: half a unit for each, also for those that are not there.
   * @param baseTimes seconds since 1970, starts of hours
   * @param tsuids each once
   * @returns those that are there, in no order
   * @throws StoreUnavailableError
   */
  async readRowsExact(
    baseTimes: readonly number[],
    tsuids: readonly Uint8Array[],
    options: ReadOptions,
  ): Promise<StoredRow[]> {
    const ids = baseTimes.flatMap((baseTime) => tsuids.map((tsuid) => ({ tsuid, baseTime })))
    const keys = await Promise.all(ids.map((id) => this.#key(id)))
    const items = await this.#dynamo.batchGet(this.#table, keys, options)
    options.onRead?.(rowBytes(items))
    return this.#join(items)
  }

  /**
   * The rows of all series of a metric in an hour.
   * @param metric its UID
   * @param baseTime seconds since 1970, the hour's start
   * @throws StoreUnavailableError
   */
  async readRowsRange(metric: number, baseTime: number, options: ReadOptions): Promise<StoredRow[]> {
    const { saltBuckets } = layoutAt(await this.#layout.readLayout(), baseTime)
    const salts = Array.from({ length: saltBuckets }, (_, salt) => salt)
    const read = await mapParallel(salts, PARALLEL_QUERIES, async (salt) => {
      const items: Item[] = []
      const pk = rowPk(salt, metric, baseTime, this.#widths)
      for await (const page of this.#dynamo.query(readRowsInput(this.#table, pk, POINTS_SK, options))) {
        options.onRead?.(rowBytes(page))
        for (const item of page) items.push(item)
      }
      return this.#join(items)
    })
    return read.flat()
  }

  /** Makes rows of items, reading what is missing; parts that no part 0 refers to are passed over. */
  async #join(items: readonly Item[]): Promise<StoredRow[]> {
    const rows = new Map<string, Item[]>()
    for (const item of items) {
      const { pk, sk } = keysOf(item)
      const name = `${latin1(pk)}/${latin1(sk.subarray(0, -PART_BYTES))}`
      const known = rows.get(name)
      if (known === undefined) rows.set(name, [item])
      else known.push(item)
    }
    const joined = await mapParallel([...rows.values()], PARALLEL_QUERIES, (parts) => this.#joinRow(parts))
    return joined.filter((row) => row !== undefined)
  }

  /** @returns undefined where there is no row but what a writer that was stopped left behind */
  async #joinRow(found: readonly Item[]): Promise<StoredRow | undefined> {
    let items = found
    for (let attempt = 1; ; attempt++) {
      try {
        return this.#decode(items)
      } catch (error) {
        if (!(error instanceof IncompleteRowError)) throw error
        if (attempt < READS_OF_CHANGING_ROW) items = await this.#readParts(items)
        // The store forgets what has expired item by item, in whatever order.
        else if (this.#hasExpired(items)) return undefined
        else throw error
      }
    }
  }

  #decode(items: readonly Item[]): StoredRow | undefined {
    const parts: RowPart[] = []
    let head: RowKey | undefined
    for (const item of items) {
      const { pk, sk } = keysOf(item)
      const key = decodeRowKey(pk, sk, this.#widths)
      // Part 0 is without a value where the first version of a row is being written, or all of its points were deleted.
      if (item.row === undefined) continue
      parts.push({ part: key.part, value: bytesAt(item, 'row') })
      if (key.part === 0) head = key
    }
    if (head === undefined) return undefined
    const { tsuid, baseTime } = head
    checkParts(parts)
    return new WholeRow(tsuid, baseTime, parts)
  }

  /** Whether nobody sees any of a row's points any more. */
  #hasExpired(items: readonly Item[]): boolean {
    const head = items.find((item) => {
      const { pk, sk } = keysOf(item)
      return decodeRowKey(pk, sk, this.#widths).part === 0
    })
    return head?.[TTL_ATTRIBUTE] !== undefined && numberAt(head, TTL_ATTRIBUTE) <= this.#clock() / 1000
  }

  /** All parts of a row, read anew. */
  async #readParts([any]: readonly Item[]): Promise<Item[]> {
    if (any === undefined) return []
    const { pk, sk } = keysOf(any)
    const items: Item[] = []
    const input = readPartsInput(this.#table, pk, sk.subarray(0, -PART_BYTES))
    for await (const page of this.#dynamo.query(input)) items.push(...page)
    return items
  }

  async #key({ tsuid, baseTime }: RowId): Promise<ItemKey> {
    const { saltBuckets } = layoutAt(await this.#layout.readLayout(), baseTime)
    return encodeRowKey({ salt: saltOf(hashTsuid(tsuid), saltBuckets), tsuid, baseTime, part: 0 }, this.#widths)
  }
}

/** A row that nothing is missing of, decoded whenever its points are asked for: until then it takes the bytes that were read. */
class WholeRow implements StoredRow {
  readonly tsuid: Uint8Array
  readonly baseTime: number
  readonly bytes: number
  readonly #parts: readonly RowPart[]

  constructor(tsuid: Uint8Array, baseTime: number, parts: readonly RowPart[]) {
    this.tsuid = tsuid
    this.baseTime = baseTime
    this.bytes = sizeOf(parts)
    this.#parts = parts
  }

  get row(): Row {
    return decodeRow(this.#parts, this.baseTime)
  }
}

function keysOf(item: Item): ItemKey {
  return { pk: bytesAt(item, 'pk'), sk: bytesAt(item, 'sk') }
}

function rowBytes(items: readonly Item[]): number {
  return items.reduce((sum, { row }) => sum + (row?.B?.length ?? 0), 0)
}

function sizeOf(parts: readonly RowPart[]): number {
  return parts.reduce((sum, { value }) => sum + value.length, 0)
}

/** Nobody with a later lease has written the item. */
const NOT_OVERTAKEN = 'attribute_not_exists(fence) OR fence <= :fence'

/**
 * Gives back what was there: the write units are the same, and a row of many parts may have been.
 * @param expiresAtS seconds since 1970 at which nobody sees any of the row's points any more, so that the store may forget them
 */
export function putPartInput(
  table: string,
  key: ItemKey,
  value: Uint8Array,
  fence: number,
  expiresAtS?: number,
): PutItemCommandInput {
  return {
    TableName: table,
    Item: {
      ...keyOf(key),
      row: { B: value },
      fence: numberOf(fence),
      ...(expiresAtS !== undefined && { [TTL_ATTRIBUTE]: numberOf(expiresAtS) }),
    },
    ConditionExpression: NOT_OVERTAKEN,
    ExpressionAttributeValues: { ':fence': numberOf(fence) },
    // What a first lease puts has nothing before it.
    ...(fence > 1 ? { ReturnValues: 'ALL_OLD' as const } : {}),
  }
}

export function deletePartInput(table: string, key: ItemKey, fence: number): DeleteItemCommandInput {
  return {
    TableName: table,
    Key: keyOf(key),
    ConditionExpression: NOT_OVERTAKEN,
    ExpressionAttributeValues: { ':fence': numberOf(fence) },
  }
}

/** Keeps holders of earlier leases from putting part 0; gives back what it was. */
export function claimRowInput(table: string, key: ItemKey, fence: number): UpdateItemCommandInput {
  return {
    TableName: table,
    Key: keyOf(key),
    UpdateExpression: 'SET fence = :fence',
    ConditionExpression: NOT_OVERTAKEN,
    ExpressionAttributeValues: { ':fence': numberOf(fence) },
    ReturnValues: 'ALL_OLD',
  }
}

/** Takes the value of part 0 and keeps holders of earlier leases from putting it; gives back what it was. */
export function emptyRowInput(table: string, key: ItemKey, fence: number): UpdateItemCommandInput {
  return {
    ...claimRowInput(table, key, fence),
    UpdateExpression: 'SET fence = :fence REMOVE #row',
    ExpressionAttributeNames: { '#row': 'row' },
  }
}

/**
 * Reads the parts of one row. By first and last part, and not by what the keys begin with: DynamoDB Local passes over a
 * binary prefix as long as this.
 * @param row the sort keys of its parts, without the part
 */
export function readPartsInput(table: string, pk: Uint8Array, row: Uint8Array): QueryCommandInput {
  const part = (number: number) => Buffer.concat([row, new Uint8Array(PART_BYTES).fill(number)])
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :hour AND sk BETWEEN :first AND :last',
    ExpressionAttributeValues: { ':hour': { B: pk }, ':first': { B: part(0) }, ':last': { B: part(0xff) } },
    ConsistentRead: true,
  }
}

/** @param from what the sort keys begin with; annotations of the same series and hour begin with another byte than rows */
export function readRowsInput(
  table: string,
  pk: Uint8Array,
  from: Uint8Array,
  { consistent }: ReadOptions,
): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :hour AND begins_with(sk, :from)',
    ExpressionAttributeValues: { ':hour': { B: pk }, ':from': { B: from } },
    ConsistentRead: consistent,
  }
}
