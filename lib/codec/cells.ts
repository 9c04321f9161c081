import { CorruptDataError } from '../model/errors.ts'
import { KIND_BIG, KIND_FLOAT, KIND_MS, type PointColumns } from '../model/points.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { floatLength, integerLength, withoutFloatPadding } from './cell-value.ts'
import { BadQualifierError } from './errors.ts'
import {
  badFlags,
  countQualifiers,
  FLAGS_MASK,
  FLOAT_FLAG,
  HOUR_MS,
  isValueFlags,
  LENGTH_MASK,
  MS_BYTES,
  MS_PREFIX,
  MS_SHIFT,
  S_BYTES,
  S_SHIFT,
} from './qualifier.ts'

// Points of one hour as OpenTSDB's compaction leaves them: docs/format/cells.md.

/** Last byte of several points' values: bit 0 says that qualifiers of 2 and of 4 bytes are mixed. */
const META_ONE_UNIT = 0
const META_MIXED = 1

const TWO_32 = 2 ** 32
/** A qualifier of two bytes and a value of one. */
const MIN_CELL_BYTES = 3
/** Bits between the seconds and the milliseconds prefix of a four-byte qualifier. */
const MS_PREFIX_32 = 0xf0000000

/** A column of an OpenTSDB row: its name and its value. */
export interface Column {
  readonly qualifier: Uint8Array
  readonly value: Uint8Array
}

/** What a first look at the points finds. */
interface Measure {
  /** Flag and length of each point's value, as in its qualifier. */
  readonly flags: Uint8Array
  readonly qualifierBytes: number
  /** With the byte behind several points' values. */
  readonly valueBytes: number
  readonly meta: number
}

/**
 * Points as a count and OpenTSDB's compacted column: `count <varint> | qualifiers | values`.
 * @param points in ascending order of time, each instant once, all within the hour
 * @param baseTimeS seconds since 1970 at which the hour starts
 * @throws RangeError where the points break a rule above or of their type
 */
export function encodeCells(points: PointColumns, baseTimeS: number): Uint8Array {
  const measure = measureCells(points, baseTimeS)
  const head = new ByteWriter(8).varint(points.count).finish()
  const bytes = new Uint8Array(head.length + measure.qualifierBytes + measure.valueBytes)
  bytes.set(head)
  writeQualifiers(bytes.subarray(head.length), points, baseTimeS, measure)
  writeValues(bytes.subarray(head.length + measure.qualifierBytes), points, measure)
  return bytes
}

/**
 * How many bytes encodeCells would give.
 * @throws RangeError as encodeCells
 */
export function cellsLength(points: PointColumns, baseTimeS: number): number {
  const { qualifierBytes, valueBytes } = measureCells(points, baseTimeS)
  return new ByteWriter(8).varint(points.count).length + qualifierBytes + valueBytes
}

/**
 * The mirror of encodeCells.
 * @returns arrays of exactly as many entries as there are points
 * @throws CorruptDataError (BadQualifierError where a qualifier is at fault) where the bytes are not what encodeCells gives
 */
export function decodeCells(bytes: Uint8Array, baseTimeS: number): PointColumns {
  const reader = new ByteReader(bytes, 'cells')
  const count = reader.varint()
  if (count * MIN_CELL_BYTES > reader.remaining) reader.fail(`${count} points`)
  const rest = reader.raw(reader.remaining)
  const split = findValues(rest, count)
  const points = readPoints(rest.subarray(0, split), rest.subarray(split), count, baseTimeS)
  for (let i = 1; i < count; i++) {
    if (points.times[i]! <= points.times[i - 1]!)
      throw new CorruptDataError('cells', `point ${i} is out of order`, bytes)
  }
  return points
}

/**
 * Points as a column that OpenTSDB reads: a single cell for one point, a compacted one for more.
 * @param points as for encodeCells, at least one
 * @throws RangeError as encodeCells
 */
export function encodeColumn(points: PointColumns, baseTimeS: number): Column {
  if (points.count === 0) throw new RangeError('A column without points')
  const measure = measureCells(points, baseTimeS)
  const column = { qualifier: new Uint8Array(measure.qualifierBytes), value: new Uint8Array(measure.valueBytes) }
  writeQualifiers(column.qualifier, points, baseTimeS, measure)
  writeValues(column.value, points, measure)
  return column
}

