import type { PointColumns } from '../model/points.ts'
import type { UidWidths } from '../model/series.ts'

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

/** Which part of a block to decode; absent: all of it. */
export interface BlockFilter {
  /** Only the series of this metric UID. */
  readonly metric?: number
}

export function encodeBlock(_block: Block): Uint8Array {
  throw new Error('coming')
}

export function decodeBlock(_bytes: Uint8Array, _filter: BlockFilter = {}): Block {
  throw new Error('coming')
}
