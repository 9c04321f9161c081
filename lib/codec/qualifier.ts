import { BadQualifierError } from './errors.ts'

// OpenTSDB's column qualifiers: docs/format/cells.md. A qualifier says when in its hour a point is, whether its value is a
// float, and how many bytes the value takes. Its first four bits tell the two forms apart: 1111 would be a second beyond
// the hour.

/** Flag, in a qualifier's last four bits: the value is a float; without it, an integer. */
export const FLOAT_FLAG = 0x8
/** Bits of a qualifier that hold the value's length in bytes, less 1. */
export const LENGTH_MASK = 0x7
/** Flag and length together. */
export const FLAGS_MASK = FLOAT_FLAG | LENGTH_MASK
/** Places that seconds are shifted by in a qualifier of two bytes. */
export const S_SHIFT = 4
/** Places that milliseconds are shifted by in a qualifier of four bytes; two of them are reserved and 0. */
export const MS_SHIFT = 6
const MS_RESERVED = 0x30
/** The first byte of a four-byte qualifier, in its upper half. */
export const MS_PREFIX = 0xf0
const MS_PREFIX_32 = 0xf0000000

export const S_BYTES = 2
export const MS_BYTES = 4

/** Milliseconds of a row. */
export const HOUR_MS = 3_600_000
const HOUR_S = 3600

/** First bytes of the qualifiers that name no points; all of these have an odd length. */
const ANNOTATION = 0x01
const APPENDED = 0x05
const HISTOGRAM = 0x06

/** What a qualifier says of a point. */
export interface Qualifier {
  /** Since the row's base time, in `unit`; within the hour. */
  readonly offset: number
  readonly unit: 's' | 'ms'
  readonly kind: 'int' | 'float'
  /** Bytes of the value: 1, 2, 4 or 8 for an integer, 4 or 8 for a float. */
  readonly length: number
}

/** What lies under a column of an OpenTSDB row. */
export type ColumnKind =
  | { readonly column: 'point'; readonly qualifier: Qualifier }
  /** Several points: their qualifiers one after another. */
  | { readonly column: 'compacted'; readonly count: number }
  | { readonly column: 'annotation' | 'histogram'; readonly offset: number; readonly unit: 's' | 'ms' }
  /** All points of the row, appended as they came: qualifiers and values take turns in the value (OpenTSDB 2.2). */
  | { readonly column: 'appended' }

/**
 * A point's qualifier.
 * @returns 2 bytes for seconds, 4 for milliseconds
 * @throws RangeError for an offset outside of the hour or a length that the kind does not have
 */
export function encodeQualifier({ offset, unit, kind, length }: Qualifier): Uint8Array {
  const limit = unit === 's' ? HOUR_S : HOUR_MS
  if (!(Number.isInteger(offset) && offset >= 0 && offset < limit)) throw new RangeError(`No offset ${offset} ${unit}`)
  const flags = (kind === 'float' ? FLOAT_FLAG : 0) | (length - 1)
  if (!isValueFlags(flags)) throw new RangeError(`No ${kind} of ${length} bytes`)
  const bytes = new Uint8Array(unit === 's' ? S_BYTES : MS_BYTES)
  const view = new DataView(bytes.buffer)
  if (unit === 's') view.setUint16(0, (offset << S_SHIFT) | flags)
  else view.setUint32(0, (MS_PREFIX_32 | (offset << MS_SHIFT) | flags) >>> 0)
  return bytes
}

/**
 * The mirror of encodeQualifier.
 * @throws BadQualifierError where the bytes are not exactly one point's qualifier
 */
