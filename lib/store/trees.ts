import type { DeleteItemCommandInput, PutItemCommandInput, QueryCommandInput } from '@aws-sdk/client-dynamodb'
import { ByteReader, ByteWriter } from '../codec/bytes.ts'
import { decodeSeriesPage } from '../codec/series-page.ts'
import type { UidWidths } from '../model/series.ts'
import { bytesAt, numberAt, textAt } from './attributes.ts'
import { type Dynamo, IS_NEW, type Item, type ItemKey, keyOf, numberOf } from './dynamo.ts'
import { ConditionFailedError } from './errors.ts'
import { chunksOf } from './parallel.ts'
import { seriesPages } from './series-log.ts'
import {
  type BranchRef,
  branchPk,
  childKey,
  definitionKey,
  definitionsPk,
  type FailureKind,
  failureKey,
  failuresPk,
  kindOfSk,
  leafKey,
  rootKey,
  type TreeRef,
  trashKey,
  trashPk,
  waitingKey,
  waitingPk,
} from './tree-keys.ts'
import { nextVersion } from './versions.ts'

export type { BranchRef, FailureKind, TreeRef } from './tree-keys.ts'

/** A tree's definition as it is stored: its text, and the version by which a later write tells whether somebody was faster. */
export interface StoredDefinition {
  readonly treeId: number
  readonly text: string
  readonly version: number
}

/** What hangs on a branch under the hash of its name. */
export interface ChildRef {
  readonly parent: BranchRef
  readonly hash: number
}

export interface StoredLeaf {
  readonly name: string
  readonly tsuid: Uint8Array
}

/** A branch with what hangs on it, in order of hashes. */
export interface StoredBranch {
  readonly children: readonly { readonly hash: number; readonly name: string }[]
  readonly leaves: readonly StoredLeaf[]
}

/** A series that is no leaf: of a collision where the leaf lies, else why. */
export type Failure =
  | { readonly kind: 'collision'; readonly tsuid: Uint8Array; readonly hashes: readonly number[] }
  | { readonly kind: 'notMatched'; readonly tsuid: Uint8Array; readonly why: string }

/** Series of one waiting item: what is done again at most where building them is interrupted. */
const WAITING_SERIES = 5_000

/** The tsdb-tree table in our own words. Every method throws StoreUnavailableError where the store is away. */
export class TreeStore {
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

  /** The definitions of all trees in order of their ids, strongly consistently: one request. */
  async readDefinitions(): Promise<StoredDefinition[]> {
    const items = await this.#all(partitionInput(this.#table, definitionsPk()))
    return items.map(definitionOf)
  }

  async readDefinition(treeId: number): Promise<StoredDefinition | undefined> {
    const Key = keyOf(definitionKey(treeId))
    const item = await this.#dynamo.get({ TableName: this.#table, Key, ConsistentRead: true })
    return item === undefined ? undefined : definitionOf(item)
  }

