import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { CorruptDataError, LimitExceededError } from '../model/errors.ts'
import { hasExtras, type PointBatch } from '../model/points.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { readPoints, readSeries, writePoints, writeSeries } from './stream-body.ts'

// docs/format/stream-record.md draws this layout.

/** First byte of a packed record; a JSON record begins with a brace, a bracket or a blank instead. */
const VERSION = 0x01
/** With texts or times to live; a record that has neither is of version 1. */
const VERSION_WITH_EXTRAS = 0x02
const FLAG_SYNC = 0x01
const FLAG_DEFLATED = 0x02
const SYNC_ID_BYTES = 16

/** Bytes of a record at most: Kinesis takes 1 MiB with the partition key. */
export const MAX_RECORD_BYTES = 1_000_000
/** Bytes of a body before compression at most, so that a reader knows what memory a record can ask for. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024
/** Below this a body is left as it is: deflate would save less than it costs. */
const DEFLATE_FROM_BYTES = 128

/** What a packed record of the stream holds: a put request, or the part of it that fits into one record. */
export interface StreamRecord {
  /** 16 random bytes that the request is known by, where it waits for an acknowledgement. */
  readonly syncId?: Uint8Array
  /** Which of the request's records this is, where there is a syncId. */
  readonly syncParts?: SyncPart
  /** Of the batch's first point among the request's points, for naming points that can't be stored. */
  readonly firstIndex: number
  readonly batch: PointBatch
}

export interface SyncPart {
  /** 0 to count - 1. */
  readonly index: number
  readonly count: number
}

/** A record ready for the stream and the points in it. */
export interface PackedPart {
  readonly bytes: Uint8Array
  /** Position of its first point in the batch that was packed. */
  readonly firstIndex: number
  /** Points in it. */
  readonly count: number
}

/** True for a packed record of any version, false for JSON. */
export function isPackedRecord(bytes: Uint8Array): boolean {
  return bytes[0] === VERSION || bytes[0] === VERSION_WITH_EXTRAS
}

/** One record; see packParts for batches that may not fit into one. */
export function encodeStreamRecord(record: StreamRecord): Uint8Array {
  const { batch } = record
  return withHeader(packBody(batch, 0, batch.points.count), record.firstIndex, record.syncId, record.syncParts)
}

/**
 * The mirror of encodeStreamRecord. Names are not checked here: whoever may write to the stream may send any.
 * @throws CorruptDataError for anything that encodeStreamRecord would not write
 */
export function decodeStreamRecord(bytes: Uint8Array): StreamRecord {
  const reader = new ByteReader(bytes, 'stream record')
  const version = reader.u8()
  if (version !== VERSION && version !== VERSION_WITH_EXTRAS) reader.fail(`version ${version} is not known`)
  const flags = reader.u8()
  if ((flags & ~(FLAG_SYNC | FLAG_DEFLATED)) !== 0) reader.fail(`flags ${flags} are not known`)
  let syncId: Uint8Array | undefined
  let syncParts: SyncPart | undefined
  if ((flags & FLAG_SYNC) !== 0) {
    syncId = reader.raw(SYNC_ID_BYTES)
    syncParts = { index: reader.varint(), count: reader.varint() }
    if (syncParts.index >= syncParts.count) reader.fail(`part ${syncParts.index} of ${syncParts.count}`)
  }
  const firstIndex = reader.varint()
  const body = (flags & FLAG_DEFLATED) === 0 ? reader : inflatedBody(reader)
  const series = readSeries(body)
  const batch = readPoints(body, series, version === VERSION_WITH_EXTRAS)
  if (body.remaining > 0) body.fail(`${body.remaining} bytes too many`)
  return syncId === undefined || syncParts === undefined
    ? { firstIndex, batch }
    : { syncId, syncParts, firstIndex, batch }
}

/**
 * Packs a batch into as few records as MAX_RECORD_BYTES allows, in order.
 * @param syncId 16 random bytes where the request waits for an acknowledgement
 * @throws LimitExceededError for a single point that no record can hold
 */
