import { crc32 } from 'node:zlib'
import { CorruptDataError } from '../model/errors.ts'
import { joinPoints, slicePoints } from '../model/pick-points.ts'
import { hasExtras, type PointColumns } from '../model/points.ts'
import { encodeArrival, readArrival, readArrival1 } from './arrival.ts'
import type { BlockSource } from './block.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { cellsLength, decodeCells, encodeCells } from './cells.ts'
import { decodeChunk, encodeChunk } from './chunk/index.ts'
import { IncompleteRowError } from './errors.ts'
import {
  blankTexts,
  MAX_TEXTS_BYTES,
  readExpiries,
  readTexts,
  withoutTexts,
  writeExpiries,
  writeTexts,
} from './extras.ts'
import { HOUR_MS } from './qualifier.ts'

// What the body of a part is, and with PARTS set the first byte of its value. The arrival of version 1 is longer.
const CELLS_1 = 1
const CHUNK_1 = 2
const CELLS = 3
const CHUNK = 4
/** A chunk, and texts and times to live. */
const CHUNK_AND_EXTRAS = 5
/** The first byte of a chunk in a row of version 1. */
const CHUNK_VERSION_1 = 0xc1
/** Bit of the first byte: the row has several parts. */
const PARTS = 0x80

/** Bytes that a part's value may take. */
export const MAX_PART_BYTES = 64 * 1024
/** More than all that comes before a body. */
const MAX_HEAD_BYTES = 128
const MAX_BODY_BYTES = MAX_PART_BYTES - MAX_HEAD_BYTES
/** What cutting aims at, so that an estimate which is a little wrong still fits. */
const AIM_BODY_BYTES = 0.95 * MAX_BODY_BYTES
/** Points to try for the first part of a row that may not fit into one. */
const FIRST_TRY = 2 ** 17

/** Numbers that the parts behind part 0 start with; a rewrite takes the one that the row before it did not. */
const FIRST_PARTS = [1, 0x8000] as const
const MAX_PARTS = 0x7fff

/** A series' points of one hour. */
export interface Row {
  /** In ascending order of time, each instant once, at least one. */
  readonly points: PointColumns
  /** The newest arrival merged into the row: what comes later wins over it. Rows are read with what `abridge` leaves of it. */
  readonly newest: BlockSource
}

/** What one item of the table holds. */
export interface RowPart {
  /** 0 always exists; others only where the row does not fit into it. */
  readonly part: number
  readonly value: Uint8Array
}

const NO_PARTS: readonly number[] = []

interface Body {
  readonly format: number
  readonly bytes: Uint8Array
}

/** What a part says of itself, and its body. */
interface Head {
  readonly format: number
  /** What all parts of one writing share; undefined where part 0 is all. */
  readonly stamp: number | undefined
  /** Of part 0, the numbers of the other parts, in order of time. */
  readonly others: readonly number[]
  /** Where what the stamp covers starts. */
  readonly stamped: number
  /** Behind these fields. */
  readonly reader: ByteReader
}

/**
 * Encodes a row, losslessly: docs/format/row.md.
 *
 * A row of several parts is rewritten so that a reader, or a crash, in between finds the old row or the new one: the new
 * parts have other numbers than the old, which part 0 alone refers to. So parts are to be written in the order given, part 0
 * last and after all others are stored; then what the row had before and has no longer may be deleted.
 * @param replaced the value of part 0 that the table holds now, where it holds one
 * @returns parts of at most MAX_PART_BYTES; part 0 is the last
 * @throws RangeError where the points break the rules of Row, or are not all of one hour
 */
export function encodeRow({ points, newest }: Row, replaced?: Uint8Array): RowPart[] {
  const { count, times } = points
  if (count === 0) throw new RangeError('A row has no points')
  const baseTimeS = Math.floor(times[0]! / HOUR_MS) * (HOUR_MS / 1000)
  for (let i = 1; i < count; i++) {
    if (!(times[i]! > times[i - 1]!)) throw new RangeError(`Point ${i} of a row is out of order`)
  }
  if (!(times[count - 1]! < baseTimeS * 1000 + HOUR_MS)) throw new RangeError('A row of more than an hour')
  const newestBytes = encodeArrival(newest, times[count - 1]!)
  const bodies = cutByTime(points, baseTimeS)
  const [first, ...rest] = bodies
  if (first === undefined || bodies.length > MAX_PARTS) throw new RangeError(`A row of ${bodies.length} parts`)
  if (rest.length === 0) {
    const value = new ByteWriter(1 + newestBytes.length + first.bytes.length)
    return [{ part: 0, value: value.u8(first.format).raw(newestBytes).raw(first.bytes).finish() }]
  }
  const stamp = bodies.reduce((sum, { bytes }) => crc32(bytes, sum), crc32(newestBytes))
  const firstPart = firstPartOf(replaced)
  const parts = rest.map(({ format, bytes }, i) => {
    const value = new ByteWriter(5 + bytes.length)
      .u8(PARTS | format)
      .u32(stamp)
      .raw(bytes)
    return { part: firstPart + i, value: value.finish() }
  })
  const head = new ByteWriter(MAX_HEAD_BYTES + first.bytes.length).u8(PARTS | first.format).u32(stamp)
  const value = head.varint(bodies.length).u16(firstPart).raw(newestBytes).raw(first.bytes).finish()
  return [...parts, { part: 0, value }]
}

