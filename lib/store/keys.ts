import { createHash } from 'node:crypto'
import { ByteReader, ByteWriter } from '../codec/bytes.ts'
import { sequenceFromBytes, sequenceToBytes } from '../codec/sequence.ts'
import { writeUid } from '../codec/tsuid.ts'
import { UID_KINDS, type UidKind, type UidWidths } from '../model/series.ts'
import type { ItemKey } from './dynamo.ts'

// The keys of the items of every table; docs/format/tables.md draws them. All parts are big-endian, so that keys sort as
// what they hold does.

const DAY_S = 86_400
const HOUR_S = 3_600

/** First bytes of partition keys in tsdb; those below LEDGER are salts of rows. */
const BLOCKS = 0xff
const LEDGER = 0xfe

/** First bytes of partition keys in tsdb-meta. */
const LAYOUT = 0x01
const SERIES_LOG = 0x02
const ACKS = 0x03
const REJECTS = 0x04
const POSTINGS = 0x05
const ANNOTATIONS = 0x10
const TOKENS = 0x20

/** First byte of the sort key of a page of postings; the directory's is ALONE. */
const POSTINGS_PAGE = 0x01

/** First byte of the partition key of counters and settings in tsdb-uid; the kinds follow from 1 on. */
const UID_CONTROL = 0x00

/** The sort key of an item that has its partition key for itself. */
const ALONE = Uint8Array.of(0)

const CONTENT_HASH_BYTES = 8

/** First byte of the sort keys of blocks with a place. Those without one begin with their time, never one that begins like this. */
const PLACED = 0x00
const EARLIEST_TIME_MS = 2 ** 40

/** Where a block comes among those of its hour and shelf: its writer's run, and the how-manieth of that run it is, from 0 on. */
export interface BlockPlace {
  readonly run: number
  readonly number: number
}

/** What names a block; the content's hash joins in when it is put. */
export interface BlockKey {
  readonly shelf: number
  /** Seconds since 1970, the hour's start. */
  readonly baseTime: number
  /** Absent where the block was put towards its hour's cut-off or later. */
  readonly place?: BlockPlace
  /** Milliseconds since 1970 by the writer's clock; where there is no place, at least 2^40, which was in November 2004. */
  readonly writtenAt: number
  readonly shard: number
  /** Sequence numbers of the first and the last stream record that the block holds points of. */
  readonly firstSequence: bigint
  readonly lastSequence: bigint
}

/** Seconds since 1970 at which the UTC day of a time in seconds starts. */
export function dayOf(timeS: number): number {
  return timeS - (timeS % DAY_S)
}

/** The hour of its UTC day, 0 to 23, that a time in seconds lies in. */
export function hourOfDay(timeS: number): number {
  return Math.floor((timeS % DAY_S) / HOUR_S)
}

/** tsdb: where the blocks of an hour of a shelf lie. */
export function blockPk(shelf: number, baseTime: number): Uint8Array {
  return shelfKey(BLOCKS, shelf, baseTime)
}

/** tsdb: the ledger item of a shelf's day. @param day seconds since 1970 of the day's start */
export function ledgerKey(shelf: number, day: number): ItemKey {
  return { pk: shelfKey(LEDGER, shelf, day), sk: ALONE }
}

/** The mirror of ledgerKey. */
export function decodeLedgerPk(pk: Uint8Array): { shelf: number; day: number } {
  const reader = new ByteReader(pk, 'ledger key')
  if (reader.u8() !== LEDGER) reader.fail('another kind of item')
  return { shelf: reader.u16(), day: reader.u32() }
}

function shelfKey(kind: number, shelf: number, timeS: number): Uint8Array {
  if (!Number.isInteger(shelf) || shelf < 0 || shelf > 0xffff) throw new RangeError(`No shelf ${shelf}`)
  if (!Number.isInteger(timeS) || timeS < 0 || timeS > 0xffffffff) throw new RangeError(`No base time ${timeS}`)
  return new ByteWriter(7).u8(kind).u16(shelf).u32(timeS).finish()
}

/**
 * tsdb: a block's sort key. Blocks with a place sort by it and come before all others, which sort by time of writing; the hash of the
 * content makes a key mean one content, so that putting it again changes nothing.
 */
