import { KIND_BIG, KIND_FLOAT, type PointColumns } from '../../model/points.ts'
import { type ByteReader, ByteWriter } from '../bytes.ts'
import { MAX_SCALE, NO_SCALE, POWERS_OF_TEN, scaleOf, toScaled } from '../decimal.ts'
import { DEFLATED, encodeNumbers, readNumbers } from './numbers.ts'
import { DIFFERENCE, decodeWords, encodeWords } from './words.ts'

/** Set in the codec of values that are whole numbers of 10^-scale: the scale follows. */
const DECIMAL = 8
const CODEC = 7

/** Integers may be so far from the row's first, so that the difference of any two is coded exactly. */
const MAX_BIG_DISTANCE = 2n ** 50n

const NO_BIGS: ReadonlyMap<number, bigint> = new Map()

/** Values as bytes. */
export interface CodedValues {
  readonly codec: number
  /** Must be given to readValues alone: their count tells where they end. */
  readonly bytes: Uint8Array
}

/** Codes the values of a row's points, at least one, by whatever suits them. */
export function encodeValues(points: PointColumns): CodedValues {
  return hasBigs(points.kinds.subarray(0, points.count)) ? encodeIntegers(points) : encodeDecimals(points)
}

/**
 * The mirror of encodeValues: reads all that the reader has left.
 * @param kinds KIND_ bits of all points
 * @param values gets as many; all zero before
 * @returns the integers that no double holds
 * @throws CorruptDataError
 */
export function readValues(
  reader: ByteReader,
  codec: number,
  kinds: Uint8Array,
  values: Float64Array,
): ReadonlyMap<number, bigint> {
  const numbers = codec & CODEC
  const isDecimal = (codec & DECIMAL) !== 0
  const big = hasBigs(kinds)
  if (numbers > DIFFERENCE || (isDecimal && (numbers > DEFLATED || big))) reader.fail(`values of the codec ${codec}`)
  if (numbers > DEFLATED) return readWords(reader, numbers, kinds, values)
  if (big) return readIntegers(reader, numbers, kinds, values)
  const scale = isDecimal ? reader.u8() : 0
  if (scale > MAX_SCALE) reader.fail(`the scale ${scale}`)
  readDecimals(reader, numbers, scale, values)
  return NO_BIGS
}

/** Integers and decimals: the first scaled value, then how far the others are from it. */
function encodeDecimals(points: PointColumns): CodedValues {
  const scale = scaleOf(points)
  if (scale === NO_SCALE) return encodeDoubles(points)
  const first = toScaled(points.values[0]!, scale)
  const numbers = new Float64Array(points.count)
  for (let i = 0; i < numbers.length; i++) numbers[i] = toScaled(points.values[i]!, scale) - first
  const { codec, bytes } = encodeNumbers(numbers, true)
  const writer = new ByteWriter(bytes.length + 16)
  if (scale !== 0) writer.u8(scale)
  writer.zigzag(first).raw(bytes)
  return { codec: scale === 0 ? codec : codec | DECIMAL, bytes: writer.finish() }
}

function readDecimals(reader: ByteReader, codec: number, scale: number, values: Float64Array): void {
  const first = reader.zigzag()
  readNumbers(reader, codec, values)
  const count = values.length
  if (scale !== 0) {
    const power = POWERS_OF_TEN[scale]!
    for (let i = 0; i < count; i++) values[i] = (values[i]! + first) / power
  } else if (first !== 0) for (let i = 0; i < count; i++) values[i] = values[i]! + first
}

/** Integers some of which no double holds: the first in 8 bytes, then how far the others are from it. */
function encodeIntegers(points: PointColumns): CodedValues {
  const first = integerAt(points, 0)
  const numbers = new Float64Array(points.count)
  for (let i = 0; i < numbers.length; i++) {
    const distance = integerAt(points, i) - first
    const isFloat = (points.kinds[i]! & KIND_FLOAT) !== 0
    if (isFloat || distance > MAX_BIG_DISTANCE || distance < -MAX_BIG_DISTANCE) return encodeDoubles(points)
    numbers[i] = Number(distance)
  }
  const { codec, bytes } = encodeNumbers(numbers, true)
  return { codec, bytes: new ByteWriter(bytes.length + 8).i64(first).raw(bytes).finish() }
}

function readIntegers(reader: ByteReader, codec: number, kinds: Uint8Array, values: Float64Array) {
  const first = reader.i64()
  readNumbers(reader, codec, values)
  const bigs = new Map<number, bigint>()
  for (let i = 0; i < kinds.length; i++) {
    const distance = values[i]!
    if (!Number.isSafeInteger(distance)) reader.fail(`an integer ${distance} above the first`)
    const integer = BigInt.asIntN(64, first + BigInt(distance))
    values[i] = Number(integer)
    if ((kinds[i]! & KIND_BIG) !== 0) bigs.set(i, integer)
  }
  return bigs
}

/** Anything: the doubles' 64 bits and the integers that no double holds as two's complement. */
function encodeDoubles(points: PointColumns): CodedValues {
  const words = points.values.slice(0, points.count)
  const view = new DataView(words.buffer)
  for (const [i, big] of points.bigs) if (i < words.length) view.setBigInt64(i * 8, big, true)
  return encodeWords(new Uint32Array(words.buffer))
}

function readWords(reader: ByteReader, codec: number, kinds: Uint8Array, values: Float64Array) {
  decodeWords(codec, reader.raw(reader.remaining), new Uint32Array(values.buffer, values.byteOffset, values.length * 2))
  if (!hasBigs(kinds)) return NO_BIGS
  const bigs = new Map<number, bigint>()
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength)
  for (let i = 0; i < kinds.length; i++) {
    if ((kinds[i]! & KIND_BIG) === 0) continue
    const big = view.getBigInt64(i * 8, true)
    bigs.set(i, big)
    values[i] = Number(big)
  }
  return bigs
}

function hasBigs(kinds: Uint8Array): boolean {
  for (let i = 0; i < kinds.length; i++) if ((kinds[i]! & KIND_BIG) !== 0) return true
  return false
}

/** A point's exact integer; 0 for a double. */
function integerAt({ values, bigs, kinds }: PointColumns, index: number): bigint {
  if ((kinds[index]! & KIND_FLOAT) !== 0) return 0n
  return bigs.get(index) ?? BigInt(values[index]!)
}
