import type {
  DeleteItemCommandInput,
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

/** Names of one answer where all are gone through: what is done with each costs more than reading it. */
export const FORWARDS_PAGE = 1000

/** What a store's tsdb-uid says of itself. */
export interface UidSettings {
  /** Bytes of metric, tagk and tagv UIDs: `3,3,4`. */
  readonly widths: string
  /** Goes up whenever a name is changed or deleted. */
  readonly epoch: number
}

/** What a UID stands for. */
export interface NamedUid {
  readonly uid: number
  readonly name: string
  /** Seconds since 1970 at which the name was first seen; 0 where that was before it was noted. */
  readonly created: number
}

/** The tsdb-uid table in our own words. Nothing is cached here. */
export class UidTable {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #widths: UidWidths
  readonly #clock: () => number

  /** @param clock milliseconds since 1970 */
  constructor(dynamo: Dynamo, table: string, widths: UidWidths, clock: () => number = Date.now) {
    this.#dynamo = dynamo
    this.#table = table
    this.#widths = widths
    this.#clock = clock
  }

  /** @returns the UIDs of those names that have one, strongly consistently */
  async uidsOf(kind: UidKind, names: readonly string[]): Promise<Map<string, number>> {
    const keys = names.map((name) => nameKey(kind, name))
    const items = await this.#dynamo.batchGet(this.#table, keys, { consistent: true })
    return new Map(items.map((item) => [textOf(bytesAt(item, 'sk')), numberAt(item, 'uid')]))
  }

  /** @returns the names of those UIDs that have one, strongly consistently */
  async namesOf(kind: UidKind, uids: readonly number[]): Promise<Map<number, string>> {
    const named = await this.readUids(kind, uids)
    return new Map([...named].map(([uid, { name }]) => [uid, name]))
  }

  /** @returns what those UIDs stand for that have a name, strongly consistently. @param uids each once */
  async readUids(kind: UidKind, uids: readonly number[]): Promise<Map<number, NamedUid>> {
    const keys = uids.map((uid) => uidKey(kind, uid, this.#widths[kind]))
    const items = await this.#dynamo.batchGet(this.#table, keys, { consistent: true })
    return new Map(
      items.map((item) => {
        const uid = numberAt(item, 'uid')
        return [uid, { uid, name: textAt(item, 'text'), created: Number(item.created?.N ?? 0) }]
      }),
    )
  }

  /** How many UIDs of a kind were given away: the greatest there is. */
  async given(kind: UidKind): Promise<number> {
    const item = await this.#dynamo.get({ TableName: this.#table, Key: keyOf(counterKey(kind)), ConsistentRead: true })
    return item === undefined ? 0 : numberAt(item, 'given')
  }

  /**
   * Names of a kind with their UIDs, in order of the names' UTF-8 bytes, strongly consistently.
   * @param prefix what they start with
   * @param after the name behind which to begin; '' for the first
   * @param pageSize names of one answer
   * @yields those of one answer after the other
   */
  async *forwards(
    kind: UidKind,
    prefix = '',
    after = '',
    pageSize = FORWARDS_PAGE,
  ): AsyncGenerator<{ name: string; uid: number }[]> {
    for await (const page of this.#dynamo.query(forwardsInput(this.#table, kind, prefix, after, pageSize))) {
      yield page.map((item) => ({ name: textOf(bytesAt(item, 'sk')), uid: numberAt(item, 'uid') }))
    }
  }

  /**
   * Lets a UID stand for another name.
   * @throws ConditionFailedError where it stands for neither
   */
  async renameReverse(kind: UidKind, uid: number, from: string, to: string): Promise<void> {
    await this.#dynamo.update(renameReverseInput(this.#table, kind, uid, from, to, this.#widths[kind]))
  }

  /** Takes a name its UID, if it is this one. Its reverse stays, so that the UID is never given to another name. */
  async deleteForward(kind: UidKind, name: string, uid: number): Promise<void> {
    try {
      await this.#dynamo.delete(deleteForwardInput(this.#table, kind, name, uid))
    } catch (error) {
      // gone already, by an attempt of ours whose answer was lost or by somebody else
      if (!(error instanceof ConditionFailedError)) throw error
    }
  }

  /** Lets everybody who caches names look again, within a minute. */
  async raiseEpoch(): Promise<void> {
    await this.#dynamo.update({
      TableName: this.#table,
      Key: keyOf(uidSettingsKey()),
      UpdateExpression: 'ADD epoch :one',
      ExpressionAttributeValues: { ':one': numberOf(1) },
    })
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
      await this.#dynamo.put(
        putReverseInput(this.#table, kind, uid, name, this.#widths[kind], Math.floor(this.#clock() / 1000)),
      )
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
  createdS: number,
): PutItemCommandInput {
  return {
    TableName: table,
    Item: {
      ...keyOf(uidKey(kind, uid, width)),
      uid: numberOf(uid),
      text: { S: name },
      created: numberOf(createdS),
    },
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

export function forwardsInput(
  table: string,
  kind: UidKind,
  prefix: string,
  after: string,
  pageSize: number,
): QueryCommandInput {
  const ofKind = 'pk = :kind'
  const startsWithPrefix = 'begins_with(sk, :prefix)'
  return {
    TableName: table,
    KeyConditionExpression: prefix === '' ? ofKind : `${ofKind} AND ${startsWithPrefix}`,
    ExpressionAttributeValues: {
      ':kind': { B: namesPk(kind) },
      ...(prefix === '' ? {} : { ':prefix': { B: Buffer.from(prefix, 'utf8') } }),
    },
    ...(after === '' ? {} : { ExclusiveStartKey: keyOf(nameKey(kind, after)) }),
    ConsistentRead: true,
    Limit: pageSize,
  }
}

export function renameReverseInput(
  table: string,
  kind: UidKind,
  uid: number,
  from: string,
  to: string,
  width: number,
): UpdateItemCommandInput {
  const isOneOfThem = '#text = :from OR #text = :to'
  return {
    TableName: table,
    Key: keyOf(uidKey(kind, uid, width)),
    UpdateExpression: 'SET #text = :to',
    ConditionExpression: isOneOfThem,
    ExpressionAttributeNames: { '#text': 'text' },
    ExpressionAttributeValues: { ':from': { S: from }, ':to': { S: to } },
  }
}

export function deleteForwardInput(table: string, kind: UidKind, name: string, uid: number): DeleteItemCommandInput {
  return {
    TableName: table,
    Key: keyOf(nameKey(kind, name)),
    ConditionExpression: 'uid = :uid',
    ExpressionAttributeValues: { ':uid': numberOf(uid) },
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
