import type {
  GetItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { UidKind, UidWidths } from '../model/series.ts'
import { bytesAt, numberAt, textAt } from '../store/attributes.ts'
import { type Dynamo, IS_NEW, keyOf, numberOf } from '../store/dynamo.ts'
import { ConditionFailedError } from '../store/errors.ts'
import { counterKey, nameKey, namesPk, uidKey, uidSettingsKey } from '../store/keys.ts'
import { UidAlreadyAssignedError, UidTakenError, widthsText } from './errors.ts'

/** What a store's tsdb-uid says of itself. */
export interface UidSettings {
  /** Bytes of metric, tagk and tagv UIDs: `3,3,4`. */
  readonly widths: string
  /** Goes up whenever a name is changed or deleted. */
  readonly epoch: number
}

/** The tsdb-uid table in our own words. Nothing is cached here. */
export class UidTable {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #widths: UidWidths

  constructor(dynamo: Dynamo, table: string, widths: UidWidths) {
    this.#dynamo = dynamo
    this.#table = table
    this.#widths = widths
  }

  /** @returns the UIDs of those names that have one, strongly consistently */
  async uidsOf(kind: UidKind, names: readonly string[]): Promise<Map<string, number>> {
    const keys = names.map((name) => nameKey(kind, name))
    const items = await this.#dynamo.batchGet(this.#table, keys, { consistent: true })
    return new Map(items.map((item) => [textOf(bytesAt(item, 'sk')), numberAt(item, 'uid')]))
  }

  /** @returns the names of those UIDs that have one, strongly consistently */
  async namesOf(kind: UidKind, uids: readonly number[]): Promise<Map<number, string>> {
    const keys = uids.map((uid) => uidKey(kind, uid, this.#widths[kind]))
    const items = await this.#dynamo.batchGet(this.#table, keys, { consistent: true })
    return new Map(items.map((item) => [numberAt(item, 'uid'), textAt(item, 'text')]))
  }

  /**
   * Takes UIDs that nobody else gets, now or later.
   * @returns the first of `count` in a row; they may be past what the width holds
   */
  async reserve(kind: UidKind, count: number): Promise<number> {
    const last = await this.#dynamo.update(reserveInput(this.#table, kind, count))
    return numberAt(last, 'given') - count + 1
  }

  /**
   * Lets a UID stand for a name.
   * @throws UidTakenError where it stands for another
   */
  async putReverse(kind: UidKind, uid: number, name: string): Promise<void> {
    try {
      await this.#dynamo.put(putReverseInput(this.#table, kind, uid, name, this.#widths[kind]))
    } catch (error) {
      if (!(error instanceof ConditionFailedError)) throw error
      // Our own write, whose answer was lost, or another's.
      const held = await this.namesOf(kind, [uid])
      if (held.get(uid) !== name) throw new UidTakenError(kind, uid)
    }
  }

  /**
   * Lets a name have a UID. Its reverse must be there already.
   * @throws UidAlreadyAssignedError where it has another
   */
  async putForward(kind: UidKind, name: string, uid: number): Promise<void> {
    try {
      await this.#dynamo.put(putForwardInput(this.#table, kind, name, uid))
    } catch (error) {
      if (!(error instanceof ConditionFailedError)) throw error
      const winner = (await this.uidsOf(kind, [name])).get(name)
      if (winner === undefined) return this.putForward(kind, name, uid)
      if (winner !== uid) throw new UidAlreadyAssignedError(kind, name, winner)
    }
  }

  /** @returns up to `max` names that start with `prefix`, in order of their UTF-8 bytes */
  async suggest(kind: UidKind, prefix: string, max: number): Promise<string[]> {
    const names: string[] = []
    if (max < 1) return names
    for await (const page of this.#dynamo.query(suggestInput(this.#table, kind, prefix, max))) {
      for (const item of page) if (names.length < max) names.push(textOf(bytesAt(item, 'sk')))
      if (names.length >= max) break
    }
    return names
  }

  /** @returns undefined for a store that has not been used yet */
  async readSettings(): Promise<UidSettings | undefined> {
    const item = await this.#dynamo.get(readSettingsInput(this.#table))
    return item === undefined ? undefined : { widths: textAt(item, 'widths'), epoch: numberAt(item, 'epoch') }
  }

  /** Fixes the widths of a store that has not been used yet. @returns what holds now, ours or another's */
  async createSettings(): Promise<UidSettings> {
    const item = await this.#dynamo.update(createSettingsInput(this.#table, this.#widths))
    return { widths: textAt(item, 'widths'), epoch: numberAt(item, 'epoch') }
  }
}

export function reserveInput(table: string, kind: UidKind, count: number): UpdateItemCommandInput {
  return {
    TableName: table,
    Key: keyOf(counterKey(kind)),
    UpdateExpression: 'ADD given :count',
    ExpressionAttributeValues: { ':count': numberOf(count) },
    ReturnValues: 'UPDATED_NEW',
  }
}

export function putReverseInput(
  table: string,
  kind: UidKind,
  uid: number,
  name: string,
  width: number,
): PutItemCommandInput {
  return {
    TableName: table,
    Item: { ...keyOf(uidKey(kind, uid, width)), uid: numberOf(uid), text: { S: name } },
    ConditionExpression: IS_NEW,
  }
}

export function putForwardInput(table: string, kind: UidKind, name: string, uid: number): PutItemCommandInput {
  return {
    TableName: table,
    Item: { ...keyOf(nameKey(kind, name)), uid: numberOf(uid) },
    ConditionExpression: IS_NEW,
  }
}

export function suggestInput(table: string, kind: UidKind, prefix: string, max: number): QueryCommandInput {
  const ofKind = 'pk = :kind'
  const startsWithPrefix = 'begins_with(sk, :prefix)'
  return {
    TableName: table,
    KeyConditionExpression: prefix === '' ? ofKind : `${ofKind} AND ${startsWithPrefix}`,
    ExpressionAttributeValues: {
      ':kind': { B: namesPk(kind) },
      ...(prefix === '' ? {} : { ':prefix': { B: Buffer.from(prefix, 'utf8') } }),
    },
    ProjectionExpression: 'sk',
    Limit: max,
  }
}

export function readSettingsInput(table: string): GetItemCommandInput {
  return { TableName: table, Key: keyOf(uidSettingsKey()), ConsistentRead: true }
}

/** One atomic update: whoever comes first fixes the widths, and everybody learns what holds. */
export function createSettingsInput(table: string, widths: UidWidths): UpdateItemCommandInput {
  return {
    TableName: table,
    Key: keyOf(uidSettingsKey()),
    UpdateExpression: 'SET widths = if_not_exists(widths, :widths) ADD epoch :none',
    ExpressionAttributeValues: { ':widths': { S: widthsText(widths) }, ':none': numberOf(0) },
    ReturnValues: 'ALL_NEW',
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