export function decodeQualifier(bytes: Uint8Array): Qualifier {
  if (bytes.length === 0) throw new BadQualifierError('no bytes', bytes)
  const expected = qualifierBytes(bytes[0]!)
  if (bytes.length !== expected) throw new BadQualifierError(`${bytes.length} bytes for ${expected}`, bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bits = expected === S_BYTES ? view.getUint16(0) : view.getUint32(0)
  if (!isValueFlags(bits & FLAGS_MASK)) throw new BadQualifierError(badFlags(bits & FLAGS_MASK), bytes)
  const kind = (bits & FLOAT_FLAG) === 0 ? 'int' : 'float'
  const length = (bits & LENGTH_MASK) + 1
  if (expected === S_BYTES) {
    const offset = bits >>> S_SHIFT
    if (offset >= HOUR_S) throw new BadQualifierError(`${offset} s are beyond the hour`, bytes)
    return { offset, unit: 's', kind, length }
  }
  if ((bits & MS_RESERVED) !== 0) throw new BadQualifierError('reserved bits are set', bytes)
  const offset = (bits & ~MS_PREFIX_32) >>> MS_SHIFT
  if (offset >= HOUR_MS) throw new BadQualifierError(`${offset} ms are beyond the hour`, bytes)
  return { offset, unit: 'ms', kind, length }
}

/**
 * Bytes of the qualifier that starts with this byte.
 * @returns 2 or 4
 */
export function qualifierBytes(firstByte: number): number {
  return (firstByte & MS_PREFIX) === MS_PREFIX ? MS_BYTES : S_BYTES
}

/** Whether a qualifier's last four bits are those of an integer of 1, 2, 4 or 8 bytes or a float of 4 or 8. */
export function isValueFlags(flags: number): boolean {
  return flags === 0 || flags === 1 || flags === 3 || flags === 7 || flags === 0xb || flags === 0xf
}

/** For messages: what is wrong with a qualifier's last four bits. */
export function badFlags(flags: number): string {
  return `no ${(flags & FLOAT_FLAG) === 0 ? 'integer' : 'float'} has ${(flags & LENGTH_MASK) + 1} bytes`
}

/**
 * How many points' qualifiers lie one after another in some bytes.
 * @throws BadQualifierError where the last one is cut
 */
export function countQualifiers(bytes: Uint8Array): number {
  let count = 0
  let at = 0
  while (at < bytes.length) {
    at += qualifierBytes(bytes[at]!)
    count++
  }
  if (at > bytes.length) throw new BadQualifierError('the last qualifier is cut', bytes)
  return count
}

/**
 * Tells what a column of an OpenTSDB row holds. Points have qualifiers of an even length; an odd length starts with a byte
 * that says what else it is: 01 annotation and 06 histogram, with 2 bytes of seconds or 4 of milliseconds; 05 0000 appended.
 * @throws BadQualifierError for what is none of these
 */
export function classifyQualifier(bytes: Uint8Array): ColumnKind {
  if (bytes.length === 0) throw new BadQualifierError('no bytes', bytes)
  if (bytes.length % 2 === 0) {
    if (bytes.length === qualifierBytes(bytes[0]!)) return { column: 'point', qualifier: decodeQualifier(bytes) }
    return { column: 'compacted', count: countQualifiers(bytes) }
  }
  const prefix = bytes[0]!
  if (prefix === ANNOTATION) return { column: 'annotation', ...decodeOffset(bytes) }
  if (prefix === HISTOGRAM) return { column: 'histogram', ...decodeOffset(bytes) }
  if (prefix === APPENDED && bytes.length === 3 && bytes[1] === 0 && bytes[2] === 0) return { column: 'appended' }
  throw new BadQualifierError(`${bytes.length} bytes that start with ${prefix}`, bytes)
}

/** The offset behind the first byte of an annotation's or a histogram's qualifier; it has no flags. */
function decodeOffset(bytes: Uint8Array): { offset: number; unit: 's' | 'ms' } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length === 3 && view.getUint16(1) < HOUR_S) return { offset: view.getUint16(1), unit: 's' }
  if (bytes.length === 5 && view.getUint32(1) < HOUR_MS) return { offset: view.getUint32(1), unit: 'ms' }
  throw new BadQualifierError(`${bytes.length} bytes without an offset within the hour`, bytes)
}
