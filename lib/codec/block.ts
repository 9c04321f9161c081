import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { hasExtras, type PointColumns } from '../model/points.ts'
import type { UidWidths } from '../model/series.ts'
import { writeExtras } from './block-extras.ts'
import { readKeys, writeKeys } from './block-keys.ts'
import { readPoints, type SourcedPoints } from './block-points.ts'
import { joinRuns, type PointRuns, writeRuns } from './block-runs.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { withoutTexts } from './extras.ts'
import { MAX_SEQUENCE_BYTES, sequenceFromBytes, sequenceToBytes } from './sequence.ts'
import { type SeriesColumns, seriesOf } from './series-columns.ts'

/** Points that one block may hold: what bounds the memory that decoding any block takes. */
export const MAX_BLOCK_POINTS = 2 ** 20

/** A stream record that points of a block came in. */
export interface BlockSource {
  /** Milliseconds since 1970 at which the stream took the record. */
  readonly arrival: number
  readonly shard: number
  /** The record's sequence number in its shard. */
  readonly sequence: bigint
}

/** The points of one series in a block, in ascending order of time. */
export interface BlockSeries {
  readonly tsuid: Uint8Array
  readonly points: PointColumns
  /** For each point, the record it came in, as an index into the block's sources. */
  readonly sources: Uint32Array
}

/** Points of many metrics and series of one hour, as they arrived. */
export interface Block {
  /** Seconds since 1970 at which the hour starts. */
  readonly baseTime: number
  readonly widths: UidWidths
  readonly sources: readonly BlockSource[]
  /** In ascending order of TSUID bytes, each series once. */
  readonly series: readonly BlockSeries[]
}

/** A block, or the series of it that were asked for. */
export interface DecodedBlock extends Block {
  /** Points of these series. */
  readonly pointCount: number
}

/** Which part of a block to decode; absent: all of it. */
export interface BlockFilter {
  /** Only the series of this metric UID. */
  readonly metric?: number
}

// First byte of every block. Readers understand each version ever written.
const VERSION = 1
/** Behind the columns of version 1 there are texts and times to live: a block that has neither is of version 1. */
const VERSION_WITH_EXTRAS = 2

/** Version, three widths and base time; the checksum follows. */
const HEAD_BYTES = 8
const CHECKSUM_BYTES = 4

/** Bytes that a block's columns may take once inflated; what a block of MAX_BLOCK_POINTS can take stays below. */
const MAX_COLUMN_BYTES = 2 ** 27

/** What is being read, for errors. */
const COLUMNS = 'block columns'

const NO_SERIES: Omit<SeriesColumns, 'origins'> = {
  tsuids: [],
  starts: new Uint32Array(1),
  points: { count: 0, times: new Float64Array(), values: new Float64Array(), kinds: new Uint8Array(), bigs: new Map() },
  sources: new Uint32Array(),
}

/** Columns deflate well at little effort; higher levels take twice the time for a few percent. */
const DEFLATE_LEVEL = 3

/** A block without texts and times to live, in columns: what a consumer has of thousands of series without an object for each. */
export interface ColumnBlock extends Pick<Block, 'baseTime' | 'widths' | 'sources'> {
  /** Ascending as bytes, each once. */
  readonly tsuids: readonly Uint8Array[]
  readonly runs: PointRuns
}

/**
 * Encodes a block, losslessly: docs/format/block.md.
 * @returns at most a few bytes more than the points take raw; usually far less
 * @throws RangeError where the block breaks a rule of its type: no or too many points, series without points or out of
 * order, UIDs or times that do not fit
 */
export function encodeBlock(block: Block): Uint8Array {
  const { series } = block
  const points = series.reduce((sum, own) => sum + own.points.count, 0)
  if (points > MAX_BLOCK_POINTS) throw new RangeError(`${points} points are too many for a block`)
  const isExtended = series.some((own) => hasExtras(own.points))
  const runs = joinRuns(isExtended ? series.map(numbersOf) : series)
  return encode({ ...block, tsuids: series.map(({ tsuid }) => tsuid), runs }, isExtended ? series : undefined)
}

/**
 * encodeBlock for columns: the same bytes.
 * @throws RangeError as encodeBlock
 */
export function encodeColumnBlock(block: ColumnBlock): Uint8Array {
  return encode(block, undefined)
}

/** @param extended the same series, where they have texts or times to live */
function encode(block: ColumnBlock, extended: readonly BlockSeries[] | undefined): Uint8Array {
  const { baseTime, widths, sources, tsuids, runs } = block
  if (!Number.isInteger(baseTime) || baseTime < 0 || baseTime >= 2 ** 32) {
    throw new RangeError(`The base time ${baseTime} does not fit in 4 bytes`)
  }
  const points = runs.times.length
  for (let i = 0; i < tsuids.length; i++) {
    if (runs.starts[i] === runs.starts[i + 1]) throw new RangeError('A series of a block has no points')
  }
  if (points > MAX_BLOCK_POINTS) throw new RangeError(`${points} points are too many for a block`)

  const columns = new ByteWriter(4096 + points * 8)
  writeSources(columns, sources)
  if (points > 0) {
    writeKeys(columns, tsuids, widths)
    writeRuns(columns, runs, baseTime * 1000)
    if (extended !== undefined) writeExtras(columns, extended)
  }
  const packed = deflateRawSync(columns.finish(), { level: DEFLATE_LEVEL, memLevel: 9 })

  const head = new ByteWriter(HEAD_BYTES)
    .u8(extended === undefined ? VERSION : VERSION_WITH_EXTRAS)
    .u8(widths.metric)
    .u8(widths.tagk)
    .u8(widths.tagv)
    .u32(baseTime)
    .finish()
  const counts = new ByteWriter(32)
    .varint(sources.length)
    .varint(tsuids.length)
    .varint(points)
    .varint(columns.length)
    .finish()
  return new ByteWriter(HEAD_BYTES + CHECKSUM_BYTES + counts.length + packed.length)
    .raw(head)
    .u32(crc32(packed, crc32(counts, crc32(head))))
    .raw(counts)
    .raw(packed)
    .finish()
}

