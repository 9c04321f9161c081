import { pickPoints, slicePoints } from '../model/pick-points.ts'
import type { PointColumns } from '../model/points.ts'
import type { BlockSeries, BlockSource } from './block.ts'
import type { Piece } from './merge.ts'

/** Series one behind the other: a few arrays for all of them instead of a few for each. */
export interface SeriesColumns {
  /** Ascending as bytes, each once. */
  readonly tsuids: readonly Uint8Array[]
  /** Index of each series' first point, from 0, and last the number of points. */
  readonly starts: Uint32Array
  /** Ascending by time within each series. */
  readonly points: PointColumns
  /** For each point, the record it came in, as an index into `origins`. */
  readonly sources: Uint32Array
  readonly origins: readonly BlockSource[]
}

/** The points of one series; its arrays are views. @param index in `tsuids` */
export function pieceOf({ starts, points, sources, origins }: SeriesColumns, index: number): Piece {
  const [from, to] = [starts[index]!, starts[index + 1]!]
  return { points: slicePoints(points, from, to), sources: sources.subarray(from, to), origins }
}

/** Some of the series, without the others' points. @param indices in `tsuids`, ascending */
export function pickSeries(
  { tsuids, starts, points, sources, origins }: SeriesColumns,
  indices: readonly number[],
): SeriesColumns {
  const picked = new Uint32Array(indices.length + 1)
  for (const [i, index] of indices.entries()) picked[i + 1] = picked[i]! + starts[index + 1]! - starts[index]!
  const order = new Uint32Array(picked.at(-1)!)
  for (const [i, index] of indices.entries()) {
    for (let to = picked[i]!, from = starts[index]!; to < picked[i + 1]!; ) order[to++] = from++
  }
  return {
    tsuids: indices.map((index) => tsuids[index]!),
    starts: picked,
    points: pickPoints(points, order),
    sources: order.map((index) => sources[index]!),
    origins,
  }
}

/** All series. */
export function seriesOf(columns: SeriesColumns): BlockSeries[] {
  return columns.tsuids.map((tsuid, i) => new LazySeries(tsuid, columns, i))
}

/** A series whose views of the columns are made when they are first asked for: for many, the TSUID is enough. */
class LazySeries implements BlockSeries {
  readonly tsuid: Uint8Array
  readonly #columns: SeriesColumns
  readonly #index: number
  #own: Piece | undefined

  constructor(tsuid: Uint8Array, columns: SeriesColumns, index: number) {
    this.tsuid = tsuid
    this.#columns = columns
    this.#index = index
  }

  get points(): PointColumns {
    return this.#views().points
  }

  get sources(): Uint32Array {
    return this.#views().sources
  }

  #views(): Piece {
    this.#own ??= pieceOf(this.#columns, this.#index)
    return this.#own
  }
}
