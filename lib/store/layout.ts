import type { GetItemCommandInput, PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import { murmur3 } from '../codec/murmur3.ts'
import { CorruptDataError } from '../model/errors.ts'
import { textAt } from './attributes.ts'
import { type Dynamo, IS_NEW, keyOf } from './dynamo.ts'
import { ConditionFailedError } from './errors.ts'
import { layoutKey } from './keys.ts'

/** Where blocks and rows lie from an hour on. */
export interface ShelfLayout {
  /** Seconds since 1970, the start of the first hour that it holds for. */
  readonly fromHour: number
  readonly shelves: number
  readonly saltBuckets: number
  /** Over how many shelves a hot metric (its UID) is split; 1 for those not named. */
  readonly splits: ReadonlyMap<number, number>
}

/** Every layout there was, ascending by `fromHour`; the first holds from 0 on. */
export type LayoutHistory = readonly [ShelfLayout, ...ShelfLayout[]]

/** How long a history read is trusted. A new layout holds for hours at least two ahead, so none is missed. */
const TRUSTED_MS = 60_000

/** The layout of the hour that starts at `baseTime` (seconds). */
export function layoutAt(history: LayoutHistory, baseTime: number): ShelfLayout {
  let found = history[0]
  for (const layout of history) if (layout.fromHour <= baseTime) found = layout
  return found
}

/**
 * The shelf that a series' blocks of an hour lie on: hash(metric, hash(TSUID) mod split(metric)) mod shelves, so a metric's
 * series lie on as many shelves as its split says.
 * @param metric the metric's UID
 * @param tsuidHash hashTsuid of the series
 */
export function shelfOf(layout: ShelfLayout, metric: number, tsuidHash: number): number {
  const split = layout.splits.get(metric) ?? 1
  return shelfOfPart(layout, metric, split === 1 ? 0 : tsuidHash % split)
}

/** The shelves that may hold series of a metric in an hour: at most split(metric) of them, ascending. */
export function shelvesOfMetric(layout: ShelfLayout, metric: number): number[] {
  const shelves = new Set<number>()
  const split = layout.splits.get(metric) ?? 1
  for (let part = 0; part < split; part++) shelves.add(shelfOfPart(layout, metric, part))
  return [...shelves].sort((a, b) => a - b)
}

const hashed = new Uint8Array(12)
const hashedView = new DataView(hashed.buffer)

/** MurmurHash3 of the metric's UID (8 bytes, big-endian) and the part (4 bytes, big-endian), modulo the shelves. */
function shelfOfPart(layout: ShelfLayout, metric: number, part: number): number {
  hashedView.setUint32(0, Math.floor(metric / 2 ** 32))
  hashedView.setUint32(4, metric % 2 ** 32)
  hashedView.setUint32(8, part)
  return murmur3(hashed) % layout.shelves
}

/** A history as it is stored: JSON, for people to read too. */
export function encodeLayoutHistory(history: LayoutHistory): string {
  return JSON.stringify(history.map((layout) => ({ ...layout, splits: Object.fromEntries(layout.splits) })))
}

/**
 * The mirror of encodeLayoutHistory.
 * @throws CorruptDataError
 */
export function decodeLayoutHistory(text: string): LayoutHistory {
  const fail = (why: string) => new CorruptDataError('layout history', why, Buffer.from(text))
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw fail('it is not JSON')
  }
  if (!Array.isArray(parsed)) throw fail('it is not an array')
  const [first, ...others] = parsed.map((entry: Record<string, unknown> | null) => {
    const { fromHour, shelves, saltBuckets, splits } = entry ?? {}
    const isWhole = [fromHour, shelves, saltBuckets].every(Number.isSafeInteger)
    if (!isWhole || Number(shelves) < 1 || typeof splits !== 'object' || splits === null)
      throw fail('an entry is not whole')
    return {
      fromHour: Number(fromHour),
      shelves: Number(shelves),
      saltBuckets: Number(saltBuckets),
      splits: new Map(Object.entries(splits).map(([metric, split]) => [Number(metric), Number(split)])),
    }
  })
  if (first === undefined || first.fromHour !== 0) throw fail('it does not start at hour 0')
  return [first, ...others]
}

export function readLayoutInput(table: string): GetItemCommandInput {
  return { TableName: table, Key: keyOf(layoutKey()), ConsistentRead: true }
}

export function createLayoutInput(table: string, history: LayoutHistory): PutItemCommandInput {
  return {
    TableName: table,
    Item: { ...keyOf(layoutKey()), history: { S: encodeLayoutHistory(history) } },
    ConditionExpression: IS_NEW,
  }
}

/** The layout history in tsdb-meta. */
export class LayoutStore {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #configured: LayoutHistory
  readonly #clock: () => number
  #known: { history: LayoutHistory; readAt: number } | undefined

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
   * The history for readers; of a store that nothing was written to yet, the configured layout. Cached for a minute.
   * @throws StoreUnavailableError
   */
  async readLayout(): Promise<LayoutHistory> {
    return (await this.#read()) ?? this.#configured
  }

  /**
   * The history for writers: where there is none yet, the configured layout becomes the store's. Cached for a minute.
   * @throws StoreUnavailableError
   */
  async ensureLayout(): Promise<LayoutHistory> {
    const known = await this.#read()
    if (known !== undefined) return known
    try {
      await this.#dynamo.put(createLayoutInput(this.#table, this.#configured))
    } catch (error) {
      // Another writer was first: the stored one holds.
      if (!(error instanceof ConditionFailedError)) throw error
    }
    return (await this.#read()) ?? this.#configured
  }

  async #read(): Promise<LayoutHistory | undefined> {
    const now = this.#clock()
    if (this.#known !== undefined && now - this.#known.readAt < TRUSTED_MS) return this.#known.history
    const item = await this.#dynamo.get(readLayoutInput(this.#table))
    if (item === undefined) return undefined
    const history = decodeLayoutHistory(textAt(item, 'history'))
    this.#known = { history, readAt: now }
    return history
  }
}
