import { randomBytes } from 'node:crypto'
import type { DeleteItemCommandInput, PutItemCommandInput, QueryCommandInput } from '@aws-sdk/client-dynamodb'
import { ByteReader, ByteWriter } from '../codec/bytes.ts'
import { bytesAt, numberAt, textAt } from './attributes.ts'
import { type Dynamo, IS_NEW, type Item, type ItemKey, keyOf, numberOf } from './dynamo.ts'
import { ConditionFailedError } from './errors.ts'
import { mapParallel } from './parallel.ts'
import { nextVersion } from './versions.ts'

/** What people write about things that have an id: their fields by name. */
export type Document = Readonly<Record<string, unknown>>

/** What documents are about. */
export const DOCUMENT_KINDS = ['tsmeta', 'uidmeta'] as const
export type DocumentKind = (typeof DOCUMENT_KINDS)[number]

/** First bytes of partition keys in tsdb-meta. */
const DOCUMENTS = 0x06
const DOCUMENT_INDEX = 0x07

/** Bytes of a value that the index keeps: what is longer is found by its beginning. */
const INDEXED_BYTES = 256

/** Index items that are deleted at a time. */
const PARALLEL_DELETES = 8

/** Bytes by which an index item is told from one that was put again. */
const STAMP_BYTES = 8

/** How often a change is made again because somebody else changed the document meanwhile. */
const MAX_ATTEMPTS = 20

/** A document as it lies in the store. */
interface Stored {
  readonly document: Document
  readonly version: number
}

/**
 * Documents of tsdb-meta, and an index of the beginnings of their texts, in lower case. The index is written before the
 * document and taken away after it, unless somebody else has put it again: it may name documents that no longer match, never
 * miss one that does. Who searches looks at the documents.
 */
export class DocumentStore {
  readonly #dynamo: Dynamo
  readonly #table: string

  constructor(dynamo: Dynamo, table: string) {
    this.#dynamo = dynamo
    this.#table = table
  }

  /**
   * The documents of those ids that have one, by id in hex, strongly consistently.
   * @param ids each once
   * @throws StoreUnavailableError
   */
  async read(kind: DocumentKind, ids: readonly Uint8Array[]): Promise<Map<string, Document>> {
    const items = await this.#dynamo.batchGet(
      this.#table,
      ids.map((id) => documentKey(kind, id)),
      { consistent: true },
    )
    return new Map(items.map((item) => [hexOf(idOf(item)), storedOf(item).document]))
  }

  /**
   * Changes a document. Of several changes at once none is lost.
   * @param change from what there is, undefined for nothing, to what there is to be, undefined to delete it; called again
   * where the document changed meanwhile
   * @returns what `change` made of it
   * @throws StoreUnavailableError, and what `change` throws
   */
  async change<T extends Document | undefined>(
    kind: DocumentKind,
    id: Uint8Array,
    change: (before: Document | undefined) => T,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.#get(kind, id)
      const after = change(before?.document)
      try {
        await this.#replace(kind, id, before, after)
        return after
      } catch (error) {
        if (!(error instanceof ConditionFailedError) || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  async #get(kind: DocumentKind, id: Uint8Array): Promise<Stored | undefined> {
    const Key = keyOf(documentKey(kind, id))
    const item = await this.#dynamo.get({ TableName: this.#table, Key, ConsistentRead: true })
    return item === undefined ? undefined : storedOf(item)
  }

  async #replace(
    kind: DocumentKind,
    id: Uint8Array,
    before: Stored | undefined,
    after: Document | undefined,
  ): Promise<void> {
    const [old, fresh] = [before?.document, after].map((document) => indexKeys(kind, id, document ?? {}))
    // As they are before the document changes: what is put from then on is somebody else's.
    const gone = await this.#dynamo.batchGet(this.#table, missingFrom(fresh ?? [], old ?? []), { consistent: true })
    const stamp = randomBytes(STAMP_BYTES)
    await this.#dynamo.batchPut(
      this.#table,
      missingFrom(old ?? [], fresh ?? []).map((key) => ({ ...keyOf(key), id: { B: id }, stamp: { B: stamp } })),
    )
    if (after !== undefined) await this.#dynamo.put(putDocumentInput(this.#table, kind, id, after, before?.version))
    else if (before !== undefined) await this.#dynamo.delete(deleteDocumentInput(this.#table, kind, id, before.version))
    await mapParallel(gone, PARALLEL_DELETES, (item) => this.#deleteIndex(item))
  }

  async #deleteIndex(item: Item): Promise<void> {
    try {
      await this.#dynamo.delete(deleteIndexInput(this.#table, item))
    } catch (error) {
      // put again for a later document, or gone by an attempt whose answer was lost
      if (!(error instanceof ConditionFailedError)) throw error
    }
  }

  /**
   * Ids of documents of which a field is, or begins with, a text, whatever its case; some may have been changed since.
   * @param field a field's name, that of a custom one as `custom.NAME`
   * @param whole whether the field is to be that text and not only to begin with it
   * @yields those of one answer after the other
   */
  async *search(kind: DocumentKind, field: string, text: string, whole: boolean): AsyncGenerator<Uint8Array[]> {
    for await (const page of this.#dynamo.query(searchInput(this.#table, kind, field, text, whole))) {
      yield page.map((item) => bytesAt(item, 'id'))
    }
  }
}