  /**
   * Stores a definition in place of the one that was read.
   * @param before its version; undefined: there was none
   * @returns false where somebody else changed it meanwhile; then nothing is stored
   */
  async putDefinition(treeId: number, text: string, before: number | undefined): Promise<boolean> {
    return this.#unlessChanged(
      () => this.#dynamo.put(putDefinitionInput(this.#table, treeId, text, before)),
      async () => (await this.readDefinition(treeId))?.text === text,
    )
  }

  /** Deletes a definition. @returns false where somebody else changed it meanwhile */
  async deleteDefinition(treeId: number, before: number): Promise<boolean> {
    return this.#unlessChanged(
      () => this.#dynamo.delete(deleteDefinitionInput(this.#table, treeId, before)),
      async () => (await this.readDefinition(treeId)) === undefined,
    )
  }

  /** Says that a tree has a root. */
  async putRoot(tree: TreeRef): Promise<void> {
    await this.#dynamo.put({ TableName: this.#table, Item: keyOf(rootKey(tree)) })
  }

  /** The names of branches that there are, by their place in the list. */
  async readChildren(refs: readonly ChildRef[]): Promise<(string | undefined)[]> {
    const found = await this.#read(refs.map(({ parent, hash }) => childKey(parent, hash)))
    return found.map((item) => item && textAt(item, 'name'))
  }

  /**
   * Puts a branch, unless there is one with the same hash whose name is not greater: which of two names of one hash is
   * shown must not hang on which came first.
   */
  async claimChild({ parent, hash }: ChildRef, name: string): Promise<void> {
    await this.#unlessChanged(
      () => this.#dynamo.put(claimChildInput(this.#table, childKey(parent, hash), name)),
      async () => true,
    )
  }

  /** The leaves that there are, by their place in the list. */
  async readLeaves(refs: readonly ChildRef[]): Promise<(StoredLeaf | undefined)[]> {
    const found = await this.#read(refs.map(({ parent, hash }) => leafKey(parent, hash)))
    return found.map((item) => item && leafOf(item))
  }

  /**
   * Puts a leaf in place of the one that was read.
   * @param before its series; undefined: there was none
   * @returns false where another series has taken the place meanwhile
   */
  async claimLeaf({ parent, hash }: ChildRef, leaf: StoredLeaf, before: Uint8Array | undefined): Promise<boolean> {
    const key = leafKey(parent, hash)
    return this.#unlessChanged(
      () => this.#dynamo.put(claimLeafInput(this.#table, key, leaf, before)),
      async () => {
        const [now] = await this.readLeaves([{ parent, hash }])
        return now !== undefined && Buffer.compare(now.tsuid, leaf.tsuid) === 0
      },
    )
  }

  /** A branch with what hangs on it, strongly consistently; undefined where there is nothing. */
  async readBranch(branch: BranchRef): Promise<StoredBranch | undefined> {
    const items = await this.#all(partitionInput(this.#table, branchPk(branch)))
    if (items.length === 0) return undefined
    const ofKind = (kind: string) => items.filter((item) => kindOfSk(bytesAt(item, 'sk')) === kind)
    return {
      children: ofKind('child').map((item) => ({ hash: hashOf(bytesAt(item, 'sk')), name: textAt(item, 'name') })),
      leaves: ofKind('leaf').map(leafOf),
    }
  }

  /** Notes series that are no leaves; the same again changes nothing. */
  async putFailures(tree: TreeRef, failures: readonly Failure[]): Promise<void> {
    const items = failures.map((failure): Item => {
      const key = keyOf(failureKey(failure.kind, tree, failure.tsuid))
      if (failure.kind === 'notMatched') return { ...key, why: { S: failure.why } }
      return { ...key, leaf: { B: hashBytes(failure.hashes) } }
    })
    await this.#dynamo.batchPut(this.#table, items)
  }

  /**
   * Series of a tree that are no leaves.
   * @param of undefined: all
   * @yields those of one answer after the other, in order of their TSUIDs where all are asked for
   */
  async *failures(kind: FailureKind, tree: TreeRef, of?: readonly Uint8Array[]): AsyncGenerator<Failure[]> {
    if (of !== undefined) {
      const found = await this.#read(of.map((tsuid) => failureKey(kind, tree, tsuid)))
      yield found.flatMap((item) => (item === undefined ? [] : [failureOf(kind, item)]))
      return
    }
    for await (const page of this.#dynamo.query(partitionInput(this.#table, failuresPk(kind, tree)))) {
      yield page.map((item) => failureOf(kind, item))
    }
  }

  /** Notes that what a tree held is to be deleted, once nobody can be adding to it any more. */
  async putTrash(tree: TreeRef): Promise<void> {
    const Item = { ...keyOf(trashKey(tree)), at: numberOf(this.#clock()) }
    await this.#dynamo.put({ TableName: this.#table, Item })
  }

  /** @returns what is to be deleted and when (milliseconds since 1970) that was noted */
  async readTrash(): Promise<(TreeRef & { readonly at: number })[]> {
    const items = await this.#all(partitionInput(this.#table, trashPk()))
    return items.map((item) => {
      const reader = new ByteReader(bytesAt(item, 'sk'), 'key of trash')
      return { treeId: reader.u16(), generation: reader.u48(), at: numberAt(item, 'at') }
    })
  }

  async deleteTrash(tree: TreeRef): Promise<void> {
    await this.#dynamo.batchDelete(this.#table, [trashKey(tree)])
  }

  /**
   * Deletes what a tree held: what hangs on a branch before the branch, so that whoever comes after an interruption finds the rest.
   * @param outOfTime asked before each branch
   * @returns whether all is gone
   */
  async deleteContent(tree: TreeRef, outOfTime: () => boolean): Promise<boolean> {
    for (const kind of ['collision', 'notMatched'] as const) {
      for await (const page of this.#dynamo.query(keysInput(this.#table, failuresPk(kind, tree)))) {
        if (outOfTime()) return false
        await this.#dynamo.batchDelete(this.#table, page.map(keyAt))
      }
    }
    return this.#deleteBranch({ ...tree, hashes: [] }, outOfTime)
  }

  async #deleteBranch(branch: BranchRef, outOfTime: () => boolean): Promise<boolean> {
    if (outOfTime()) return false
    for await (const page of this.#dynamo.query(keysInput(this.#table, branchPk(branch)))) {
      const keys = page.map(keyAt)
      for (const { sk } of keys) {
        if (kindOfSk(sk) !== 'child') continue
        const gone = await this.#deleteBranch({ ...branch, hashes: [...branch.hashes, hashOf(sk)] }, outOfTime)
        if (!gone) return false
      }
      await this.#dynamo.batchDelete(this.#table, keys)
    }
    return true
  }

  /** Leaves series for later to be put into trees. */
  async putWaiting(tsuids: readonly Uint8Array[]): Promise<void> {
    const now = this.#clock()
    const pages = chunksOf(tsuids, WAITING_SERIES).flatMap((chunk) => seriesPages(chunk, this.#widths))
    await this.#dynamo.batchPut(
      this.#table,
      pages.map((page) => ({ ...keyOf(waitingKey(now, page)), series: { B: page } })),
    )
  }

  /** @yields one item of waiting series after the other, oldest first */
  async *waiting(): AsyncGenerator<{ readonly key: ItemKey; readonly tsuids: readonly Uint8Array[] }> {
    for await (const page of this.#dynamo.query(partitionInput(this.#table, waitingPk()))) {
      for (const item of page) yield { key: keyAt(item), tsuids: decodeSeriesPage(bytesAt(item, 'series')) }
    }
  }

  async deleteWaiting(key: ItemKey): Promise<void> {
    await this.#dynamo.batchDelete(this.#table, [key])
  }

  /** @returns for each key its item, strongly consistently */
  async #read(keys: readonly ItemKey[]): Promise<(Item | undefined)[]> {
    const once = new Map(keys.map((key) => [nameOf(key), key]))
    const items = await this.#dynamo.batchGet(this.#table, [...once.values()], { consistent: true })
    const found = new Map(items.map((item) => [nameOf(keyAt(item)), item]))
    return keys.map((key) => found.get(nameOf(key)))
  }

  async #all(input: QueryCommandInput): Promise<Item[]> {
    const items: Item[] = []
    for await (const page of this.#dynamo.query(input)) items.push(...page)
    return items
  }

  /** @param isOurs asked where the condition fails: our own write, whose answer was lost, makes it fail too */
  async #unlessChanged(write: () => Promise<unknown>, isOurs: () => Promise<boolean>): Promise<boolean> {
    try {
      await write()
      return true
    } catch (error) {
      if (error instanceof ConditionFailedError) return isOurs()
      throw error
    }
  }
}

