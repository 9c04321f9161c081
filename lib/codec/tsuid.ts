import { CorruptDataError } from '../model/errors.ts'
import type { UidWidths } from '../model/series.ts'
import { murmur3 } from './murmur3.ts'

/** A series by its UIDs. Tags are sorted by tag key UID. */
export interface Tsuid {
  readonly metric: number
  readonly tags: readonly (readonly [tagk: number, tagv: number])[]
}

/** Writes `value` big-endian into `width` bytes at `at`; UIDs, like every key part, sort as bytes as they do as numbers. */
export function writeUid(bytes: Uint8Array, at: number, width: number, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 256 ** width) {
    throw new RangeError(`The UID ${value} does not fit in ${width} bytes`)
  }
  let rest = value
  for (let i = at + width - 1; i >= at; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

/** The mirror of writeUid. */
export function readUid(bytes: Uint8Array, at: number, width: number): number {
  let value = 0
  if (width <= 4) {
    for (let i = at; i < at + width; i++) value = (value << 8) | bytes[i]!
    return value >>> 0
  }
  for (let i = at; i < at + width; i++) value = value * 256 + bytes[i]!
  return value
}

/** How many bytes the TSUID of a series with so many tags has. */
export function tsuidLength(tagCount: number, widths: UidWidths): number {
  return widths.metric + tagCount * (widths.tagk + widths.tagv)
}

/**
 * A series' TSUID: the metric UID, then the pairs of tag key and tag value UIDs in ascending order of the key, all
 * big-endian, as OpenTSDB writes it.
 * @param tags pairs of UIDs, in any order
 * @throws RangeError where a UID does not fit its width
 */
export function encodeTsuid(
  metric: number,
  tags: readonly (readonly [tagk: number, tagv: number])[],
  widths: UidWidths,
): Uint8Array {
  const bytes = new Uint8Array(tsuidLength(tags.length, widths))
  writeUid(bytes, 0, widths.metric, metric)
  let at = widths.metric
  const sorted = isSortedByKey(tags) ? tags : [...tags].sort((a, b) => a[0] - b[0])
  for (const [tagk, tagv] of sorted) {
    writeUid(bytes, at, widths.tagk, tagk)
    writeUid(bytes, at + widths.tagk, widths.tagv, tagv)
    at += widths.tagk + widths.tagv
  }
  return bytes
}

/**
 * The mirror of encodeTsuid.
 * @throws CorruptDataError where the length is not that of a metric and whole pairs
 */
export function decodeTsuid(bytes: Uint8Array, widths: UidWidths): Tsuid {
  const pair = widths.tagk + widths.tagv
  if (bytes.length < widths.metric || (bytes.length - widths.metric) % pair !== 0) {
    throw new CorruptDataError('TSUID', `${bytes.length} bytes are not a metric and whole tag pairs`, bytes)
  }
  const tags: [number, number][] = []
  for (let at = widths.metric; at < bytes.length; at += pair) {
    tags.push([readUid(bytes, at, widths.tagk), readUid(bytes, at + widths.tagk, widths.tagv)])
  }
  return { metric: readUid(bytes, 0, widths.metric), tags }
}

/** The form that people and OpenTSDB's API write: upper-case hex. */
export function tsuidToHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase()
}

/**
 * The mirror of tsuidToHex; takes either case.
 * @throws CorruptDataError where the text is not whole bytes of hex
 */
export function tsuidFromHex(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) throw new CorruptDataError('TSUID', `"${hex}" is not hex`)
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

/** The order of TSUIDs everywhere: unsigned byte by byte, as DynamoDB orders binary keys. */
export function compareTsuids(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

/** What spreads series over shelves and salts: MurmurHash3 (x86, 32 bits, seed 0) of the TSUID's bytes, unsigned. */
export function hashTsuid(bytes: Uint8Array): number {
  return murmur3(bytes)
}

function isSortedByKey(tags: readonly (readonly [number, number])[]): boolean {
  for (let i = 1; i < tags.length; i++) if (tags[i - 1]![0] > tags[i]![0]) return false
  return true
}