export function blockSk(key: BlockKey, bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter(64)
  if (key.place === undefined) writer.u48(Math.max(EARLIEST_TIME_MS, key.writtenAt))
  else writer.raw(placeSk(key.place)).u48(key.writtenAt)
  writer.u32(key.shard)
  putSequence(writer, key.firstSequence)
  putSequence(writer, key.lastSequence)
  return writer.raw(contentHash(bytes)).finish()
}

/** What the sort key of the block at a place begins with: no key equals it, and those of later places of the run are greater. */
export function placeSk({ run, number }: BlockPlace): Uint8Array {
  return new ByteWriter(9).u8(PLACED).u32(run).u32(number).finish()
}

/** Less than the sort keys of all blocks without a place, and greater than those of all with one. */
export const UNPLACED_FROM: Uint8Array = Uint8Array.of(PLACED + 1)

/** The place that a block's sort key names, where it has one. */
export function placeOf(sk: Uint8Array): BlockPlace | undefined {
  return sk[0] === PLACED ? takePlace(new ByteReader(sk, 'block key')) : undefined
}

/** The mirror of blockPk and blockSk, without the content's hash. */
export function decodeBlockKey(pk: Uint8Array, sk: Uint8Array): BlockKey {
  const head = new ByteReader(pk, 'block key')
  if (head.u8() !== BLOCKS) head.fail('another kind of item')
  const [shelf, baseTime] = [head.u16(), head.u32()]
  const reader = new ByteReader(sk, 'block key')
  const place = sk[0] === PLACED ? takePlace(reader) : undefined
  const [writtenAt, shard] = [reader.u48(), reader.u32()]
  const [firstSequence, lastSequence] = [takeSequence(reader), takeSequence(reader)]
  return { shelf, baseTime, ...(place && { place }), writtenAt, shard, firstSequence, lastSequence }
}

function takePlace(reader: ByteReader): BlockPlace {
  reader.u8()
  return { run: reader.u32(), number: reader.u32() }
}

/** tsdb-meta: the layout history. */
export function layoutKey(): ItemKey {
  return { pk: Uint8Array.of(LAYOUT), sk: ALONE }
}

/** tsdb-meta: where the series log of a metric lies. @param width bytes of a metric UID */
export function seriesLogPk(metric: number, width: number): Uint8Array {
  const pk = new Uint8Array(1 + width)
  pk[0] = SERIES_LOG
  writeUid(pk, 1, width, metric)
  return pk
}

/** tsdb-meta: an item of the series log. @param writtenAt milliseconds since 1970 */
export function seriesLogSk(writtenAt: number, bytes: Uint8Array): Uint8Array {
  return new ByteWriter(14).u48(writtenAt).raw(contentHash(bytes)).finish()
}

/** tsdb-meta: the acknowledgement of one part of a put. @param id what the put gave itself */
export function ackKey(id: Uint8Array, part: number): ItemKey {
  return { pk: new ByteWriter(17).u8(ACKS).raw(id).finish(), sk: new ByteWriter(2).u16(part).finish() }
}

/** tsdb-meta: where the rejects that arrived on a day lie. @param day seconds since 1970 of the day's start */
export function rejectPk(day: number): Uint8Array {
  return new ByteWriter(5).u8(REJECTS).u32(day).finish()
}

/** What a reject's sort key says of it. */
export interface RejectKey {
  readonly arrival: number
  readonly shard: number
  readonly sequence: bigint
}

/** tsdb-meta: one chunk of a reject. @param content what tells rejects of one record apart: reason and bytes */
export function rejectSk(key: RejectKey, content: Uint8Array, chunk: number): Uint8Array {
  const writer = new ByteWriter(64).u48(key.arrival).u32(key.shard)
  putSequence(writer, key.sequence)
  return writer.raw(contentHash(content)).u16(chunk).finish()
}

/** The mirror of rejectSk. */
export function decodeRejectSk(sk: Uint8Array): RejectKey & { chunk: number } {
  const reader = new ByteReader(sk, 'reject key')
  const [arrival, shard, sequence] = [reader.u48(), reader.u32(), takeSequence(reader)]
  reader.raw(CONTENT_HASH_BYTES)
  return { arrival, shard, sequence, chunk: reader.u16() }
}