/** The texts of a document, by the names that they are searched under. */
export function textsOf(document: Document): [field: string, text: string][] {
  return Object.entries(document).flatMap(([name, value]): [string, string][] => {
    if (typeof value === 'string') return value === '' ? [] : [[name, value]]
    if (typeof value !== 'object' || value === null) return []
    return textsOf({ ...value }).map(([inner, text]) => [`${name}.${inner}`, text])
  })
}

/** A text as it is compared. */
export function folded(text: string): string {
  return text.toLowerCase()
}

/** Where a document lies. */
export function documentKey(kind: DocumentKind, id: Uint8Array): ItemKey {
  const pk = new ByteWriter(2 + id.length).u8(DOCUMENTS).u8(DOCUMENT_KINDS.indexOf(kind) + 1)
  return { pk: pk.raw(id).finish(), sk: Uint8Array.of(0) }
}

function idOf(item: Item): Uint8Array {
  const reader = new ByteReader(bytesAt(item, 'pk'), 'document key')
  reader.raw(2)
  return reader.raw(reader.remaining)
}

function storedOf(item: Item): Stored {
  return { document: { ...JSON.parse(textAt(item, 'document')) }, version: numberAt(item, 'version') }
}

/** A field's name may be long, and a partition key 2048 bytes. */
function indexPk(kind: DocumentKind, field: string): Uint8Array {
  const name = Buffer.from(field, 'utf8').subarray(0, INDEXED_BYTES)
  return new ByteWriter(64)
    .u8(DOCUMENT_INDEX)
    .u8(DOCUMENT_KINDS.indexOf(kind) + 1)
    .raw(name)
    .finish()
}

function indexedBytes(text: string): Uint8Array {
  return Buffer.from(folded(text), 'utf8').subarray(0, INDEXED_BYTES)
}

/** The index items of a document. */
export function indexKeys(kind: DocumentKind, id: Uint8Array, document: Document): ItemKey[] {
  return textsOf(document).map(([field, text]) => ({
    pk: indexPk(kind, field),
    sk: new ByteWriter(64).raw(indexedBytes(text)).u8(0).raw(id).finish(),
  }))
}

/** Those of `keys` that are not among `others`. */
function missingFrom(others: readonly ItemKey[], keys: readonly ItemKey[]): ItemKey[] {
  const known = new Set(others.map(nameOf))
  return keys.filter((key) => !known.has(nameOf(key)))
}

function nameOf({ pk, sk }: ItemKey): string {
  return `${hexOf(pk)}/${hexOf(sk)}`
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** @param version that of the document which this one replaces; undefined: there is none */
export function putDocumentInput(
  table: string,
  kind: DocumentKind,
  id: Uint8Array,
  document: Document,
  version: number | undefined,
): PutItemCommandInput {
  return {
    TableName: table,
    Item: {
      ...keyOf(documentKey(kind, id)),
      document: { S: JSON.stringify(document) },
      version: numberOf(nextVersion(version)),
    },
    ...isVersion(version),
  }
}

export function deleteDocumentInput(
  table: string,
  kind: DocumentKind,
  id: Uint8Array,
  version: number,
): DeleteItemCommandInput {
  return { TableName: table, Key: keyOf(documentKey(kind, id)), ...isVersion(version) }
}

/** @param item of the index as it was read; those of stores that knew no stamps have none */
export function deleteIndexInput(table: string, item: Item): DeleteItemCommandInput {
  const Key = keyOf({ pk: bytesAt(item, 'pk'), sk: bytesAt(item, 'sk') })
  const { stamp } = item
  if (stamp === undefined) return { TableName: table, Key, ConditionExpression: 'attribute_not_exists(stamp)' }
  return {
    TableName: table,
    Key,
    ConditionExpression: 'stamp = :stamp',
    ExpressionAttributeValues: { ':stamp': stamp },
  }
}

function isVersion(version: number | undefined) {
  if (version === undefined) return { ConditionExpression: IS_NEW }
  return { ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': numberOf(version) } }
}

export function searchInput(
  table: string,
  kind: DocumentKind,
  field: string,
  text: string,
  whole: boolean,
): QueryCommandInput {
  const ofField = 'pk = :field'
  const start = new ByteWriter(64).raw(indexedBytes(text))
  const prefix = whole && indexedBytes(text).length < INDEXED_BYTES ? start.u8(0).finish() : start.finish()
  const startsWithText = 'begins_with(sk, :text)'
  return {
    TableName: table,
    KeyConditionExpression: prefix.length === 0 ? ofField : `${ofField} AND ${startsWithText}`,
    ExpressionAttributeValues: {
      ':field': { B: indexPk(kind, field) },
      ...(prefix.length === 0 ? {} : { ':text': { B: prefix } }),
    },
    ConsistentRead: true,
  }
}