/**
 * The mirror of encodeRow.
 * @param parts of one row, in any order; those that part 0 does not refer to, left by a row that was here before, are ignored
 * @param baseTimeS seconds since 1970 at which the row's hour starts
 * @returns the row; its arrays have exactly as many entries as there are points
 * @throws IncompleteRowError where parts are missing or of another writing; reading the row again helps
 * @throws CorruptDataError for an unknown format and for bytes that are no row
 */
export function decodeRow(parts: readonly RowPart[], baseTimeS: number): Row {
  const { zero, head, others } = headsOf(parts)
  const isVersion1 = head.format === CELLS_1 || head.format === CHUNK_1
  const newest = isVersion1 ? readArrival1(head.reader, baseTimeS) : readArrival(head.reader)
  const first = readBody(head, baseTimeS)
  const points = others.length === 0 ? first : joinParts([first, ...others.map((other) => readBody(other, baseTimeS))])
  if (points.count === 0) throw new CorruptDataError('row', 'no points', zero)
  const after = isVersion1 ? 0 : points.times[points.count - 1]!
  return { points, newest: { ...newest, arrival: newest.arrival + after } }
}

/**
 * Looks whether nothing of a row is missing, without decoding it.
 * @param parts as for decodeRow
 * @throws IncompleteRowError, CorruptDataError as decodeRow does before it looks at points
 */
export function checkParts(parts: readonly RowPart[]): void {
  headsOf(parts)
}

/** The heads of part 0 and, in order of time, of those that it refers to. */
function headsOf(parts: readonly RowPart[]): { zero: Uint8Array; head: Head; others: readonly Head[] } {
  const zero = parts.findLast(({ part }) => part === 0)?.value
  if (zero === undefined) throw new IncompleteRowError([0], undefined)
  const head = readHead(zero, true)
  if (head.others.length === 0) return { zero, head, others: [] }
  const values = new Map(parts.map(({ part, value }) => [part, value]))
  const missing: number[] = []
  const others: Head[] = []
  let sum = crc32(zero.subarray(head.stamped))
  for (const part of head.others) {
    const value = values.get(part)
    const other = value === undefined ? undefined : readHead(value, false)
    if (value === undefined || other === undefined || other.stamp !== head.stamp) {
      missing.push(part)
      continue
    }
    sum = crc32(value.subarray(other.stamped), sum)
    others.push(other)
  }
  if (missing.length > 0) throw new IncompleteRowError(missing, head.others.length + 1)
  if (sum !== head.stamp) throw new CorruptDataError('row', 'its parts do not match their checksum', zero)
  return { zero, head, others }
}

/**
 * The numbers of a row's parts behind part 0, for reading them by key.
 * @param value of part 0
 * @throws CorruptDataError where it is no part 0
 */
export function otherParts(value: Uint8Array): readonly number[] {
  return readHead(value, true).others
}

/**
 * Gives the parts of a row the numbers that they are to have where the table holds another writing of it: those of encodeRow
 * with `replaced`, without encoding the row again.
 * @param parts as encodeRow gave them without `replaced`
 * @param replaced the value of part 0 that the table holds now, where it holds one
 */
export function renumberParts(parts: readonly RowPart[], replaced: Uint8Array | undefined): readonly RowPart[] {
  const shift = firstPartOf(replaced) - FIRST_PARTS[0]
  if (shift === 0 || parts.length === 1) return parts
  return parts.map(({ part, value }) => {
    if (part !== 0) return { part: part + shift, value }
    const head = new ByteWriter(MAX_HEAD_BYTES)
      .raw(value.subarray(0, 5))
      .varint(parts.length)
      .u16(firstPartOf(replaced))
    const renumbered = value.slice()
    renumbered.set(head.finish())
    return { part, value: renumbered }
  })
}

function firstPartOf(replaced: Uint8Array | undefined): number {
  const [first, second] = FIRST_PARTS
  return replaced !== undefined && otherParts(replaced)[0] === first ? second : first
}

