import { TsdbError } from '../model/errors.ts'
import type { Fields } from '../model/json-fields.ts'
import { UID_KINDS, type UidKind, type UidWidths } from '../model/series.ts'
import type { Document, DocumentStore } from '../store/documents.ts'
import { uidToHex } from '../uid/hex.ts'
import type { NamedUid, UidTable } from '../uid/table.ts'
import { changed, changesOf, described, type FieldTypes } from './document-fields.ts'

/** The fields of a name's document. */
const FIELDS = {
  displayName: 'text',
  description: 'text',
  notes: 'text',
  custom: 'custom',
} as const satisfies FieldTypes

/** What is known of a name, as OpenTSDB's UIDMeta has it. */
export interface UidMeta {
  /** Hex. */
  readonly uid: string
  readonly type: 'METRIC' | 'TAGK' | 'TAGV'
  readonly name: string
  /** Seconds since 1970 at which the name was first seen; 0 where nobody noted it. */
  readonly created: number
  readonly [field: string]: unknown
}

/** What the documents of names lie in. */
export interface UidMetaStore {
  readonly uidTable: Pick<UidTable, 'readUids'>
  readonly documents: Pick<DocumentStore, 'read' | 'change'>
  readonly uids: { readonly widths: UidWidths; epoch(): Promise<number> }
}

/** When no name has the UID. */
export class UnknownUidError extends TsdbError {
  constructor(kind: UidKind, uid: string) {
    super('uid.unknown', 404, 'Could not find the requested UID', {
      details: `No such unique ID for '${kind}': ${uid}`,
    })
  }
}

/**
 * What is known of some UIDs' names.
 * @returns by UID; those that no name has are not there
 */
export async function readUidMetas(
  store: UidMetaStore,
  kind: UidKind,
  uids: readonly number[],
): Promise<Map<number, UidMeta>> {
  await store.uids.epoch()
  const once = [...new Set(uids)]
  const [named, documents] = await Promise.all([
    store.uidTable.readUids(kind, once),
    store.documents.read(
      'uidmeta',
      once.map((uid) => uidMetaId(kind, uid)),
    ),
  ])
  return new Map(
    [...named].map(([uid, one]) => [uid, describeUid(store, kind, one, documents.get(hexOf(uidMetaId(kind, uid))))]),
  )
}

/** @throws UnknownUidError */
export async function readUidMeta(store: UidMetaStore, kind: UidKind, uid: number): Promise<UidMeta> {
  const meta = (await readUidMetas(store, kind, [uid])).get(uid)
  if (meta === undefined) throw new UnknownUidError(kind, uidToHex(uid, store.uids.widths[kind]))
  return meta
}

/**
 * Writes a name's document.
 * @param fields those of the request; others than FIELDS are passed over
 * @param overwrite whether what the request does not set is forgotten
 * @param maxBytes bytes that the document may have as JSON
 * @returns what is known then; undefined where the request sets nothing
 * @throws UnknownUidError
 */
export async function writeUidMeta(
  store: UidMetaStore,
  kind: UidKind,
  uid: number,
  fields: Fields,
  overwrite: boolean,
  maxBytes: number,
): Promise<UidMeta | undefined> {
  const changes = changesOf(FIELDS, fields)
  if (Object.keys(changes).length === 0) return undefined
  await readUidMeta(store, kind, uid)
  await store.documents.change('uidmeta', uidMetaId(kind, uid), (before) =>
    changed(before, changes, overwrite, maxBytes),
  )
  return readUidMeta(store, kind, uid)
}

/** Forgets a name's document; its name and UID stay. */
export async function deleteUidMeta(store: UidMetaStore, kind: UidKind, uid: number): Promise<void> {
  await readUidMeta(store, kind, uid)
  await store.documents.change('uidmeta', uidMetaId(kind, uid), () => undefined)
}

/** The id of a name's document: its kind and its UID. */
export function uidMetaId(kind: UidKind, uid: number): Uint8Array {
  const id = new Uint8Array(7)
  id[0] = UID_KINDS.indexOf(kind) + 1
  new DataView(id.buffer).setUint16(1, Math.floor(uid / 2 ** 32))
  new DataView(id.buffer).setUint32(3, uid % 2 ** 32)
  return id
}

/** The mirror of uidMetaId. */
export function parseUidMetaId(id: Uint8Array): { kind: UidKind; uid: number } | undefined {
  const kind = UID_KINDS[(id[0] ?? 0) - 1]
  if (kind === undefined || id.length !== 7) return undefined
  const view = new DataView(id.buffer, id.byteOffset, id.length)
  return { kind, uid: view.getUint16(1) * 2 ** 32 + view.getUint32(3) }
}

function describeUid(
  { uids }: UidMetaStore,
  kind: UidKind,
  { uid, name, created }: NamedUid,
  document: Document | undefined,
): UidMeta {
  const type = kind === 'metric' ? 'METRIC' : kind === 'tagk' ? 'TAGK' : 'TAGV'
  return { uid: uidToHex(uid, uids.widths[kind]), type, name, created, ...described(FIELDS, document) }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
