import { CorruptDataError } from '../model/errors.ts'

// The value of an OpenTSDB cell: an integer of 1, 2, 4 or 8 bytes, two's complement, or an IEEE 754 float of 4 or 8; both
// big-endian. How many bytes it takes is in the qualifier.

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n

/**
 * The fewest bytes that hold an integer.
 * @param value whole, a magnitude up to 2^53 - 1
 * @returns 1, 2, 4 or 8
 */
export function integerLength(value: number): number {
  if (value >= -0x80 && value <= 0x7f) return 1
  if (value >= -0x8000 && value <= 0x7fff) return 2
  if (value >= -0x80000000 && value <= 0x7fffffff) return 4
  return 8
}

/**
 * The fewest bytes that hold a double bit for bit.
 * @returns 4 or 8
 */
export function floatLength(value: number): number {
  // The sign of zero survives the rounding; what it makes of NaN is NaN.
  return Math.fround(value) === value || Number.isNaN(value) ? 4 : 8
}

/**
 * An integer in the fewest bytes.
 * @throws RangeError where it takes more than 64 bits
 */
export function encodeInteger(value: bigint): Uint8Array {
  if (value < MIN_INT64 || value > MAX_INT64) throw new RangeError(`${value} takes more than 64 bits`)
  const near = Number(value)
  const length = Number.isSafeInteger(near) ? integerLength(near) : 8
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, value)
  return bytes.subarray(8 - length)
}

/**
 * The mirror of encodeInteger.
 * @throws CorruptDataError for other lengths than 1, 2, 4 and 8
 */
export function decodeInteger(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length === 1) return BigInt(view.getInt8(0))
  if (bytes.length === 2) return BigInt(view.getInt16(0))
  if (bytes.length === 4) return BigInt(view.getInt32(0))
  if (bytes.length === 8) return view.getBigInt64(0)
  throw new CorruptDataError('integer', `${bytes.length} bytes`, bytes)
}

/** A double in the fewest bytes. */
export function encodeFloat(value: number): Uint8Array {
  const bytes = new Uint8Array(floatLength(value))
  const view = new DataView(bytes.buffer)
  if (bytes.length === 4) view.setFloat32(0, value)
  else view.setFloat64(0, value)
  return bytes
}

/**
 * The mirror of encodeFloat.
 * @throws CorruptDataError for other lengths than 4 and 8
 */
export function decodeFloat(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length === 4) return view.getFloat32(0)
  if (bytes.length === 8) return view.getFloat64(0)
  throw new CorruptDataError('float', `${bytes.length} bytes`, bytes)
}

/**
 * OpenTSDB 1.x wrote floats of 4 bytes on 8, the first 4 of them zero, under a qualifier that says 4.
 * @param length bytes of the float as its qualifier says
 * @returns the value's bytes without that padding; as they are where there is none
 * @throws CorruptDataError where the first 4 of such 8 bytes are not zero
 */
export function withoutFloatPadding(bytes: Uint8Array, length: number): Uint8Array {
  if (length !== 4 || bytes.length !== 8) return bytes
  if (bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0) return bytes.subarray(4)
  throw new CorruptDataError('float', '8 bytes for 4, and the first are not zero', bytes)
}
