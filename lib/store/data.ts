import type { PutItemCommandInput, QueryCommandInput } from '@aws-sdk/client-dynamodb'
import { bytesAt, numberAt } from './attributes.ts'
import { type Dynamo, type Item, type ItemKey, keyOf, numberOf, TTL_ATTRIBUTE } from './dynamo.ts'
import { type BlockKey, blockPk, blockSk, decodeBlockKey } from './keys.ts'

export type { BlockKey } from './keys.ts'

/** A block to be stored. */
export interface BlockPut {
  readonly key: BlockKey
  readonly bytes: Uint8Array
  /** Seconds since 1970 after which the store may forget it; absent: never. */
  readonly expiresAtS?: number
}

/** A block that is there, without its content. */
export interface StoredBlock extends BlockKey {
  readonly item: ItemKey
}

/** A block as it was read. */
export interface KeyedBlock {
  readonly sk: Uint8Array
  readonly bytes: Uint8Array
  /** Seconds since 1970 after which the store may forget it; absent: never. */
  readonly expiresAtS?: number
}

/** Which blocks of an hour: those with sort keys from `from` on and up to `to`, both included. */
export interface SkRange {
  /** @default the first there is */
  readonly from?: Uint8Array
  /** @default the last there is */
  readonly to?: Uint8Array
}

/** The blocks in the tsdb table. */
export class DataStore {
  readonly #dynamo: Dynamo
  readonly #table: string

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
   * @param from the sort key of the first block to read @default that of the first there is
   * @throws StoreUnavailableError
   */
  async readBlocks(shelf: number, baseTime: number, from?: Uint8Array): Promise<Uint8Array[]> {
    const blocks: Uint8Array[] = []
    for await (const page of this.readBlockPages(shelf, baseTime, from)) blocks.push(...page)
    return blocks
  }

  /**
   * readBlocks for hours of any size.
   * @yields what one request answers, about 1 MB
   * @throws StoreUnavailableError
   */
  async *readBlockPages(shelf: number, baseTime: number, from?: Uint8Array): AsyncGenerator<Uint8Array[]> {
    const range = from === undefined ? {} : { from }
    for await (const page of this.readKeyedBlocks(shelf, baseTime, range)) yield page.map(({ bytes }) => bytes)
  }

  /** readBlockPages with what else the blocks' items say. */
  async *readKeyedBlocks(shelf: number, baseTime: number, range: SkRange = {}): AsyncGenerator<KeyedBlock[]> {
    for await (const page of this.#dynamo.query(readBlocksInput(this.#table, shelf, baseTime, range))) {
      yield page.map(keyedBlock)
    }
  }

  /**
   * The sort keys of blocks of an hour of a shelf, ascending, strongly consistently. Takes the units of reading them, but
   * not their transfer.
   * @throws StoreUnavailableError
   */
  async blockSks(shelf: number, baseTime: number, range: SkRange = {}): Promise<Uint8Array[]> {
    const sks: Uint8Array[] = []
    const input = { ...readBlocksInput(this.#table, shelf, baseTime, range), ProjectionExpression: 'sk' }
    for await (const page of this.#dynamo.query(input)) for (const item of page) sks.push(bytesAt(item, 'sk'))
    return sks
  }

  /**
   * Some blocks of an hour of a shelf, strongly consistently.
   * @param sks sort keys, each once
   * @returns those that are there, in no order
   * @throws StoreUnavailableError
   */
  async getBlocks(shelf: number, baseTime: number, sks: readonly Uint8Array[]): Promise<KeyedBlock[]> {
    const pk = blockPk(shelf, baseTime)
    const keys = sks.map((sk) => ({ pk, sk }))
    return (await this.#dynamo.batchGet(this.#table, keys, { consistent: true })).map(keyedBlock)
  }

  /**
   * What the keys of an hour's blocks say, strongly consistently. Costs as much as reading them.
   * @throws StoreUnavailableError
   */
  async blocksOf(shelf: number, baseTime: number): Promise<StoredBlock[]> {
    const blocks: StoredBlock[] = []
    const input = { ...readBlocksInput(this.#table, shelf, baseTime), ProjectionExpression: 'pk, sk' }
    for await (const page of this.#dynamo.query(input)) {
      for (const found of page) {
        const item = { pk: bytesAt(found, 'pk'), sk: bytesAt(found, 'sk') }
        blocks.push({ ...decodeBlockKey(item.pk, item.sk), item })
      }
    }
    return blocks
  }

  /**
   * Deletes blocks, for the write units that putting them took.
   * @throws StoreUnavailableError; some may be deleted then
   */
  async deleteBlocks(blocks: readonly StoredBlock[]): Promise<void> {
    await this.#dynamo.batchDelete(
      this.#table,
      blocks.map(({ item }) => item),
    )
  }
}

function keyedBlock(item: Item): KeyedBlock {
  const expiry = item[TTL_ATTRIBUTE] && { expiresAtS: numberAt(item, TTL_ATTRIBUTE) }
  return { sk: bytesAt(item, 'sk'), bytes: bytesAt(item, 'block'), ...expiry }
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

export function readBlocksInput(
  table: string,
  shelf: number,
  baseTime: number,
  { from, to }: SkRange = {},
): QueryCommandInput {
  const bounds = [
    ...(from === undefined ? [] : [['sk >= :from', ':from', from] as const]),
    ...(to === undefined ? [] : [['sk <= :to', ':to', to] as const]),
  ]
  const isBetween = bounds.length === 2
  return {
    TableName: table,
    KeyConditionExpression: [
      'pk = :hour',
      ...(isBetween ? ['sk BETWEEN :from AND :to'] : bounds.map(([condition]) => condition)),
    ].join(' AND '),
    ExpressionAttributeValues: {
      ':hour': { B: blockPk(shelf, baseTime) },
      ...Object.fromEntries(bounds.map(([, name, sk]) => [name, { B: sk }])),
    },
    ConsistentRead: true,
  }
}
