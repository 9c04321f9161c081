import type { PointColumns } from '../model/points.ts'
import type { BlockSource } from './block.ts'
import { compareOrigins, mergePieces, type Piece, pieceOfRecord } from './merge.ts'
import { decodeRow, encodeRow, type RowPart } from './row.ts'
import { pieceOf, type SeriesColumns } from './series-columns.ts'
import { compareTsuids } from './tsuid.ts'

/**
 * Series of an hour, merged, and encoded as rows: a byte or two a point where columns take 21 and each point's record more than that. Which
 * record each point came in is forgotten, for all but what `clash` tells.
 */
export interface PackedSeries {
  /** Seconds since 1970 at which the hour starts. */
  readonly baseTime: number
  /** Points of all series. */
  readonly count: number
  /** The newest record that any of the points came in. */
  readonly newest: BlockSource
  /** Ascending as bytes, each once. */
  readonly tsuids: readonly Uint8Array[]
  /** Of each series, the time of its last point, in milliseconds since 1970. */
  readonly lasts: Float64Array
  /** Of each series, where its first row part lies in `ends`, and last how many parts there are. */
  readonly parts: Uint32Array
  /** Where each row part ends in `bytes`. */
  readonly ends: Uint32Array
  /** The rows' parts one behind the other, of each row part 0 last. */
  readonly bytes: Uint8Array
}

/**
 * Encodes series.
 * @param columns at least one series, with at least one point each, each of its times once
 * @param baseTime seconds since 1970 at which their hour starts
 */
export function packSeries(columns: SeriesColumns, baseTime: number): PackedSeries {
  const { tsuids, origins } = columns
  const rows = tsuids.map((_, i) => pieceOf(columns, i).points)
  return pack(tsuids, rows, origins.reduce(newerOf), baseTime)
}

/**
 * Merges packed series with others of the same hour that were checked by `clash` against them.
 * @returns new ones; those given are as they were
 */
export function mergePacked(a: PackedSeries, b: PackedSeries): PackedSeries {
  const tsuids: Uint8Array[] = []
  const rows: PointColumns[] = []
  let [i, j] = [0, 0]
  while (i < a.tsuids.length || j < b.tsuids.length) {
    const order = compareAt(a, i, b, j)
    tsuids.push(order <= 0 ? a.tsuids[i]! : b.tsuids[j]!)
    const own: Piece[] = []
    if (order <= 0) own.push(unpackPiece(a, i++))
    if (order >= 0) own.push(unpackPiece(b, j++))
    rows.push(mergePieces(own))
  }
  return pack(tsuids, rows, newerOf(a.newest, b.newest), a.baseTime)
}

/** The points of one series, all as if they came in the newest record. @param index in `tsuids` */
export function unpackPiece({ baseTime, newest, parts, ends, bytes }: PackedSeries, index: number): Piece {
  const [from, to] = [parts[index]!, parts[index + 1]!]
  const row: RowPart[] = []
  for (let part = from; part < to; part++) {
    const value = bytes.subarray(part === 0 ? 0 : ends[part - 1]!, ends[part]!)
    row.push({ part: part === to - 1 ? 0 : part - from + 1, value })
  }
  return pieceOfRecord(decodeRow(row, baseTime).points, newest)
}

/**
 * Whether it can't be told from packed series alone which of two points counts: one that came in a record before their newest, at a time
 * of which they have another. All else that is merged with them is right as if all points' records were known.
 * @param added series of the same hour
 */
export function clash(packed: PackedSeries, added: SeriesColumns): boolean {
  let at = 0
  for (const [i, tsuid] of added.tsuids.entries()) {
    while (at < packed.tsuids.length && compareTsuids(packed.tsuids[at]!, tsuid) < 0) at++
    if (at === packed.tsuids.length) return false
    if (compareTsuids(packed.tsuids[at]!, tsuid) === 0 && clashesAt(packed, at, added, i)) return true
  }
  return false
}

function clashesAt(packed: PackedSeries, at: number, added: SeriesColumns, series: number): boolean {
  const { points, sources, origins } = added
  let known: PointColumns | undefined
  for (let i = added.starts[series]!; i < added.starts[series + 1]!; i++) {
    // They ascend.
    if (points.times[i]! > packed.lasts[at]!) return false
    if (compareOrigins(origins[sources[i]!]!, packed.newest) > 0) continue
    known ??= unpackPiece(packed, at).points
    const same = indexOfTime(known, points.times[i]!)
    if (same !== undefined && !isSamePoint(known, same, points, i)) return true
  }
  return false
}

/** Where a time is among points, by halving. */
function indexOfTime({ count, times }: PointColumns, time: number): number | undefined {
  let [from, to] = [0, count]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (times[middle]! < time) from = middle + 1
    else to = middle
  }
  return times[from] === time && from < count ? from : undefined
}

/** Whether two points are the same in all that is stored of them: a record that is delivered again brings such. */
function isSamePoint(a: PointColumns, i: number, b: PointColumns, j: number): boolean {
  return (
    a.kinds[i] === b.kinds[j] &&
    Object.is(a.values[i], b.values[j]) &&
    a.bigs.get(i) === b.bigs.get(j) &&
    a.texts?.get(i) === b.texts?.get(j) &&
    (a.expiries?.[i] ?? 0) === (b.expiries?.[j] ?? 0)
  )
}

function pack(
  tsuids: readonly Uint8Array[],
  rows: readonly PointColumns[],
  newest: BlockSource,
  baseTime: number,
): PackedSeries {
  const parts = new Uint32Array(rows.length + 1)
  const lasts = new Float64Array(rows.length)
  const values: Uint8Array[] = []
  let count = 0
  for (const [i, points] of rows.entries()) {
    count += points.count
    lasts[i] = points.times[points.count - 1]!
    for (const { value } of encodeRow({ points, newest })) values.push(value)
    parts[i + 1] = values.length
  }
  const ends = new Uint32Array(values.length)
  const bytes = new Uint8Array(values.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const [i, value] of values.entries()) {
    bytes.set(value, at)
    at += value.length
    ends[i] = at
  }
  return { baseTime, count, newest, tsuids, lasts, parts, ends, bytes }
}

/** Which of two series comes first: below 0 or above, and 0 where they are the same; one that is not there comes last. */
function compareAt(a: PackedSeries, i: number, b: PackedSeries, j: number): number {
  if (i === a.tsuids.length) return 1
  if (j === b.tsuids.length) return -1
  return compareTsuids(a.tsuids[i]!, b.tsuids[j]!)
}

function newerOf(a: BlockSource, b: BlockSource): BlockSource {
  return compareOrigins(a, b) > 0 ? a : b
}
