import { deflateRawSync } from 'node:zlib'
import { CorruptDataError } from '../../model/errors.ts'
import { ByteWriter } from '../bytes.ts'
import { inflate } from './inflate.ts'

/** Deflate's greatest effort: a row is written once and kept for years. */
export const DEFLATE_LEVEL = 9

/** A zigzag varint of a number below 2^52 is at most so long. */
const MAX_VARINT_BYTES = 8

/**
 * Codes numbers as zigzag varints, deflated: best where whole stretches come again, which no adaptive history sees.
 * @param numbers whole, of a magnitude below 2^52
 */
export function encodeDeflated(numbers: Float64Array): Uint8Array {
  const varints = new ByteWriter(numbers.length * 2 + 16)
  for (let i = 0; i < numbers.length; i++) varints.zigzag(numbers[i]!)
  return deflateRawSync(varints.finish(), { level: DEFLATE_LEVEL, memLevel: 9 })
}

/**
 * The mirror of encodeDeflated.
 * @param numbers gets as many numbers as it is long
 * @throws CorruptDataError where the bytes do not inflate to exactly so many varints
 */
export function decodeDeflated(bytes: Uint8Array, numbers: Float64Array): void {
  const varints = inflate(bytes, numbers.length * MAX_VARINT_BYTES)
  let at = 0
  for (let i = 0; i < numbers.length; i++) {
    let byte = varints[at++]!
    let value = byte & 0x7f
    for (let scale = 128; byte >= 0x80; scale *= 128) {
      byte = varints[at++]!
      value += (byte & 0x7f) * scale
    }
    numbers[i] = value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  // A read behind the end gives undefined, which ends a varint, so that a damaged one can't loop; it is noticed here.
  if (at !== varints.length)
    throw new CorruptDataError('chunk', `${varints.length} bytes of varints, ${at} wanted`, bytes)
}
