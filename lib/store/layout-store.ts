import type { GetItemCommandInput, PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import { type CacheCounts, noCacheCounts } from '../model/cache-counts.ts'
import { numberAt, textAt } from './attributes.ts'
import { type Dynamo, IS_NEW, keyOf, numberOf } from './dynamo.ts'
import { ConditionFailedError } from './errors.ts'
import { layoutKey } from './keys.ts'
import type { LayoutHistory } from './layout.ts'
import {
  decodeLayoutHistory,
  decodeSettledHours,
  encodeLayoutHistory,
  encodeSettledHours,
  isSettled,
  type LayoutRecord,
  settleHours,
} from './layout-record.ts'

/** How long a record is kept before it is read again, for hours that are settled: just so that new ones are known in time. */
const KEPT_MS = 60_000

/** The version of records from before they had one, and settled hours neither: their layout never changed. */
const UNNUMBERED = 0

export function readLayoutInput(table: string): GetItemCommandInput {
  return { TableName: table, Key: keyOf(layoutKey()), ConsistentRead: true }
}

/** @param before what it replaces, which must be there still; undefined: nothing */
export function putLayoutInput(
  table: string,
  record: LayoutRecord,
  before: LayoutRecord | undefined,
): PutItemCommandInput {
  return {
    TableName: table,
    Item: {
      ...keyOf(layoutKey()),
      version: numberOf(record.version),
      history: { S: encodeLayoutHistory(record.history) },
      settled: { S: encodeSettledHours(record.settled) },
    },
    ...(before === undefined
      ? { ConditionExpression: IS_NEW }
      : before.version === UNNUMBERED
        ? { ConditionExpression: 'attribute_not_exists(version)' }
        : {
            ConditionExpression: 'version = :before',
            ExpressionAttributeValues: { ':before': numberOf(before.version) },
          }),
  }
}

/** The layout record in tsdb-meta. */
export class LayoutStore {
  readonly cacheCounts: CacheCounts = noCacheCounts()
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #configured: LayoutHistory
  readonly #clock: () => number
  #known: { record: LayoutRecord; readAt: number } | undefined

  /**
   * @param configured what a new store starts with
   * @param clock milliseconds since 1970
   */
  constructor(
    dynamo: Dynamo,
    table: string,
    configured: { shelves: number; saltBuckets: number },
    clock: () => number = Date.now,
  ) {
    this.#dynamo = dynamo
    this.#table = table
    this.#configured = [{ fromHour: 0, ...configured, splits: new Map() }]
    this.#clock = clock
  }

  /**
   * The history for readers; of a store that nothing was written to yet, the configured layout. Kept for a minute, but read
   * again where it might be wrong of an hour asked for.
   * @param range the hours that are read, in seconds since 1970; absent: only the salts matter, which never change
   * @returns right for every hour of the range that had a block when this was called
   * @throws StoreUnavailableError
   */
  async readLayout(range?: { readonly from: number; readonly to: number }): Promise<LayoutHistory> {
    const known = this.#kept()
    if (known !== undefined && (range === undefined || isSettled(known.settled, range.from, range.to))) {
      this.cacheCounts.hits++
      return known.history
    }
    this.cacheCounts.misses++
    return (await this.readRecord())?.history ?? this.#configured
  }

  /**
   * The history for writers, who may write the hours given, and no others, with it: from now on their layout will never change.
   * Where there is none yet, the configured layout becomes the store's. Kept for a minute, and costs requests once an hour.
   * @param baseTimes seconds since 1970, starts of hours
   * @throws StoreUnavailableError
   */
  async ensureLayout(baseTimes: readonly number[] = []): Promise<LayoutHistory> {
    const areSettled = ({ settled }: LayoutRecord) => baseTimes.every((baseTime) => isSettled(settled, baseTime))
    const known = this.#kept()
    if (known !== undefined && areSettled(known)) {
      this.cacheCounts.hits++
      return known.history
    }
    this.cacheCounts.misses++
    // Each further round another writer, or who changes the layout, was faster; of the former one settles for all.
    for (;;) {
      const before = await this.readRecord()
      if (before !== undefined && areSettled(before)) return before.history
      const start = before ?? { version: 0, history: this.#configured, settled: [] }
      const after = { ...settleHours(start, baseTimes, this.#clock()), version: start.version + 1 }
      if (await this.replace(before, after)) return after.history
    }
  }

  /**
   * The record as it is now; undefined before the first write.
   * @throws StoreUnavailableError
   */
  async readRecord(): Promise<LayoutRecord | undefined> {
    const readAt = this.#clock()
    const item = await this.#dynamo.get(readLayoutInput(this.#table))
    if (item === undefined) return undefined
    const record = {
      version: item.version === undefined ? UNNUMBERED : numberAt(item, 'version'),
      history: decodeLayoutHistory(textAt(item, 'history')),
      settled: item.settled === undefined ? [] : decodeSettledHours(textAt(item, 'settled')),
    }
    this.#known = { record, readAt }
    return record
  }

  /**
   * Puts a record in the place of another.
   * @param before undefined: where there is none
   * @returns whether `before` was still the store's; if not, nothing was changed, or it was by an attempt whose answer was lost
   * @throws StoreUnavailableError
   */
  async replace(before: LayoutRecord | undefined, after: LayoutRecord): Promise<boolean> {
    const readAt = this.#clock()
    try {
      await this.#dynamo.put(putLayoutInput(this.#table, after, before))
    } catch (error) {
      if (error instanceof ConditionFailedError) return false
      throw error
    }
    this.#known = { record: after, readAt }
    return true
  }

  #kept(): LayoutRecord | undefined {
    if (this.#known === undefined || this.#clock() - this.#known.readAt >= KEPT_MS) return undefined
    return this.#known.record
  }
}