/**
 * Points of a column that OpenTSDB wrote, in the order in which they lie there; 1.x's padded floats are read right.
 * @param column one that classifyQualifier calls a point or compacted
 * @throws CorruptDataError (BadQualifierError where the qualifier is at fault) for anything else
 */
export function decodeColumn({ qualifier, value }: Column, baseTimeS: number): PointColumns {
  const count = countQualifiers(qualifier)
  if (count === 0) throw new BadQualifierError('no bytes', qualifier)
  if (count > 1) return readPoints(qualifier, value, count, baseTimeS)
  const flags = qualifier[qualifier.length - 1]! & FLAGS_MASK
  const own = (flags & FLOAT_FLAG) === 0 ? value : withoutFloatPadding(value, (flags & LENGTH_MASK) + 1)
  return readPoints(qualifier, own, 1, baseTimeS)
}

function measureCells(points: PointColumns, baseTimeS: number): Measure {
  const { count, times, values, kinds } = points
  const baseMs = baseTimeS * 1000
  const flags = new Uint8Array(count)
  let valueBytes = count > 1 ? 1 : 0
  let inMs = 0
  let before = -1
  for (let i = 0; i < count; i++) {
    const offset = times[i]! - baseMs
    const kind = kinds[i]!
    if (!(offset > before && offset < HOUR_MS) || (offset | 0) !== offset) refuseTime(points, i, baseTimeS)
    before = offset
    if ((kind & KIND_MS) !== 0) inMs++
    else if ((offset | 0) % 1000 !== 0) refuseTime(points, i, baseTimeS)

    const value = values[i]!
    let length: number
    if ((kind & KIND_FLOAT) !== 0) {
      length = floatLength(value)
      flags[i] = FLOAT_FLAG | (length - 1)
    } else {
      if ((kind & KIND_BIG) !== 0) length = bigLength(points, i)
      else if (Number.isSafeInteger(value)) length = integerLength(value)
      else throw new RangeError(`Point ${i} is no integer: ${value}`)
      flags[i] = length - 1
    }
    valueBytes += length
  }
  return {
    flags,
    qualifierBytes: S_BYTES * (count - inMs) + MS_BYTES * inMs,
    valueBytes,
    meta: inMs > 0 && inMs < count ? META_MIXED : META_ONE_UNIT,
  }
}

function refuseTime({ times, kinds }: PointColumns, i: number, baseTimeS: number): never {
  const unit = (kinds[i]! & KIND_MS) === 0 ? 'seconds' : 'milliseconds'
  throw new RangeError(
    `Point ${i}, ${times[i]} ms in ${unit}, is out of order or outside of the hour from ${baseTimeS} s`,
  )
}

function bigLength({ bigs }: PointColumns, i: number): number {
  const big = bigs.get(i)
  if (big === undefined || BigInt.asIntN(64, big) !== big)
    throw new RangeError(`Point ${i} has no 64-bit integer: ${big}`)
  return 8
}

function writeQualifiers(bytes: Uint8Array, points: PointColumns, baseTimeS: number, { flags }: Measure): void {
  const { count, times, kinds } = points
  const baseMs = baseTimeS * 1000
  let at = 0
  for (let i = 0; i < count; i++) {
    const offset = (times[i]! - baseMs) | 0
    if ((kinds[i]! & KIND_MS) === 0) {
      const bits = ((offset / 1000) << S_SHIFT) | flags[i]!
      bytes[at] = bits >>> 8
      bytes[at + 1] = bits
      at += S_BYTES
    } else {
      const bits = MS_PREFIX_32 | (offset << MS_SHIFT) | flags[i]!
      bytes[at] = bits >>> 24
      bytes[at + 1] = bits >>> 16
      bytes[at + 2] = bits >>> 8
      bytes[at + 3] = bits
      at += MS_BYTES
    }
  }
}

function writeValues(bytes: Uint8Array, points: PointColumns, { flags, meta }: Measure): void {
  const { count, values, kinds, bigs } = points
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    switch (flags[i]) {
      case 0:
        bytes[at] = value
        break
      case 1:
        view.setInt16(at, value)
        break
      case 3:
        view.setInt32(at, value)
        break
      case 7:
        if ((kinds[i]! & KIND_BIG) !== 0) view.setBigInt64(at, bigs.get(i)!)
        else {
          view.setInt32(at, Math.floor(value / TWO_32))
          view.setUint32(at + 4, value)
        }
        break
      case FLOAT_FLAG | 3:
        view.setFloat32(at, value)
        break
      default:
        view.setFloat64(at, value)
    }
    at += (flags[i]! & LENGTH_MASK) + 1
  }
  if (count > 1) bytes[at] = meta
}

