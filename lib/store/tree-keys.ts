import { ByteWriter } from '../codec/bytes.ts'
import type { ItemKey } from './dynamo.ts'
import { contentHash } from './keys.ts'

// The keys of the items of tsdb-tree; docs/format/tables.md draws them.

/** First bytes of partition keys. */
const DEFINITIONS = 0x01
const BRANCHES = 0x02
const COLLISIONS = 0x03
const NOT_MATCHED = 0x04
const TRASH = 0x05
const WAITING = 0x06

/** First bytes of sort keys in a branch's partition. */
const ROOT = 0x00
const CHILD = 0x01
const LEAF = 0x02

/** What a tree holds from one emptying to the next. */
export interface TreeRef {
  readonly treeId: number
  readonly generation: number
}

/** A branch: the hashes of its names from below the root on; none for the root itself. */
export interface BranchRef extends TreeRef {
  readonly hashes: readonly number[]
}

/** What a tree keeps of series that are not leaves of it. */
export type FailureKind = 'collision' | 'notMatched'

export function definitionsPk(): Uint8Array {
  return Uint8Array.of(DEFINITIONS)
}

export function definitionKey(treeId: number): ItemKey {
  return { pk: definitionsPk(), sk: new ByteWriter(2).u16(treeId).finish() }
}

/** Where the children and the leaves of a branch lie. */
export function branchPk({ treeId, generation, hashes }: BranchRef): Uint8Array {
  const writer = new ByteWriter(9 + 4 * hashes.length).u8(BRANCHES).u16(treeId).u48(generation)
  for (const hash of hashes) writer.u32(hash)
  return writer.finish()
}

/** The item that says a tree has a root. */
export function rootKey(tree: TreeRef): ItemKey {
  return { pk: branchPk({ ...tree, hashes: [] }), sk: Uint8Array.of(ROOT) }
}

/** A branch in its parent's partition. */
export function childKey(parent: BranchRef, hash: number): ItemKey {
  return { pk: branchPk(parent), sk: new ByteWriter(5).u8(CHILD).u32(hash).finish() }
}

export function leafKey(parent: BranchRef, hash: number): ItemKey {
  return { pk: branchPk(parent), sk: new ByteWriter(5).u8(LEAF).u32(hash).finish() }
}

/** What kind of item of a branch's partition a sort key names. */
export function kindOfSk(sk: Uint8Array): 'root' | 'child' | 'leaf' {
  return sk[0] === CHILD ? 'child' : sk[0] === LEAF ? 'leaf' : 'root'
}

export function failuresPk(kind: FailureKind, { treeId, generation }: TreeRef): Uint8Array {
  const first = kind === 'collision' ? COLLISIONS : NOT_MATCHED
  return new ByteWriter(9).u8(first).u16(treeId).u48(generation).finish()
}

export function failureKey(kind: FailureKind, tree: TreeRef, tsuid: Uint8Array): ItemKey {
  return { pk: failuresPk(kind, tree), sk: tsuid }
}

export function trashPk(): Uint8Array {
  return Uint8Array.of(TRASH)
}

/** A tree's former content that is to be deleted. */
export function trashKey({ treeId, generation }: TreeRef): ItemKey {
  return { pk: trashPk(), sk: new ByteWriter(8).u16(treeId).u48(generation).finish() }
}

export function waitingPk(): Uint8Array {
  return Uint8Array.of(WAITING)
}

/** Series that wait to be put into trees. @param writtenAt milliseconds since 1970 */
export function waitingKey(writtenAt: number, page: Uint8Array): ItemKey {
  return { pk: waitingPk(), sk: new ByteWriter(14).u48(writtenAt).raw(contentHash(page)).finish() }
}
