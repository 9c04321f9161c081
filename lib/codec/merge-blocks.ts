import { slicePoints } from '../model/pick-points.ts'
import type { BlockSource, DecodedBlock } from './block.ts'
import type { SourcedPoints } from './block-points.ts'
import { joinSeries, seriesOfColumns } from './decoded-series.ts'
import { mergeSourced } from './merge.ts'
import { compareTsuids } from './tsuid.ts'

/** The pieces of one series, in the order of their blocks. */
interface SeriesPieces {
  readonly tsuid: Uint8Array
  readonly pieces: SourcedPoints[]
}

/**
 * Makes one block of several of an hour, as a reader sees them: each series once, its points ascending by time, of several at one time
 * the one that mergePieces keeps. Each point still knows the record it came in, so that what is merged may be merged with more, in whatever
 * order, to the same end.
 * @param blocks at least one, all of one hour and of the same widths
 * @returns `sources` are those that points of these series came in; the arrays are its own
 */
export function mergeBlocks(blocks: readonly DecodedBlock[]): DecodedBlock {
  const { baseTime, widths } = blocks[0]!
  const sources: BlockSource[] = []
  const bySeries = new Map<string, SeriesPieces>()
  for (const block of blocks) {
    const places = new Int32Array(block.sources.length).fill(-1)
    for (const { tsuid, points, sources: own } of block.series) {
      const key = Buffer.from(tsuid.buffer, tsuid.byteOffset, tsuid.byteLength).toString('latin1')
      const found = bySeries.get(key) ?? { tsuid, pieces: [] }
      bySeries.set(key, found)
      const moved = new Uint32Array(points.count)
      for (let i = 0; i < moved.length; i++) {
        const source = own[i]!
        if (places[source] === -1) places[source] = sources.push(block.sources[source]!) - 1
        moved[i] = places[source]!
      }
      found.pieces.push({ points, sources: moved })
    }
  }
  const series = [...bySeries.values()].sort((a, b) => compareTsuids(a.tsuid, b.tsuid))
  const merged = series.map(({ pieces }) => (pieces.length === 1 ? pieces[0]! : mergeSourced(pieces, sources)))
  // A few arrays for all of them instead of a few for each.
  const { points, sources: sourceOf, starts } = joinSeries(merged)
  const cut = (index: number) => {
    const [from, to] = [starts[index]!, starts[index + 1]!]
    return { points: slicePoints(points, from, to), sources: sourceOf.subarray(from, to) }
  }
  const tsuids = series.map(({ tsuid }) => tsuid.slice())
  return { baseTime, widths, sources, series: seriesOfColumns(tsuids, cut), pointCount: points.count }
}
