import type { PointColumns } from '../../model/points.ts'
import { ByteReader, ByteWriter } from '../bytes.ts'
import { columnsOf } from './columns.ts'
import { encodeKinds, readKinds } from './kinds.ts'
import { encodeTimes, readTimes } from './times.ts'
import { encodeValues, readValues } from './values.ts'

/** Points that a chunk may hold, one a millisecond for an hour: what bounds the memory that decoding any bytes takes. */
export const MAX_CHUNK_POINTS = 3_600_000

// The first byte: codecs of values (4 bits), kinds (2 bits) and times (2 bits).
const VALUES = 15
const KINDS_SHIFT = 4
const KINDS = 3
const TIMES_SHIFT = 6

/**
 * Encodes points of one series, losslessly: docs/format/chunk.md. Of texts only the kind is kept, and of times to live nothing:
 * they are next to a chunk, not in it.
 * @param points in ascending order of time, each instant once; their times may be before the base time
 * @param baseTimeS seconds since 1970 that decodeChunk must be given too
 * @throws RangeError where the points break a rule above or are more than MAX_CHUNK_POINTS
 */
export function encodeChunk(points: PointColumns, baseTimeS: number): Uint8Array {
  const { count } = points
  if (count > MAX_CHUNK_POINTS) throw new RangeError(`${count} points are too many for a chunk`)
  if (count === 0) return Uint8Array.of(0, 0)
  const times = encodeTimes(points.times.subarray(0, count), baseTimeS)
  const kinds = encodeKinds(points.kinds.subarray(0, count))
  const values = encodeValues(points)
  return new ByteWriter(16 + times.bytes.length + kinds.bytes.length + values.bytes.length)
    .u8(values.codec | (kinds.codec << KINDS_SHIFT) | (times.codec << TIMES_SHIFT))
    .varint(count)
    .raw(times.bytes)
    .raw(kinds.bytes)
    .raw(values.bytes)
    .finish()
}

/**
 * Decodes what encodeChunk wrote.
 * @param baseTimeS as encodeChunk was given
 * @param mayHaveTexts whether points may be of KIND_TEXT: then who calls has their texts
 * @returns arrays of exactly as many entries as there are points
 * @throws CorruptDataError for bytes that are no chunk
 */
export function decodeChunk(bytes: Uint8Array, baseTimeS: number, mayHaveTexts = false): PointColumns {
  const reader = new ByteReader(bytes, 'chunk')
  const codecs = reader.u8()
  const count = reader.varint()
  if (count > MAX_CHUNK_POINTS) reader.fail(`${count} points`)
  if (count === 0)
    return { count, times: new Float64Array(), kinds: new Uint8Array(), values: new Float64Array(), bigs: new Map() }
  const { times, values, kinds } = columnsOf(count)
  readTimes(reader, codecs >> TIMES_SHIFT, baseTimeS, times)
  readKinds(reader, (codecs >> KINDS_SHIFT) & KINDS, mayHaveTexts, kinds)
  const bigs = readValues(reader, codecs & VALUES, kinds, values)
  if (reader.remaining !== 0) reader.fail(`${reader.remaining} bytes more than there should be`)
  return { count, times, values, kinds, bigs }
}
