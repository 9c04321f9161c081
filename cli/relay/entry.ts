import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'

/*
 * An entry of a segment file is a batch of points, told whole from torn by its checksum. Numbers are big-endian.
 *
 *     4  bytes of the body
 *     4  CRC-32 of the body
 *        body:
 *     8  when it was written, milliseconds since 1970, as a double
 *     4  number of points
 *        raw deflate of the points, each as JSON for /api/put, with \n between them
 */

const HEADER_BYTES = 8
const FIXED_BYTES = 12
/** Points on a relay are quick to come and go: level 1 leaves half the bytes of none and costs little. */
const LEVEL = 1
/** No batch is near this long; a length that says so is damaged. */
const LONGEST_BODY = 64 * 1024 * 1024

/** @param points each as JSON without line ends */
export function encodeEntry(points: readonly string[], writtenAt: number): Buffer {
  const packed = deflateRawSync(points.join('\n'), { level: LEVEL })
  const entry = Buffer.alloc(HEADER_BYTES + FIXED_BYTES + packed.length)
  entry.writeUInt32BE(FIXED_BYTES + packed.length, 0)
  entry.writeDoubleBE(writtenAt, 8)
  entry.writeUInt32BE(points.length, 16)
  packed.copy(entry, HEADER_BYTES + FIXED_BYTES)
  entry.writeUInt32BE(crc32(entry.subarray(HEADER_BYTES)), 4)
  return entry
}

/** An entry without its points. */
export interface EntryHead {
  readonly writtenAt: number
  /** Number of points. */
  readonly count: number
  /** Bytes that it takes in its file. */
  readonly length: number
}

/**
 * Reads what an entry says of itself and checks that it is whole.
 * @returns 'end' where there are no more bytes, 'damaged' where it is torn or its checksum is another
 */
export function decodeEntryHead(bytes: Buffer, at: number): EntryHead | 'end' | 'damaged' {
  if (at >= bytes.length) return 'end'
  if (at + HEADER_BYTES > bytes.length) return 'damaged'
  const length = bytes.readUInt32BE(at)
  const from = at + HEADER_BYTES
  if (length < FIXED_BYTES || length > LONGEST_BODY || from + length > bytes.length) return 'damaged'
  const body = bytes.subarray(from, from + length)
  if (crc32(body) !== bytes.readUInt32BE(at + 4)) return 'damaged'
  return { writtenAt: body.readDoubleBE(0), count: body.readUInt32BE(8), length: HEADER_BYTES + length }
}

/** Unpacks the points of an entry whose head was read. @returns each as JSON */
export function decodePoints(bytes: Buffer, at: number, { length }: EntryHead): string[] {
  const packed = bytes.subarray(at + HEADER_BYTES + FIXED_BYTES, at + length)
  return inflateRawSync(packed).toString('utf8').split('\n')
}
