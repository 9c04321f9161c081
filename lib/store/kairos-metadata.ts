import type { QueryCommandInput } from '@aws-sdk/client-dynamodb'
import { ByteReader, ByteWriter } from '../codec/bytes.ts'
import { bytesAt, textAt } from './attributes.ts'
import { type Dynamo, type ItemKey, keyOf } from './dynamo.ts'

/** First byte of partition keys in tsdb-meta. */
const KAIROS_METADATA = 0x0d

/** What a value of KairosDB's metadata lies under. */
export interface MetadataKey {
  readonly service: string
  readonly serviceKey: string
  readonly key: string
}

/** Texts that KairosDB's clients keep beside the points, by service, service key and key. */
export class KairosMetadataStore {
  readonly #dynamo: Dynamo
  readonly #table: string

  constructor(dynamo: Dynamo, table: string) {
    this.#dynamo = dynamo
    this.#table = table
  }

  /** @returns the value, strongly consistently; undefined where there is none. @throws StoreUnavailableError */
  async read(key: MetadataKey): Promise<string | undefined> {
    const Key = keyOf(metadataKey(key))
    const item = await this.#dynamo.get({ TableName: this.#table, Key, ConsistentRead: true })
    return item === undefined ? undefined : textAt(item, 'value')
  }

  /** Sets a value. @throws StoreUnavailableError */
  async write(key: MetadataKey, value: string): Promise<void> {
    await this.#dynamo.put({ TableName: this.#table, Item: { ...keyOf(metadataKey(key)), value: { S: value } } })
  }

  /** Deletes a value, if there is one. @throws StoreUnavailableError */
  async remove(key: MetadataKey): Promise<void> {
    await this.#dynamo.delete({ TableName: this.#table, Key: keyOf(metadataKey(key)) })
  }

  /**
   * The keys of a service, or of one of its service keys, in order of the bytes of both.
   * @throws StoreUnavailableError
   */
  async list(service: string, serviceKey?: string): Promise<Omit<MetadataKey, 'service'>[]> {
    const found: Omit<MetadataKey, 'service'>[] = []
    for await (const page of this.#dynamo.query(listInput(this.#table, service, serviceKey))) {
      for (const item of page) {
        const reader = new ByteReader(bytesAt(item, 'sk'), 'metadata key')
        const name = Buffer.from(reader.raw(reader.u16())).toString('utf8')
        found.push({ serviceKey: name, key: Buffer.from(reader.raw(reader.remaining)).toString('utf8') })
      }
    }
    return found
  }
}

/** Where a value lies: the service key with its length first, so that no key can be mistaken for a part of it. */
export function metadataKey({ service, serviceKey, key }: MetadataKey): ItemKey {
  return {
    pk: servicePk(service),
    sk: new ByteWriter(64).raw(serviceKeyStart(serviceKey)).raw(Buffer.from(key, 'utf8')).finish(),
  }
}

function servicePk(service: string): Uint8Array {
  return new ByteWriter(64).u8(KAIROS_METADATA).raw(Buffer.from(service, 'utf8')).finish()
}

function serviceKeyStart(serviceKey: string): Uint8Array {
  const bytes = Buffer.from(serviceKey, 'utf8')
  return new ByteWriter(64).u16(bytes.length).raw(bytes).finish()
}

export function listInput(table: string, service: string, serviceKey: string | undefined): QueryCommandInput {
  const ofService = 'pk = :service'
  return {
    TableName: table,
    KeyConditionExpression: serviceKey === undefined ? ofService : `${ofService} AND begins_with(sk, :serviceKey)`,
    ExpressionAttributeValues: {
      ':service': { B: servicePk(service) },
      ...(serviceKey !== undefined && { ':serviceKey': { B: serviceKeyStart(serviceKey) } }),
    },
    ProjectionExpression: 'sk',
    ConsistentRead: true,
  }
}
