import { KIND_BIG, KIND_FLOAT } from '../model/points.ts'

/**
 * How Java prints what OpenTSDB puts into its messages, so that clients which match them find what they know.
 */

/** Java's String.hashCode, spread as HashMap spreads it. */
function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash ^ (hash >>> 16)
}

/**
 * The entries in the order in which a java.util.HashMap walks them: OpenTSDB checks and prints tags in it.
 * @param entries with distinct keys, in order of insertion
 */
export function javaMapOrder<T extends readonly [key: string, value: unknown]>(entries: readonly T[]): T[] {
  // a HashMap has 16 buckets and doubles them once it is more than three quarters full
  let buckets = 16
  while (entries.length > buckets * 0.75) buckets *= 2
  const bucketOf = (entry: T): number => javaHash(entry[0]) & (buckets - 1)
  return [...entries].sort((a, b) => bucketOf(a) - bucketOf(b))
}

/** Map.toString: `{host=a, dc=b}`. */
export function javaMapText(entries: readonly (readonly [string, string | null])[]): string {
  return `{${entries.map(([key, value]) => `${key}=${value}`).join(', ')}}`
}

/**
 * A value as OpenTSDB names it in a message: its bytes as signed numbers and its flags, `[1]/0`.
 * @param kind KIND_ bits of the value
 * @param big the exact integer where `kind` has KIND_BIG
 */
export function javaValueText(value: number, kind: number, big: bigint | undefined): string {
  const bytes = Buffer.alloc(8)
  let length = 8
  if ((kind & KIND_FLOAT) !== 0) {
    if (Math.fround(value) === value) length = bytes.writeFloatBE(value)
    else bytes.writeDoubleBE(value)
  } else if ((kind & KIND_BIG) !== 0 && big !== undefined) bytes.writeBigInt64BE(big)
  else if (value >= -0x80 && value < 0x80) length = bytes.writeInt8(value)
  else if (value >= -0x8000 && value < 0x8000) length = bytes.writeInt16BE(value)
  else if (value >= -0x8000_0000 && value < 0x8000_0000) length = bytes.writeInt32BE(value)
  else bytes.writeBigInt64BE(BigInt(value))
  const flags = (length - 1) | ((kind & KIND_FLOAT) !== 0 ? 8 : 0)
  return `[${[...new Int8Array(bytes.buffer, bytes.byteOffset, length)].join(', ')}]/${flags}`
}
