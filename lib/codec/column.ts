import type { ByteReader, ByteWriter } from './bytes.ts'

// A column is a run of numbers whose count the reader knows, written as one type byte and then the type's own bytes. New
// types may be added; a reader refuses those it does not know. All types allow reading a part of the column without
// going through what lies before it.

/** All entries are the same: the entry follows. */
const CONSTANT = 0
/**
 * Byte planes: the width in bytes, then the lowest byte of every entry, then the next byte of every entry, and so on. A
 * plane of like bytes costs deflate next to nothing, so one large entry does not make the others dear.
 */
const PLANES = 1

/** The greatest magnitude that an integer column takes: its zigzag form is still an exact double. */
export const MAX_COLUMN_INTEGER = 2 ** 52 - 1

const TWO_31 = 2 ** 31
const TWO_32 = 2 ** 32
const MAX_WIDTH = 7

/**
 * Appends a column of integers: CONSTANT with a zigzag varint, or PLANES of the zigzag form.
 * @param values whole numbers of a magnitude up to MAX_COLUMN_INTEGER
 * @param count how many of them, from the first on
 */
export function writeIntegers(writer: ByteWriter, values: Float64Array, count: number): void {
  const first = count === 0 ? 0 : values[0]!
  let constant = true
  let magnitude = 0
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    if (value !== first) constant = false
    const size = value < 0 ? -value : value
    if (size > magnitude) magnitude = size
  }
  if (magnitude > MAX_COLUMN_INTEGER) throw new RangeError(`${magnitude} is too large for an integer column`)
  if (constant) {
    writer.u8(CONSTANT).zigzag(first)
    return
  }
  const width = bytesOf(magnitude * 2)
  const planes = new Uint8Array(count * width)
  if (magnitude < TWO_31) fillPlanes32(planes, values, count, width)
  else fillPlanes53(planes, values, count, width)
  writer.u8(PLANES).u8(width).raw(planes)
}

/**
 * Reads entries `from` (inclusive) to `to` (exclusive) of a column of `count` integers and moves behind the column.
 * @throws CorruptDataError for an unknown type or width, or where bytes are missing
 */
export function readIntegers(reader: ByteReader, count: number, from = 0, to = count): Float64Array {
  const type = reader.u8()
  if (type === CONSTANT) {
    const value = reader.zigzag()
    const values = new Float64Array(to - from)
    return value === 0 ? values : values.fill(value)
  }
  if (type !== PLANES) reader.fail(`the unknown integer column type ${type}`)
  const width = reader.u8()
  if (width < 1 || width > MAX_WIDTH) reader.fail(`an integer column of ${width} bytes`)
  const planes = reader.raw(count * width)
  const values = new Float64Array(to - from)
  if (width <= 4) gatherPlanes32(planes, values, count, from, width)
  else gatherPlanes53(planes, values, count, from, width)
  return values
}

/**
 * Appends a column of doubles, bit for bit: CONSTANT with 8 bytes big-endian, or PLANES of 8 bytes.
 * @param count how many of `values`, from the first on
 */
export function writeDoubles(writer: ByteWriter, values: Float64Array, count: number): void {
  const first = count === 0 ? 0 : values[0]!
  let constant = true
  for (let i = 0; i < count && constant; i++) constant = Object.is(values[i]!, first)
  if (constant) {
    writer.u8(CONSTANT).f64(first)
    return
  }
  // Every platform that Node runs on here is little-endian: byte 0 of a double is its lowest.
  const bytes = new Uint8Array(values.buffer, values.byteOffset, count * 8)
  const planes = new Uint8Array(count * 8)
  for (let plane = 0; plane < 8; plane++) {
    const at = plane * count
    for (let i = 0, byte = plane; i < count; i++, byte += 8) planes[at + i] = bytes[byte]!
  }
  writer.u8(PLANES).u8(8).raw(planes)
}