function numbersOf({ points, sources }: BlockSeries): SourcedPoints {
  return { points: withoutTexts(points), sources }
}

/** A block that is checked and unpacked, and of which series can be decoded. */
export interface OpenBlock extends Omit<Block, 'series'> {
  readonly hasExtras: boolean
  readonly seriesCount: number
  readonly pointCount: number
  /** The columns behind the sources, in memory of their own. */
  readonly columns: Uint8Array
}

/**
 * The mirror of encodeBlock.
 * @param filter which series to decode; the points of others are stepped over, not decoded
 * @returns the block; its arrays are views of shared buffers, made when they are first asked for, and `sources` are complete whatever the filter
 * @throws CorruptDataError where the bytes are no block, or a damaged one, or of a version not known
 */
export function decodeBlock(bytes: Uint8Array, filter: BlockFilter = {}): DecodedBlock {
  const block = openBlock(bytes)
  const { baseTime, widths, sources } = block
  const columns = decodeColumns(block, filter)
  return { baseTime, widths, sources, series: seriesOf(columns), pointCount: columns.points.count }
}

/**
 * The first half of decodeBlock, which is the same whatever series are wanted.
 * @throws CorruptDataError as decodeBlock
 */
export function openBlock(bytes: Uint8Array): OpenBlock {
  const header = new ByteReader(bytes, 'block')
  const version = header.u8()
  if (version !== VERSION && version !== VERSION_WITH_EXTRAS) header.fail(`the unknown version ${version}`)
  const widths = { metric: readWidth(header), tagk: readWidth(header), tagv: readWidth(header) }
  const baseTime = header.u32()
  const checksum = header.u32()
  const body = bytes.subarray(HEAD_BYTES + CHECKSUM_BYTES)
  if (crc32(body, crc32(bytes.subarray(0, HEAD_BYTES))) !== checksum) header.fail('a wrong checksum')
  const sourceCount = header.varint()
  const seriesCount = header.varint()
  const pointCount = header.varint()
  const columnBytes = header.varint()
  if (
    pointCount > MAX_BLOCK_POINTS ||
    seriesCount > pointCount ||
    columnBytes > MAX_COLUMN_BYTES ||
    sourceCount > columnBytes
  ) {
    header.fail(`${sourceCount} sources, ${seriesCount} series, ${pointCount} points in ${columnBytes} bytes`)
  }
  const reader = new ByteReader(inflate(header, columnBytes), COLUMNS)
  const sources = readSources(reader, sourceCount)
  // A copy: what zlib gives takes 16 KB however little is in it, and may be kept.
  const columns = new Uint8Array(reader.raw(reader.remaining))
  return { baseTime, widths, sources, hasExtras: version === VERSION_WITH_EXTRAS, seriesCount, pointCount, columns }
}

/**
 * The second half of decodeBlock.
 * @param filter as there
 * @returns the series wanted
 * @throws CorruptDataError as decodeBlock
 */
export function decodeColumns(block: OpenBlock, { metric }: BlockFilter = {}): SeriesColumns {
  const { baseTime, widths, sources: origins, hasExtras, seriesCount: count, pointCount: total } = block
  if (total === 0) return { ...NO_SERIES, origins }
  const reader = new ByteReader(block.columns, COLUMNS)
  const { from, to, tsuids } = readKeys(reader, count, widths, metric)
  if (from === to) return { ...NO_SERIES, origins }
  const shape = { count, total, sourceCount: origins.length, baseMs: baseTime * 1000, hasExtras }
  const { starts, points, sources } = readPoints(reader, shape, from, to)
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes too many`)
  return { tsuids, starts, points, sources, origins }
}

function readWidth(header: ByteReader): number {
  const width = header.u8()
  return width >= 1 && width <= 6 ? width : header.fail(`a UID width of ${width}`)
}

/** Unpacks the rest of a block, never into more memory than its header says. */
function inflate(header: ByteReader, columnBytes: number): Uint8Array {
  const packed = header.raw(header.remaining)
  let columns: Uint8Array
  try {
    columns = inflateRawSync(packed, { maxOutputLength: Math.max(1, columnBytes) })
  } catch (error) {
    return header.fail(error instanceof Error ? error.message : String(error))
  }
  return columns.length === columnBytes ? columns : header.fail(`${columns.length} bytes for ${columnBytes}`)
}

function writeSources(writer: ByteWriter, sources: readonly BlockSource[]): void {
  let before = 0
  for (const { arrival, shard, sequence } of sources) {
    const digits = sequenceToBytes(sequence)
    writer
      .zigzag(arrival - before)
      .varint(shard)
      .varint(digits.length)
      .raw(digits)
    before = arrival
  }
}

function readSources(reader: ByteReader, count: number): BlockSource[] {
  const sources: BlockSource[] = []
  let arrival = 0
  for (let i = 0; i < count; i++) {
    arrival += reader.zigzag()
    const shard = reader.varint()
    const length = reader.varint()
    if (length > MAX_SEQUENCE_BYTES) reader.fail(`a sequence number of ${length} bytes`)
    sources.push({ arrival, shard, sequence: sequenceFromBytes(reader.raw(length)) })
  }
  return sources
}
