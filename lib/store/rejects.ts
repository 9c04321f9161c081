import { gunzipSync, gzipSync } from 'node:zlib'
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb'
import { CorruptDataError } from '../model/errors.ts'
import { bytesAt, numberAt, textAt } from './attributes.ts'
import { type Dynamo, type Item, keyOf, numberOf, TTL_ATTRIBUTE } from './dynamo.ts'
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

/** An item must stay below 400 KB. */
const CHUNK_BYTES = 350_000

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
