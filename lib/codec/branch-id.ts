import { ByteWriter } from './bytes.ts'

/** Bytes of a tree's id at the start of a branch's. */
export const TREE_ID_BYTES = 2

/** Bytes of each level of a branch's id. */
export const LEVEL_BYTES = 4

/**
 * Java's String.hashCode: s[0]*31^(n-1) + ... + s[n-1] over UTF-16 code units, modulo 2^32.
 * @returns it as OpenTSDB's ids hold it, unsigned
 */
export function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash >>> 0
}

/**
 * The id of a branch as OpenTSDB makes it: the tree's id, then the hash of each display name below the root, big-endian.
 * @param hashes javaHash of each name, from the level below the root on
 */
export function encodeBranchId(tree: number, hashes: readonly number[]): Uint8Array {
  const writer = new ByteWriter(TREE_ID_BYTES + hashes.length * LEVEL_BYTES).u16(tree)
  for (const hash of hashes) writer.u32(hash)
  return writer.finish()
}

/** A branch's id as the API writes it: upper-case hex. */
export function branchIdToHex(tree: number, hashes: readonly number[]): string {
  return Buffer.from(encodeBranchId(tree, hashes)).toString('hex').toUpperCase()
}

/**
 * The mirror of branchIdToHex; takes either case.
 * @returns undefined where the text is no branch's id
 */
export function branchIdFromHex(hex: string): { tree: number; hashes: number[] } | undefined {
  const digits = 2 * TREE_ID_BYTES
  if (!/^[0-9a-f]+$/i.test(hex) || hex.length < digits || (hex.length - digits) % (2 * LEVEL_BYTES) !== 0)
    return undefined
  const hashes = hex.slice(digits).match(/.{8}/g) ?? []
  return { tree: Number.parseInt(hex.slice(0, digits), 16), hashes: hashes.map((hash) => Number.parseInt(hash, 16)) }
}
