import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type ConsumedCapacity,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { ConditionFailedError, StoreRefusedError } from './errors.ts'
import { chunksOf, mapParallel } from './parallel.ts'
import { Backoff, isTransient, type RetryPolicy } from './retry.ts'

export type Item = Record<string, AttributeValue>

/** Both halves of every table's key. */
export interface ItemKey {
  readonly pk: Uint8Array
  readonly sk: Uint8Array
}

/** What one answered request cost, by DynamoDB's own count. */
export interface Consumed {
  readonly operation: string
  readonly readUnits: number
  readonly writeUnits: number
}

export interface DynamoOptions {
  readonly client: DynamoDBClient
  readonly retry: RetryPolicy
  /** Called for every answered request. */
  readonly onConsumed?: (consumed: Consumed) => void
  /** Called before every further attempt. */
  readonly onRetry?: (operation: string, cause: unknown) => void
}

/** DynamoDB's limits on one request. */
const KEYS_PER_BATCH_GET = 100
const ITEMS_PER_BATCH_WRITE = 25

/** Requests of one call that are under way at a time. */
const PARALLEL_BATCHES = 8

/** The attribute by which items of the tables expire: seconds since 1970. */
export const TTL_ATTRIBUTE = 'ttl'

/** Condition: nothing lies under this key yet. */
export const IS_NEW = 'attribute_not_exists(pk)'

/**
 * Opens a client whose own retries are off: ours know the deadline and count.
 * @param endpoint absent: what the AWS SDK finds by itself (AWS_ENDPOINT_URL_DYNAMODB, or the region's)
 */
export function openClient(endpoint?: string): DynamoDBClient {
  const agent = { keepAlive: true, maxSockets: 64 }
  const client = new DynamoDBClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 1,
    // the steps of a request are the same each time
    cacheMiddleware: true,
    base64Decoder: decodeBase64,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 2_000,
      requestTimeout: 10_000,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    }),
  })
  // It copies each request and answer, value by value, for a log that nobody keeps.
  client.middlewareStack.remove('loggerMiddleware')
  return client
}

/**
 * The SDK's own holds every value to a regular expression first, which for a block of 100 KB takes longer than decoding the
 * block. What is damaged is found by the checksums of what is in it.
 */
function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The requests that the stores make, each tried again while it may help; the SDK's errors stop here. */
export class Dynamo {
  readonly #options: DynamoOptions

  constructor(options: DynamoOptions) {
    this.#options = options
  }

  /** @returns the item, or undefined where there is none */
  async get(input: GetItemCommandInput): Promise<Item | undefined> {
    const command = new GetItemCommand({ ...input, ReturnConsumedCapacity: 'TOTAL' })
    const answer = await this.#send('GetItem', () => this.#options.client.send(command))
    this.#consumed('GetItem', answer.ConsumedCapacity, 'read')
    return answer.Item
  }

  /**
   * @returns the attributes that the input asks for by ReturnValues
   * @throws ConditionFailedError where the input's condition does not hold
   */
  async put(input: PutItemCommandInput): Promise<Item> {
    const command = new PutItemCommand({ ...input, ReturnConsumedCapacity: 'TOTAL' })
    const answer = await this.#send('PutItem', () => this.#options.client.send(command))
    this.#consumed('PutItem', answer.ConsumedCapacity, 'write')
    return answer.Attributes ?? {}
  }

  /**
   * @returns the attributes that the input asks for by ReturnValues
   * @throws ConditionFailedError where the input's condition does not hold
   */
  async update(input: UpdateItemCommandInput): Promise<Item> {
    const command = new UpdateItemCommand({ ...input, ReturnConsumedCapacity: 'TOTAL' })
    const answer = await this.#send('UpdateItem', () => this.#options.client.send(command))
    this.#consumed('UpdateItem', answer.ConsumedCapacity, 'write')
    return answer.Attributes ?? {}
  }

  /** @throws ConditionFailedError where the input's condition does not hold */
  async delete(input: DeleteItemCommandInput): Promise<void> {
    const command = new DeleteItemCommand({ ...input, ReturnConsumedCapacity: 'TOTAL' })
    const answer = await this.#send('DeleteItem', () => this.#options.client.send(command))
    this.#consumed('DeleteItem', answer.ConsumedCapacity, 'write')
  }

  /** @yields the items of one page after the other, until there are no more */
  async *query(input: QueryCommandInput): AsyncGenerator<Item[]> {
    let start: Item | undefined
    do {
      const command = new QueryCommand({
        ...input,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        ReturnConsumedCapacity: 'TOTAL',
      })
      const answer = await this.#send('Query', () => this.#options.client.send(command))
      this.#consumed('Query', answer.ConsumedCapacity, 'read')
      yield answer.Items ?? []
      start = answer.LastEvaluatedKey
    } while (start !== undefined)
  }

