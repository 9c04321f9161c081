import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb'
import { CorruptDataError } from '../model/errors.ts'
import { bytesAt, numberAt, textAt } from './attributes.ts'
import { type Dynamo, type Item, type ItemKey, keyOf, numberOf, TTL_ATTRIBUTE } from './dynamo.ts'
import { dayOf, decodeRejectSk, rejectPk, rejectSk } from './keys.ts'

/** What could not be read or stored, kept whole. */
export interface Reject {
  /** Milliseconds since 1970 at which the stream took the record. */
  readonly arrival: number
  readonly shard: number
  readonly sequence: bigint
  readonly reason: string
  /** The record as it came, or the part of it that is rejected. */
  readonly bytes: Uint8Array
}

/** A reject without its bytes. */
export interface RejectEntry extends Omit<Reject, 'bytes'> {
  /** What people call it by: 12 hex digits that its key determines. */
  readonly id: string
  /** Bytes of the record. */
  readonly size: number
  /** Items that it lies in, the one that makes it visible first. */
  readonly keys: readonly [ItemKey, ...ItemKey[]]
}

const ID_DIGITS = 12

/** An item must stay below 400 KB. */
const CHUNK_BYTES = 350_000

/** Items read at a time of the newest rejects. */
const NEWEST_PER_PAGE = 20

/** Characters of a reason that are kept. */
const REASON_LENGTH = 4_096

/** Rejected records in tsdb-meta, gzipped, by the day of their arrival. */
export class RejectStore {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #ttlDays: number
  readonly #clock: () => number

  /**
   * @param ttlDays days that rejects are kept
   * @param clock milliseconds since 1970
   */
  constructor(dynamo: Dynamo, table: string, ttlDays: number, clock: () => number = Date.now) {
    this.#dynamo = dynamo
    this.#table = table
    this.#ttlDays = ttlDays
    this.#clock = clock
  }