/** tsdb-uid: where the names of a kind lie. */
export function namesPk(kind: UidKind): Uint8Array {
  return Uint8Array.of(kindCode(kind))
}

/** tsdb-uid: the UID of a name. */
export function nameKey(kind: UidKind, name: string): ItemKey {
  return { pk: namesPk(kind), sk: Buffer.from(name, 'utf8') }
}

/** tsdb-uid: the name of a UID. UIDs spread over partitions: each has its own. @param width bytes of the kind's UIDs */
export function uidKey(kind: UidKind, uid: number, width: number): ItemKey {
  const pk = new Uint8Array(1 + width)
  pk[0] = kindCode(kind)
  writeUid(pk, 1, width, uid)
  return { pk, sk: ALONE }
}

/** tsdb-uid: how many UIDs of a kind have been given away. */
export function counterKey(kind: UidKind): ItemKey {
  return { pk: Uint8Array.of(UID_CONTROL), sk: Uint8Array.of(kindCode(kind)) }
}

/** tsdb-uid: widths and epoch. */
export function uidSettingsKey(): ItemKey {
  return { pk: Uint8Array.of(UID_CONTROL), sk: ALONE }
}

function kindCode(kind: UidKind): number {
  return UID_KINDS.indexOf(kind) + 1
}

/** What keys tell content apart by: the first 8 bytes of its SHA-256. */
export function contentHash(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest().subarray(0, CONTENT_HASH_BYTES)
}

/** The length first: shorter numbers are smaller, so keys sort as the numbers do. */
function putSequence(writer: ByteWriter, sequence: bigint): void {
  const bytes = sequenceToBytes(sequence)
  writer.u8(bytes.length).raw(bytes)
}

function takeSequence(reader: ByteReader): bigint {
  return sequenceFromBytes(reader.raw(reader.u8()))
}

/**
 * tsdb-meta: where a postings list of a metric lies.
 * @param tagk the list's tag key; undefined: the list of all series, which has 0 in its place
 */
export function postingsPk(metric: number, tagk: number | undefined, widths: UidWidths): Uint8Array {
  const pk = new Uint8Array(1 + widths.metric + widths.tagk)
  pk[0] = POSTINGS
  writeUid(pk, 1, widths.metric, metric)
  writeUid(pk, 1 + widths.metric, widths.tagk, tagk ?? 0)
  return pk
}

/** tsdb-meta: the directory of a postings list. */
export function directoryKey(metric: number, tagk: number | undefined, widths: UidWidths): ItemKey {
  return { pk: postingsPk(metric, tagk, widths), sk: ALONE }
}

/** tsdb-meta: a page of a postings list. @param id what the directory calls it */
export function postingsPageKey(metric: number, tagk: number | undefined, id: Uint8Array, widths: UidWidths): ItemKey {
  return { pk: postingsPk(metric, tagk, widths), sk: new ByteWriter(9).u8(POSTINGS_PAGE).raw(id).finish() }
}

/**
 * tsdb-meta: where the annotations of a metric's series lie.
 * @param metric its UID; 0: annotations that belong to no series
 */
export function annotationsPk(metric: number, widths: UidWidths): Uint8Array {
  const pk = new Uint8Array(1 + widths.metric)
  pk[0] = ANNOTATIONS
  writeUid(pk, 1, widths.metric, metric)
  return pk
}

/**
 * tsdb-meta: an annotation's sort key: time first, so that those of a range lie together, whosever they are.
 * @param ms milliseconds since 1970
 * @param tags the series' TSUID without the metric; empty for a global one
 */
export function annotationSk(ms: number, tags: Uint8Array): Uint8Array {
  return new ByteWriter(6 + tags.length).u48(ms).raw(tags).finish()
}

/** tsdb-meta: a token. @param id 16 hex digits; '' for what all keys begin with */
export function tokenKey(id: string): ItemKey {
  return { pk: Uint8Array.of(TOKENS), sk: Buffer.from(id, 'hex') }
}

/** The mirror of tokenKey's sort key. */
export function decodeTokenKey(sk: Uint8Array): string {
  return Buffer.from(sk).toString('hex')
}
