import { joinPoints, pickPoints } from '../model/pick-points.ts'
import type { PointColumns } from '../model/points.ts'
import { compareSequences } from './arrival.ts'
import type { BlockSource } from './block.ts'
import { mergeOrder } from './merge-order.ts'

/** Points of one series from one block or row, with where each came from. */
export interface Piece {
  readonly points: PointColumns
  /** For each point, an index into `origins`. */
  readonly sources: Uint32Array
  readonly origins: readonly BlockSource[]
}

let someZeros = new Uint32Array(4096)

/** A piece of which all points came in one record, or are to be taken so. Its `sources` may be longer; nobody may write to them. */
export function pieceOfRecord(points: PointColumns, origin: BlockSource): Piece {
  if (someZeros.length < points.count) someZeros = new Uint32Array(points.count * 2)
  return { points, sources: someZeros, origins: [origin] }
}

/**
 * Merges the pieces of one series: ascending by time, and of several points at one time the one that arrived last, by the
 * stream's arrival time, then shard, then sequence number. Two points of the same record at one time never meet here:
 * a block holds but the last of them.
 */
export function mergePieces(pieces: readonly Piece[]): PointColumns {
  const [only] = pieces
  if (only !== undefined && pieces.length === 1) return only.points
  const ordered = [...pieces]
    .filter((piece) => piece.points.count > 0)
    .sort((a, b) => a.points.times[0]! - b.points.times[0]!)
  const joined = joinPoints(ordered.map(({ points }) => points))
  return followEachOther(ordered) ? joined : resolve(joined, ordered)
}

/** Whether each piece ends before the next begins, so that joined they are in order and without duplicates. */
function followEachOther(pieces: readonly Piece[]): boolean {
  for (let i = 1; i < pieces.length; i++) {
    const before = pieces[i - 1]!.points
    if (before.times[before.count - 1]! >= pieces[i]!.points.times[0]!) return false
  }
  return true
}

/** Puts joined points in order and keeps the latest arrival of each time. */
function resolve(joined: PointColumns, pieces: readonly Piece[]): PointColumns {
  const starts: number[] = []
  let end = 0
  for (const { points } of pieces) {
    starts.push(end)
    end += points.count
  }
  // Where a point came from is looked up only where two have the same time.
  const originOf = (index: number): BlockSource => {
    let piece = starts.length - 1
    while (starts[piece]! > index) piece--
    const { sources, origins } = pieces[piece]!
    return origins[sources[index - starts[piece]!]!]!
  }
  const order = mergeOrder(joined.times, starts, (a, b) => compareOrigins(originOf(a), originOf(b)))
  return pickPoints(joined, order)
}

/** The latest arrival among the points of some pieces, or undefined where there are none. */
export function newestOrigin(pieces: readonly Piece[]): BlockSource | undefined {
  let newest: BlockSource | undefined
  for (const { points, sources, origins } of pieces) {
    for (const source of new Set(sources.subarray(0, points.count))) {
      const origin = origins[source]!
      if (newest === undefined || compareOrigins(origin, newest) > 0) newest = origin
    }
  }
  return newest
}

/** Which of two records arrived later: above 0 where `a` did. By arrival, then shard, then sequence number. */
export function compareOrigins(a: BlockSource, b: BlockSource): number {
  if (a.arrival !== b.arrival) return a.arrival - b.arrival
  if (a.shard !== b.shard) return a.shard - b.shard
  return compareSequences(a.sequence, b.sequence)
}
