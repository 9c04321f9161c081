import { joinPoints } from '../model/pick-points.ts'
import type { PointColumns } from '../model/points.ts'
import type { BlockSeries } from './block.ts'
import type { SourcedPoints } from './block-points.ts'

/** A series whose views of its block's columns are made when they are first asked for: for many, the TSUID is enough. */
class DecodedSeries implements BlockSeries {
  readonly tsuid: Uint8Array
  readonly #cut: (index: number) => SourcedPoints
  readonly #index: number
  #own: SourcedPoints | undefined

  constructor(tsuid: Uint8Array, cut: (index: number) => SourcedPoints, index: number) {
    this.tsuid = tsuid
    this.#cut = cut
    this.#index = index
  }

  get points(): PointColumns {
    return this.#views().points
  }

  get sources(): Uint32Array {
    return this.#views().sources
  }

  #views(): SourcedPoints {
    this.#own ??= this.#cut(this.#index)
    return this.#own
  }
}

/**
 * Series that lie in columns one behind the other.
 * @param tsuids in the order of the columns
 * @param cut the points of a series, by its place in that order
 */
export function seriesOfColumns(
  tsuids: readonly Uint8Array[],
  cut: (index: number) => SourcedPoints,
): readonly BlockSeries[] {
  return tsuids.map((tsuid, i) => new DecodedSeries(tsuid, cut, i))
}

/** Points of many series in columns, series by series. */
export interface JoinedSeries extends SourcedPoints {
  /** Index of each series' first point, from 0, and last the number of points. */
  readonly starts: Uint32Array
}

/** Series one behind the other, copied. */
export function joinSeries(series: readonly SourcedPoints[]): JoinedSeries {
  const points = joinPoints(series.map((each) => each.points))
  const starts = new Uint32Array(series.length + 1)
  const sources = new Uint32Array(points.count)
  let at = 0
  for (const [i, own] of series.entries()) {
    sources.set(own.sources.subarray(0, own.points.count), at)
    at += own.points.count
    starts[i + 1] = at
  }
  return { points, sources, starts }
}