/** The mirror of writeDoubles; parameters and errors as readIntegers. */
export function readDoubles(reader: ByteReader, count: number, from = 0, to = count): Float64Array {
  const type = reader.u8()
  if (type === CONSTANT) return new Float64Array(to - from).fill(reader.f64())
  if (type !== PLANES) reader.fail(`the unknown double column type ${type}`)
  const width = reader.u8()
  if (width !== 8) reader.fail(`a double column of ${width} bytes`)
  const planes = reader.raw(count * 8)
  const values = new Float64Array(to - from)
  const bytes = new Uint8Array(values.buffer)
  for (let plane = 0; plane < 8; plane++) {
    const at = plane * count + from
    for (let i = 0, byte = plane; i < values.length; i++, byte += 8) bytes[byte] = planes[at + i]!
  }
  return values
}

/** Appends a column of bytes: CONSTANT with the byte, or PLANES of width 1. */
export function writeBytes(writer: ByteWriter, values: Uint8Array, count: number): void {
  const first = count === 0 ? 0 : values[0]!
  let constant = true
  for (let i = 1; i < count && constant; i++) constant = values[i] === first
  if (constant) writer.u8(CONSTANT).u8(first)
  else writer.u8(PLANES).u8(1).raw(values.subarray(0, count))
}

/** The mirror of writeBytes; parameters and errors as readIntegers. The answer may be a view of what is being read. */
export function readBytes(reader: ByteReader, count: number, from = 0, to = count): Uint8Array {
  const type = reader.u8()
  if (type === CONSTANT) return new Uint8Array(to - from).fill(reader.u8())
  if (type !== PLANES) reader.fail(`the unknown byte column type ${type}`)
  const width = reader.u8()
  if (width !== 1) reader.fail(`a byte column of ${width} bytes`)
  return reader.raw(count).subarray(from, to)
}

/** How many bytes a whole number takes; 1 for 0. */
function bytesOf(value: number): number {
  let width = 1
  for (let rest = value; rest >= 256; rest = Math.floor(rest / 256)) width++
  return width
}

/** For magnitudes below 2^31: the zigzag form is 32-bit arithmetic. */
function fillPlanes32(planes: Uint8Array, values: Float64Array, count: number, width: number): void {
  for (let i = 0; i < count; i++) {
    const value = values[i]! | 0
    let zigzag = (value << 1) ^ (value >> 31)
    for (let at = i, plane = 0; plane < width; plane++, at += count) {
      planes[at] = zigzag
      zigzag >>>= 8
    }
  }
}

function fillPlanes53(planes: Uint8Array, values: Float64Array, count: number, width: number): void {
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    const zigzag = value < 0 ? -value * 2 - 1 : value * 2
    let rest = zigzag % TWO_32
    let at = i
    for (let plane = 0; plane < width; plane++, at += count) {
      if (plane === 4) rest = Math.floor(zigzag / TWO_32)
      planes[at] = rest % 256
      rest = Math.floor(rest / 256)
    }
  }
}

function gatherPlanes32(planes: Uint8Array, values: Float64Array, count: number, from: number, width: number): void {
  const length = values.length
  // The narrow widths are nearly all there is, and worth a loop each without an inner one.
  if (width === 1) {
    for (let i = 0; i < length; i++) {
      const zigzag = planes[from + i]!
      values[i] = (zigzag >>> 1) ^ -(zigzag & 1)
    }
  } else if (width === 2) {
    const second = from + count
    for (let i = 0; i < length; i++) {
      const zigzag = planes[from + i]! | (planes[second + i]! << 8)
      values[i] = (zigzag >>> 1) ^ -(zigzag & 1)
    }
  } else {
    for (let i = 0; i < length; i++) {
      let zigzag = 0
      for (let plane = width - 1, at = from + i + plane * count; plane >= 0; plane--, at -= count) {
        zigzag = (zigzag << 8) | planes[at]!
      }
      values[i] = (zigzag >>> 1) ^ -(zigzag & 1)
    }
  }
}

function gatherPlanes53(planes: Uint8Array, values: Float64Array, count: number, from: number, width: number): void {
  for (let i = 0; i < values.length; i++) {
    let zigzag = 0
    for (let plane = width - 1, at = from + i + plane * count; plane >= 0; plane--, at -= count) {
      zigzag = zigzag * 256 + planes[at]!
    }
    values[i] = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }
}
