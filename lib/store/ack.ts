import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { PutItemCommandInput, QueryCommandInput } from '@aws-sdk/client-dynamodb'
import { CorruptDataError } from '../model/errors.ts'
import { bytesAt, numberAt } from './attributes.ts'
import { type Dynamo, type Item, keyOf, numberOf, TTL_ATTRIBUTE } from './dynamo.ts'
import { ackKey } from './keys.ts'

/** A point of a synchronous put that was not stored. */
export interface AckError {
  /** The point's index in the put request. */
  readonly index: number
  readonly message: string
}

/** What became of the points of one part (one stream record) of a synchronous put, or of all its parts. */
export interface Ack {
  /** Points stored and readable. */
  readonly stored: number
  readonly errors: readonly AckError[]
}

/** A part of a put: which, of how many. */
export interface AckPart {
  readonly index: number
  readonly count: number
}

const TTL_S = 3_600

/** An item must stay below 400 KB. */
const MAX_PACKED_BYTES = 350_000

/** What errors may take once unpacked. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024

/** Acknowledgements that the consumer leaves in tsdb-meta for puts that wait. */
export class AckStore {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #clock: () => number

  /** @param clock milliseconds since 1970 */
  constructor(dynamo: Dynamo, table: string, clock: () => number = Date.now) {
    this.#dynamo = dynamo
    this.#table = table
    this.#clock = clock
  }

  /**
   * Leaves the acknowledgement of one part of a put; it expires after an hour. Written again, it is the same.
   * @param id what the put gave itself, 16 bytes
   * @throws StoreUnavailableError
   */
  async write(id: Uint8Array, part: AckPart, ack: Ack): Promise<void> {
    const expiresAtS = Math.floor(this.#clock() / 1000) + TTL_S
    await this.#dynamo.put(writeAckInput(this.#table, id, part, ack, expiresAtS))
  }

  /**
   * The acknowledgement of all parts of a put together, strongly consistently; undefined until each part is there.
   * @throws StoreUnavailableError
   */
  async read(id: Uint8Array): Promise<Ack | undefined> {
    const parts: Item[] = []
    for await (const page of this.#dynamo.query(readAckInput(this.#table, id))) parts.push(...page)
    const [first] = parts
    if (first === undefined || parts.length < numberAt(first, 'parts')) return undefined
    const acks = parts.map((part) => ({
      stored: numberAt(part, 'stored'),
      errors: unpackErrors(bytesAt(part, 'errors')),
    }))
    return {
      stored: acks.reduce((sum, ack) => sum + ack.stored, 0),
      errors: acks.flatMap((ack) => ack.errors).sort((a, b) => a.index - b.index),
    }
  }
}

export function writeAckInput(
  table: string,
  id: Uint8Array,
  part: AckPart,
  ack: Ack,
  expiresAtS: number,
): PutItemCommandInput {
  return {
    TableName: table,
    Item: {
      ...keyOf(ackKey(id, part.index)),
      parts: numberOf(part.count),
      stored: numberOf(ack.stored),
      errors: { B: packErrors(ack.errors) },
      [TTL_ATTRIBUTE]: numberOf(expiresAtS),
    },
  }
}

export function readAckInput(table: string, id: Uint8Array): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :put',
    ExpressionAttributeValues: { ':put': { B: ackKey(id, 0).pk } },
    ConsistentRead: true,
  }
}

/** Where all messages together are too long for an item, later ones lose their words but not their place. */
function packErrors(errors: readonly AckError[]): Uint8Array {
  const pack = (list: readonly AckError[]) =>
    deflateRawSync(JSON.stringify(list.map(({ index, message }) => [index, message])))
  const packed = pack(errors)
  if (packed.length <= MAX_PACKED_BYTES) return packed
  const share = Math.floor(errors.length * (MAX_PACKED_BYTES / packed.length) * 0.5)
  const shortened = pack(errors.map((error, i) => (i < share ? error : { index: error.index, message: 'Not stored' })))
  return shortened.length <= MAX_PACKED_BYTES ? shortened : pack(errors.map(({ index }) => ({ index, message: '' })))
}

function unpackErrors(packed: Uint8Array): AckError[] {
  try {
    const list: unknown = JSON.parse(inflateRawSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8'))
    if (!Array.isArray(list)) throw new TypeError('not an array')
    return list.map(([index, message]: [unknown, unknown]) => ({ index: Number(index), message: String(message) }))
  } catch (error) {
    throw new CorruptDataError('acknowledgement', error instanceof Error ? error.message : String(error), packed)
  }
}
