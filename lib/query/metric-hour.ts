import type { Piece } from '../codec/merge.ts'
import { mergeColumns } from '../codec/merge-columns.ts'
import { addPart, type MergedParts, weightOf } from '../codec/merged-parts.ts'
import { clash, mergePacked, type PackedSeries, packSeries, unpackPiece } from '../codec/packed-series.ts'
import { pieceOf, type SeriesColumns } from '../codec/series-columns.ts'

/** Points that series have, on average, when they are packed: of fewer, what a row takes besides them is more than they take unpacked. */
export const PACKED_FROM = 32

/** What a series takes besides its rows, packed, and a record that unpacked points came in, which several metrics share, in bytes, about. */
const PACKED_SERIES_BYTES = 130
const RECORD_BYTES = 25

/** A metric's series in the blocks of an hour of a shelf, merged: what came long ago packed, the rest as columns. Never changed. */
export interface MetricHour {
  /** Of the hour's blocks in the order in which they became known, so many. */
  readonly count: number
  /** Largest first; of two with a point of one series and time the later counts. */
  readonly packed: readonly PackedSeries[]
  /** Of a point that is in `packed` too, these count. */
  readonly parts: MergedParts
}

/** No blocks. */
export const NOTHING_MERGED: MetricHour = { count: 0, packed: [], parts: [] }

/**
 * Merges more blocks.
 * @param blocks of the same hour and metric
 * @param count blocks with these
 * @returns undefined where what is packed does not tell which of two points counts: then all is to be merged anew, and not to be packed
 */
export function mergeBlocks(
  { packed, parts }: MetricHour,
  blocks: readonly SeriesColumns[],
  count: number,
): MetricHour | undefined {
  const filled = blocks.filter(({ points }) => points.count > 0)
  if (filled.length === 0) return { count, packed, parts }
  const added = mergeColumns(filled)
  if (packed.some((each) => clash(each, added))) return undefined
  return { count, packed, parts: addPart(parts, added) }
}

/**
 * Packs what is not packed, where that is enough of it.
 * @param baseTime seconds since 1970 at which the hour starts
 * @param from points of a series, on average
 * @returns the same where it is not
 */
export function packMore(merged: MetricHour, baseTime: number, from: number = PACKED_FROM): MetricHour {
  const [largest] = merged.parts
  const points = merged.parts.reduce((sum, part) => sum + part.points.count, 0)
  if (largest === undefined || points < from * largest.tsuids.length) return merged
  let last = packSeries(mergeColumns(merged.parts), baseTime)
  const packed = [...merged.packed]
  // As mergeMore: a few, and each point is encoded as many times.
  for (let before = packed.at(-1); before !== undefined && before.count <= 2 * last.count; before = packed.at(-1)) {
    last = mergePacked(before, last)
    packed.pop()
  }
  return { ...merged, packed: [...packed, last], parts: [] }
}

/** Some series, each once. */
export interface SeriesPieces {
  readonly tsuids: readonly Uint8Array[]
  /** The points of a series, which asking for may decode. Nobody may write to them. @param index in `tsuids` */
  readonly pieceAt: (index: number) => Piece
}

/** All that is merged, for mergePieces: each series in any number of them. */
export function piecesOf({ packed, parts }: MetricHour): SeriesPieces[] {
  return [
    ...packed.map((each) => ({ tsuids: each.tsuids, pieceAt: (index: number) => unpackPiece(each, index) })),
    ...parts.map(piecesOfColumns),
  ]
}

/** Series in columns. */
export function piecesOfColumns(columns: SeriesColumns): SeriesPieces {
  return { tsuids: columns.tsuids, pieceAt: (index) => pieceOf(columns, index) }
}

/** About the bytes that it takes. */
export function weightOfMetric({ packed, parts }: MetricHour): number {
  const ofPacked = packed.reduce(
    (sum, { bytes, tsuids }) => sum + bytes.length + tsuids.length * PACKED_SERIES_BYTES,
    0,
  )
  const ofRecords = parts.reduce((sum, { origins }) => sum + origins.length * RECORD_BYTES, 0)
  return ofPacked + weightOf(parts) + ofRecords
}