  /**
   * Keeps a reject; the same one again changes nothing.
   * @throws StoreUnavailableError
   */
  async put(reject: Reject): Promise<void> {
    const expiresAtS = Math.floor(this.#clock() / 1000) + this.#ttlDays * 86_400
    const [first, ...others] = rejectItems(reject, expiresAtS)
    // The first chunk makes the reject visible, so it comes last.
    await this.#dynamo.batchPut(this.#table, others)
    await this.#dynamo.put({ TableName: this.#table, Item: first })
  }

  /**
   * The rejects that arrived on a UTC day, oldest first.
   * @param timeS seconds since 1970, any in that day
   * @throws StoreUnavailableError, CorruptDataError
   */
  async *list(timeS: number): AsyncGenerator<Reject> {
    let open: Item[] = []
    for await (const page of this.#dynamo.query(listRejectsInput(this.#table, timeS))) {
      for (const item of page) {
        const { chunk } = decodeRejectSk(bytesAt(item, 'sk'))
        // Chunks of a reject whose first one is not there belong to a put that has not come to its end.
        if (chunk === 0) open = [item]
        else if (open.length === chunk) open.push(item)
        const [first] = open
        if (first === undefined || open.length < numberAt(first, 'chunks')) continue
        yield rejectOf(first, open)
        open = []
      }
    }
  }

  /**
   * The rejects that arrived on a UTC day, oldest first, without their bytes.
   * @param timeS seconds since 1970, any in that day
   * @throws StoreUnavailableError, CorruptDataError
   */
  async *entries(timeS: number): AsyncGenerator<RejectEntry> {
    yield* this.#entries(listRejectsInput(this.#table, timeS))
  }

  /**
   * As entries, but the newest first and as somebody may look at them: what came just now may be missing. Who stops early has read
   * little more than what was yielded; DynamoDB counts the bytes of the records all the same.
   * @throws StoreUnavailableError, CorruptDataError
   */
  async *newest(timeS: number): AsyncGenerator<RejectEntry> {
    const input = listRejectsInput(this.#table, timeS)
    yield* this.#entries({ ...input, ConsistentRead: false, ScanIndexForward: false, Limit: NEWEST_PER_PAGE })
  }

  async *#entries(list: QueryCommandInput): AsyncGenerator<RejectEntry> {
    const input: QueryCommandInput = {
      ...list,
      ProjectionExpression: 'pk, sk, #reason, #chunks, #size',
      ExpressionAttributeNames: { '#reason': 'reason', '#chunks': 'chunks', '#size': 'size' },
    }
    for await (const page of this.#dynamo.query(input)) {
      // Other chunks have no reason.
      for (const item of page) if (item.reason !== undefined) yield entryOf(item)
    }
  }

  /**
   * The record as it came.
   * @returns undefined where it was deleted, or expired, meanwhile
   * @throws StoreUnavailableError, CorruptDataError
   */
  async bytes(entry: RejectEntry): Promise<Uint8Array | undefined> {
    const items = await this.#dynamo.batchGet(this.#table, entry.keys, { consistent: true })
    const chunks = items.sort((a, b) => chunkOf(a) - chunkOf(b))
    const [first] = chunks
    if (first === undefined || chunks.length < entry.keys.length) return undefined
    return rejectOf(first, chunks).bytes
  }

  /** Deletes a reject; the item that makes it visible first. @throws StoreUnavailableError */
  async delete({ keys: [first, ...others] }: RejectEntry): Promise<void> {
    await this.#dynamo.delete({ TableName: this.#table, Key: keyOf(first) })
    await this.#dynamo.batchDelete(this.#table, others)
  }
}

function chunkOf(item: Item): number {
  return decodeRejectSk(bytesAt(item, 'sk')).chunk
}

/** @param item a reject's first */
function entryOf(item: Item): RejectEntry {
  const [pk, sk] = [bytesAt(item, 'pk'), bytesAt(item, 'sk')]
  const { arrival, shard, sequence } = decodeRejectSk(sk)
  const withoutChunk = sk.subarray(0, -2)
  const key = (chunk: number): ItemKey => ({ pk, sk: Buffer.concat([withoutChunk, Uint8Array.of(chunk >> 8, chunk)]) })
  const count = numberAt(item, 'chunks')
  return {
    id: createHash('sha256').update(withoutChunk).digest('hex').slice(0, ID_DIGITS),
    arrival,
    shard,
    sequence,
    reason: textAt(item, 'reason'),
    size: numberAt(item, 'size'),
    keys: [key(0), ...Array.from({ length: count - 1 }, (_, i) => key(i + 1))],
  }
}

export function listRejectsInput(table: string, timeS: number): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :day',
    ExpressionAttributeValues: { ':day': { B: rejectPk(dayOf(timeS)) } },
    ConsistentRead: true,
  }
}

/** The items that hold a reject; the first one says how many there are. */
export function rejectItems(reject: Reject, expiresAtS: number): [Item, ...Item[]] {
  const reason = reject.reason.slice(0, REASON_LENGTH)
  const packed = gzipSync(reject.bytes)
  const content = Buffer.concat([Buffer.from(reason), packed])
  const pk = rejectPk(dayOf(Math.floor(reject.arrival / 1000)))
  const chunk = (index: number): Item => ({
    ...keyOf({ pk, sk: rejectSk(reject, content, index) }),
    packed: { B: packed.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES) },
    [TTL_ATTRIBUTE]: numberOf(expiresAtS),
  })
  const count = Math.ceil(packed.length / CHUNK_BYTES)
  const first = { ...chunk(0), reason: { S: reason }, chunks: numberOf(count), size: numberOf(reject.bytes.length) }
  return [first, ...Array.from({ length: count - 1 }, (_, i) => chunk(i + 1))]
}

function rejectOf(first: Item, chunks: readonly Item[]): Reject {
  const { arrival, shard, sequence } = decodeRejectSk(bytesAt(first, 'sk'))
  const packed = Buffer.concat(chunks.map((chunk) => bytesAt(chunk, 'packed')))
  try {
    const bytes = gunzipSync(packed, { maxOutputLength: Math.max(1, numberAt(first, 'size')) })
    return { arrival, shard, sequence, reason: textAt(first, 'reason'), bytes }
  } catch (error) {
    throw new CorruptDataError('reject', error instanceof Error ? error.message : String(error), packed)
  }
}