/** Where the values start: behind `count` qualifiers, whose lengths their first bytes tell. */
function findValues(bytes: Uint8Array, count: number): number {
  let at = 0
  for (let i = 0; i < count; i++) at += (bytes[at]! & MS_PREFIX) === MS_PREFIX ? MS_BYTES : S_BYTES
  if (at > bytes.length) throw new CorruptDataError('cells', `${count} qualifiers in ${bytes.length} bytes`, bytes)
  return at
}

/**
 * Reads points in two rounds: qualifiers into times and flags, then values, whose bounds are known to be right by then.
 * @param qualifiers exactly those of `count` points
 */
function readPoints(qualifiers: Uint8Array, values: Uint8Array, count: number, baseTimeS: number): PointColumns {
  const times = new Float64Array(count)
  const kinds = new Uint8Array(count)
  const flags = new Uint8Array(count)
  const valueBytes = readQualifiers(qualifiers, times, kinds, flags, baseTimeS * 1000)
  const expected = count > 1 ? valueBytes + 1 : valueBytes
  if (values.length !== expected) {
    throw new CorruptDataError('cells', `values of ${values.length} bytes for ${expected}`, values)
  }
  if (count > 1) {
    const inMs = (qualifiers.length - S_BYTES * count) / (MS_BYTES - S_BYTES)
    const meta = inMs > 0 && inMs < count ? META_MIXED : META_ONE_UNIT
    const found = values[valueBytes]!
    if (found !== meta) throw new CorruptDataError('cells', `the last byte is ${found}, not ${meta}`, values)
  }
  const doubles = new Float64Array(count)
  const bigs = readValues(values, flags, doubles, kinds)
  return { count, times, values: doubles, kinds, bigs }
}

/** @returns how many bytes the values take */
function readQualifiers(
  bytes: Uint8Array,
  times: Float64Array,
  kinds: Uint8Array,
  flags: Uint8Array,
  baseMs: number,
): number {
  let valueBytes = 0
  let at = 0
  for (let i = 0; i < times.length; i++) {
    const high = (bytes[at]! << 8) | bytes[at + 1]!
    let bits = high
    let offset: number
    if (high < MS_PREFIX << 8) {
      offset = (high >>> S_SHIFT) * 1000
      at += S_BYTES
    } else {
      bits = (high << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
      offset = (bits & ~MS_PREFIX_32) >>> MS_SHIFT
      kinds[i] = KIND_MS
      at += MS_BYTES
      if ((bits & 0x30) !== 0) throw new BadQualifierError('reserved bits are set', bytes.subarray(at - MS_BYTES, at))
    }
    const own = bits & FLAGS_MASK
    if (offset >= HOUR_MS || !isValueFlags(own)) {
      const why = offset >= HOUR_MS ? `${offset} ms are beyond the hour` : badFlags(own)
      throw new BadQualifierError(why, bytes.subarray(high < MS_PREFIX << 8 ? at - S_BYTES : at - MS_BYTES, at))
    }
    times[i] = baseMs + offset
    flags[i] = own
    if (own >= FLOAT_FLAG) kinds[i]! |= KIND_FLOAT
    valueBytes += (own & LENGTH_MASK) + 1
  }
  return valueBytes
}

/** @returns the integers that no double holds; `kinds` marks them */
function readValues(
  bytes: Uint8Array,
  flags: Uint8Array,
  values: Float64Array,
  kinds: Uint8Array,
): ReadonlyMap<number, bigint> {
  const bigs = new Map<number, bigint>()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  for (let i = 0; i < flags.length; i++) {
    switch (flags[i]) {
      case 0:
        values[i] = view.getInt8(at)
        break
      case 1:
        values[i] = view.getInt16(at)
        break
      case 3:
        values[i] = view.getInt32(at)
        break
      case 7: {
        const value = view.getInt32(at) * TWO_32 + view.getUint32(at + 4)
        if (Number.isSafeInteger(value)) values[i] = value
        else {
          const big = view.getBigInt64(at)
          values[i] = Number(big)
          bigs.set(i, big)
          kinds[i]! |= KIND_BIG
        }
        break
      }
      case FLOAT_FLAG | 3:
        values[i] = view.getFloat32(at)
        break
      default:
        values[i] = view.getFloat64(at)
    }
    at += (flags[i]! & LENGTH_MASK) + 1
  }
  return bigs
}