function definitionOf(item: Item): StoredDefinition {
  const treeId = new ByteReader(bytesAt(item, 'sk'), 'key of a tree').u16()
  return { treeId, text: textAt(item, 'tree'), version: numberAt(item, 'version') }
}

function leafOf(item: Item): StoredLeaf {
  return { name: textAt(item, 'name'), tsuid: bytesAt(item, 'tsuid') }
}

function failureOf(kind: FailureKind, item: Item): Failure {
  const tsuid = bytesAt(item, 'sk')
  if (kind === 'notMatched') return { kind, tsuid, why: textAt(item, 'why') }
  const reader = new ByteReader(bytesAt(item, 'leaf'), 'place of a leaf')
  const hashes: number[] = []
  while (reader.remaining > 0) hashes.push(reader.u32())
  return { kind, tsuid, hashes }
}

function hashBytes(hashes: readonly number[]): Uint8Array {
  const writer = new ByteWriter(4 * hashes.length)
  for (const hash of hashes) writer.u32(hash)
  return writer.finish()
}

function hashOf(sk: Uint8Array): number {
  return new ByteReader(sk.subarray(1), 'key of a branch').u32()
}

function keyAt(item: Item): ItemKey {
  return { pk: bytesAt(item, 'pk'), sk: bytesAt(item, 'sk') }
}

function nameOf({ pk, sk }: ItemKey): string {
  return `${Buffer.from(pk).toString('hex')}/${Buffer.from(sk).toString('hex')}`
}

export function partitionInput(table: string, pk: Uint8Array): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { B: pk } },
    ConsistentRead: true,
  }
}

export function keysInput(table: string, pk: Uint8Array): QueryCommandInput {
  return { ...partitionInput(table, pk), ProjectionExpression: 'pk, sk' }
}

export function putDefinitionInput(
  table: string,
  treeId: number,
  text: string,
  before: number | undefined,
): PutItemCommandInput {
  const version = numberOf(nextVersion(before))
  return {
    TableName: table,
    Item: { ...keyOf(definitionKey(treeId)), tree: { S: text }, version },
    ...isVersion(before),
  }
}

export function deleteDefinitionInput(table: string, treeId: number, before: number): DeleteItemCommandInput {
  return { TableName: table, Key: keyOf(definitionKey(treeId)), ...isVersion(before) }
}

/** `version` is no reserved word of DynamoDB's. */
function isVersion(version: number | undefined) {
  if (version === undefined) return { ConditionExpression: IS_NEW }
  return { ConditionExpression: 'version = :before', ExpressionAttributeValues: { ':before': numberOf(version) } }
}

export function claimChildInput(table: string, key: ItemKey, name: string): PutItemCommandInput {
  return {
    TableName: table,
    Item: { ...keyOf(key), name: { S: name } },
    ConditionExpression: `${IS_NEW} OR #name > :name`,
    ExpressionAttributeNames: { '#name': 'name' },
    ExpressionAttributeValues: { ':name': { S: name } },
  }
}

export function claimLeafInput(
  table: string,
  key: ItemKey,
  { name, tsuid }: StoredLeaf,
  before: Uint8Array | undefined,
): PutItemCommandInput {
  return {
    TableName: table,
    Item: { ...keyOf(key), name: { S: name }, tsuid: { B: tsuid } },
    ConditionExpression: before === undefined ? IS_NEW : 'tsuid = :before',
    ...(before !== undefined && { ExpressionAttributeValues: { ':before': { B: before } } }),
  }
}