  /**
   * Reads any number of items, each key once.
   * @param keys all different
   * @returns those that are there, in no order
   */
  async batchGet(table: string, keys: readonly ItemKey[], options: { consistent: boolean }): Promise<Item[]> {
    const batches = chunksOf(keys, KEYS_PER_BATCH_GET)
    const found = await mapParallel(batches, PARALLEL_BATCHES, (batch) => this.#getBatch(table, batch, options))
    return found.flat()
  }

  async #getBatch(table: string, keys: readonly ItemKey[], options: { consistent: boolean }): Promise<Item[]> {
    const items: Item[] = []
    const backoff = new Backoff('BatchGetItem', this.#options.retry)
    let rest: Item[] = keys.map(keyOf)
    for (;;) {
      const command = new BatchGetItemCommand({
        RequestItems: { [table]: { Keys: rest, ConsistentRead: options.consistent } },
        ReturnConsumedCapacity: 'TOTAL',
      })
      const answer = await this.#send('BatchGetItem', () => this.#options.client.send(command))
      this.#consumed('BatchGetItem', answer.ConsumedCapacity, 'read')
      for (const item of answer.Responses?.[table] ?? []) items.push(item)
      rest = answer.UnprocessedKeys?.[table]?.Keys ?? []
      if (rest.length === 0) return items
      await this.#pause('BatchGetItem', backoff, new Error(`${rest.length} keys were not read`))
    }
  }

  /** Puts any number of items, unconditionally; of two with the same key, the later. Not atomic: it may fail half done. */
  async batchPut(table: string, items: readonly Item[]): Promise<void> {
    const byKey = new Map<string, Item>()
    for (const item of items) byKey.set(`${hexOf(item.pk)}/${hexOf(item.sk)}`, item)
    await mapParallel(chunksOf([...byKey.values()], ITEMS_PER_BATCH_WRITE), PARALLEL_BATCHES, (batch) =>
      this.#writeBatch(
        table,
        batch.map((item) => ({ PutRequest: { Item: item } })),
      ),
    )
  }

  /** Deletes any number of items; keys that are not there do no harm. Not atomic: it may fail half done. */
  async batchDelete(table: string, keys: readonly ItemKey[]): Promise<void> {
    await mapParallel(chunksOf(keys, ITEMS_PER_BATCH_WRITE), PARALLEL_BATCHES, (batch) =>
      this.#writeBatch(
        table,
        batch.map((key) => ({ DeleteRequest: { Key: keyOf(key) } })),
      ),
    )
  }

  async #writeBatch(table: string, requests: readonly WriteRequest[]): Promise<void> {
    const backoff = new Backoff('BatchWriteItem', this.#options.retry)
    let rest = [...requests]
    for (;;) {
      const command = new BatchWriteItemCommand({ RequestItems: { [table]: rest }, ReturnConsumedCapacity: 'TOTAL' })
      const answer = await this.#send('BatchWriteItem', () => this.#options.client.send(command))
      this.#consumed('BatchWriteItem', answer.ConsumedCapacity, 'write')
      rest = answer.UnprocessedItems?.[table] ?? []
      if (rest.length === 0) return
      await this.#pause('BatchWriteItem', backoff, new Error(`${rest.length} items were not written`))
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#options.client.destroy()
  }

  async #send<T>(operation: string, attempt: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(operation, this.#options.retry)
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') {
          throw new ConditionFailedError(operation, error)
        }
        if (!isTransient(error)) throw new StoreRefusedError(operation, error)
        await this.#pause(operation, backoff, error)
      }
    }
  }

  async #pause(operation: string, backoff: Backoff, cause: unknown): Promise<void> {
    await backoff.pause(cause)
    this.#options.onRetry?.(operation, cause)
  }

  #consumed(
    operation: string,
    capacity: ConsumedCapacity | ConsumedCapacity[] | undefined,
    direction: 'read' | 'write',
  ): void {
    if (this.#options.onConsumed === undefined) return
    const parts = Array.isArray(capacity) ? capacity : [capacity]
    const units = parts.reduce((sum, part) => sum + (part?.CapacityUnits ?? 0), 0)
    this.#options.onConsumed({
      operation,
      readUnits: direction === 'read' ? units : 0,
      writeUnits: direction === 'write' ? units : 0,
    })
  }
}

/** A key as DynamoDB's attributes. */
export function keyOf({ pk, sk }: ItemKey): { pk: AttributeValue.BMember; sk: AttributeValue.BMember } {
  return { pk: { B: pk }, sk: { B: sk } }
}

/** A number as a DynamoDB attribute. */
export function numberOf(value: number): AttributeValue.NMember {
  return { N: String(value) }
}

function hexOf(attribute: AttributeValue | undefined): string {
  return attribute?.B === undefined ? '' : Buffer.from(attribute.B).toString('hex')
}