function readHead(value: Uint8Array, isZero: boolean): Head {
  const reader = new ByteReader(value, 'row')
  const first = reader.u8()
  const format = first & ~PARTS
  if (format < CELLS_1 || format > CHUNK_AND_EXTRAS) reader.fail(`the unknown format ${format}`)
  if ((first & PARTS) === 0) {
    // Another writing of the row had just this part.
    return { format, stamp: undefined, others: NO_PARTS, stamped: reader.offset, reader }
  }
  const stamp = reader.u32()
  if (!isZero) return { format, stamp, others: NO_PARTS, stamped: reader.offset, reader }
  const count = reader.varint()
  const firstPart = reader.u16()
  if (count < 2 || count > MAX_PARTS || !FIRST_PARTS.some((allowed) => allowed === firstPart)) {
    reader.fail(`${count} parts from ${firstPart} on`)
  }
  const others = Array.from({ length: count - 1 }, (_, i) => firstPart + i)
  return { format, stamp, others, stamped: reader.offset, reader }
}

function readBody({ format, reader }: Head, baseTimeS: number): PointColumns {
  if (format === CHUNK_AND_EXTRAS) return readExtended(reader, baseTimeS)
  if (format === CHUNK_1) {
    const version = reader.u8()
    if (version !== CHUNK_VERSION_1) reader.fail(`the unknown chunk 0x${version.toString(16)}`)
  }
  const bytes = reader.raw(reader.remaining)
  if (format === CELLS_1 || format === CELLS) return decodeCells(bytes, baseTimeS)
  return decodeChunk(bytes, baseTimeS)
}

/** `bytes <varint>` of the chunk, the chunk, times to live, texts. */
function writeExtended(points: PointColumns, baseTimeS: number): Uint8Array {
  const chunk = encodeChunk(withoutTexts(points), baseTimeS)
  const writer = new ByteWriter(chunk.length + 1024).varint(chunk.length).raw(chunk)
  writeExpiries(writer, points)
  writeTexts(writer, points)
  return writer.finish()
}

function readExtended(reader: ByteReader, baseTimeS: number): PointColumns {
  const points = decodeChunk(reader.raw(reader.varint()), baseTimeS, true)
  const expiries = readExpiries(reader, points.times)
  const texts = readTexts(reader, points.kinds)
  blankTexts(points.values, points.kinds)
  return expiries === undefined ? { ...points, texts } : { ...points, texts, expiries }
}

/** The smaller of cells and chunk; a chunk where both are the same, for it is the quicker to read, and where there are extras. */
function encodeBody(points: PointColumns, baseTimeS: number): Body {
  if (hasExtras(points)) return { format: CHUNK_AND_EXTRAS, bytes: writeExtended(points, baseTimeS) }
  const chunk = encodeChunk(points, baseTimeS)
  // Most are told apart without measuring: a cell has at least 3 bytes.
  if (chunk.length > points.count * 3 && chunk.length > cellsLength(points, baseTimeS)) {
    return { format: CELLS, bytes: encodeCells(points, baseTimeS) }
  }
  return { format: CHUNK, bytes: chunk }
}

/**
 * Bodies of at most MAX_BODY_BYTES, in order of time. How many points fit into one is estimated from those that fitted
 * into the one before; a body that turns out too large is cut again.
 */
function cutByTime(points: PointColumns, baseTimeS: number): Body[] {
  const bodies: Body[] = []
  let size = FIRST_TRY
  for (let from = 0; from < points.count; ) {
    size = fewerTexts(points, from, Math.min(size, points.count - from))
    const body = encodeBody(slicePoints(points, from, from + size), baseTimeS)
    const fits = body.bytes.length <= MAX_BODY_BYTES
    if (fits) {
      bodies.push(body)
      from += size
    }
    if (!fits && size === 1) throw new RangeError(`A point of ${body.bytes.length} bytes does not fit into a row`)
    size = Math.max(1, Math.floor((size * AIM_BODY_BYTES) / body.bytes.length))
  }
  return bodies
}

/** How many points from one on a part may hold for their texts, at most `size`. */
function fewerTexts({ texts }: PointColumns, from: number, size: number): number {
  if (texts === undefined || texts.size === 0) return size
  let bytes = 0
  for (let i = 0; i < size; i++) {
    // A character takes at most 3 bytes a unit, and its length is before it.
    bytes += (texts.get(from + i)?.length ?? 0) * 3 + 8
    if (bytes > MAX_TEXTS_BYTES) return Math.max(1, i)
  }
  return size
}

function joinParts(parts: readonly PointColumns[]): PointColumns {
  for (const [i, { times }] of parts.entries()) {
    const before = parts[i - 1]
    if (before !== undefined && !(times[0]! > before.times[before.count - 1]!)) {
      throw new CorruptDataError('row', 'its parts are out of order')
    }
  }
  return joinPoints(parts)
}