export function packParts(batch: PointBatch, syncId?: Uint8Array): PackedPart[] {
  const bodies: Body[] = []
  packRange(batch, 0, batch.points.count, bodies)
  return bodies.map((body, index) => ({
    bytes: withHeader(body, body.from, syncId, syncId === undefined ? undefined : { index, count: bodies.length }),
    firstIndex: body.from,
    count: body.to - body.from,
  }))
}

/** packParts for who needs the records alone. */
export function packBatch(batch: PointBatch, syncId?: Uint8Array): Uint8Array[] {
  return packParts(batch, syncId).map((part) => part.bytes)
}

/** The points `from` to `to` of a batch, packed. */
interface Body {
  readonly from: number
  readonly to: number
  /** Before compression. */
  readonly plainBytes: number
  readonly deflated: boolean
  readonly hasExtras: boolean
  readonly bytes: Uint8Array
}

/** Version, flags, sync id, two parts, first index and the body's length at their longest. */
const MAX_HEADER_BYTES = 2 + SYNC_ID_BYTES + 4 * 8

function packRange(batch: PointBatch, from: number, to: number, into: Body[]): void {
  const body = packBody(batch, from, to)
  if (body.bytes.length + MAX_HEADER_BYTES <= MAX_RECORD_BYTES && body.plainBytes <= MAX_BODY_BYTES) {
    into.push(body)
    return
  }
  if (to - from <= 1)
    throw new LimitExceededError('recordBytes', MAX_RECORD_BYTES, body.bytes.length, 'bytes for a point')
  const middle = from + ((to - from) >> 1)
  packRange(batch, from, middle, into)
  packRange(batch, middle, to, into)
}

function packBody(batch: PointBatch, from: number, to: number): Body {
  const count = to - from
  const writer = new ByteWriter(64 + count * 24)
  const seriesOf = writeSeries(writer, batch, from, to)
  const extended = hasExtras(batch.points)
  writePoints(writer, batch.points, seriesOf, from, to, extended)
  const plain = writer.finish()
  const plainBytes = plain.length
  if (plainBytes >= DEFLATE_FROM_BYTES && plainBytes <= MAX_BODY_BYTES) {
    // raw and level 1: names repeat across the dictionary, which the fastest level finds too
    const bytes = deflateRawSync(plain, { level: 1 })
    if (bytes.length < plainBytes) return { from, to, plainBytes, deflated: true, hasExtras: extended, bytes }
  }
  return { from, to, plainBytes, deflated: false, hasExtras: extended, bytes: plain }
}

function withHeader(
  body: Body,
  firstIndex: number,
  syncId: Uint8Array | undefined,
  syncParts: SyncPart | undefined,
): Uint8Array {
  const writer = new ByteWriter(MAX_HEADER_BYTES + body.bytes.length)
  writer
    .u8(body.hasExtras ? VERSION_WITH_EXTRAS : VERSION)
    .u8((syncId === undefined ? 0 : FLAG_SYNC) | (body.deflated ? FLAG_DEFLATED : 0))
  if (syncId !== undefined) {
    if (syncId.length !== SYNC_ID_BYTES) throw new RangeError(`BUG: a sync id of ${syncId.length} bytes`)
    const { index, count } = syncParts ?? { index: 0, count: 1 }
    writer.raw(syncId).varint(index).varint(count)
  }
  writer.varint(firstIndex)
  if (body.deflated) writer.varint(body.plainBytes)
  return writer.raw(body.bytes).finish()
}

function inflatedBody(reader: ByteReader): ByteReader {
  const length = reader.varint()
  if (length === 0 || length > MAX_BODY_BYTES) reader.fail(`a body of ${length} bytes`)
  let plain: Uint8Array
  try {
    plain = inflateRawSync(reader.raw(reader.remaining), { maxOutputLength: length })
  } catch (cause) {
    throw new CorruptDataError(
      'stream record',
      `its body does not inflate: ${cause instanceof Error ? cause.message : cause}`,
    )
  }
  if (plain.length !== length) reader.fail(`a body of ${plain.length} bytes where ${length} are announced`)
  return new ByteReader(plain, 'stream record body')
}
