import { ByteWriter } from '../codec/bytes.ts'
import type { Attempt } from '../model/attempt.ts'
import { numberAt, textAt } from './attributes.ts'
import { type Dynamo, type Item, type ItemKey, keyOf, numberOf, TTL_ATTRIBUTE } from './dynamo.ts'

/** First byte of the partition key in tsdb-meta. */
const ATTEMPTS = 0x0c

/** Seconds after which a marker means nothing any more: a batch that failed comes again within minutes. */
const TTL_S = 86_400

/** What a consumer was about to do, by shard, in tsdb-meta: for who comes after it if it dies. */
export class AttemptStore {
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
   * A shard's marker, strongly consistently; undefined where there is none.
   * @throws StoreUnavailableError, CorruptDataError
   */
  async read(shard: number): Promise<Attempt | undefined> {
    const item = await this.#dynamo.get({
      TableName: this.#table,
      Key: keyOf(attemptKey(shard)),
      ConsistentRead: true,
    })
    return item && attemptOf(item)
  }

  /** Replaces a shard's marker. @throws StoreUnavailableError */
  async write(shard: number, attempt: Attempt): Promise<void> {
    const expiresAtS = Math.floor(this.#clock() / 1000) + TTL_S
    await this.#dynamo.put({ TableName: this.#table, Item: attemptItem(shard, attempt, expiresAtS) })
  }

  /** Takes a shard's marker away. @throws StoreUnavailableError */
  async clear(shard: number): Promise<void> {
    // As a batch, which is among the actions that the consumer may take anyway.
    await this.#dynamo.batchDelete(this.#table, [attemptKey(shard)])
  }
}

/** Sequence numbers have more digits than a DynamoDB number: they are texts. */
export function attemptItem(shard: number, attempt: Attempt, expiresAtS: number): Item {
  const { first, last, records, tries, rejected, why } = attempt
  return {
    ...keyOf(attemptKey(shard)),
    first: { S: String(first) },
    last: { S: String(last) },
    records: numberOf(records),
    tries: numberOf(tries),
    rejected: numberOf(rejected),
    ...(why !== undefined && { why: { S: why } }),
    [TTL_ATTRIBUTE]: numberOf(expiresAtS),
  }
}

function attemptOf(item: Item): Attempt {
  return {
    first: BigInt(textAt(item, 'first')),
    last: BigInt(textAt(item, 'last')),
    records: numberAt(item, 'records'),
    tries: numberAt(item, 'tries'),
    rejected: numberAt(item, 'rejected'),
    ...(item.why?.S !== undefined && { why: item.why.S }),
  }
}

/** Each shard's marker has its partition key for itself. */
export function attemptKey(shard: number): ItemKey {
  return { pk: new ByteWriter(5).u8(ATTEMPTS).u32(shard).finish(), sk: Uint8Array.of(0) }
}
