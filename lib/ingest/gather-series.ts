import { decodeColumns, openBlock } from '../codec/block.ts'
import { latin1 } from '../codec/bytes.ts'
import type { Piece } from '../codec/merge.ts'
import { type MergedParts, mergeMore } from '../codec/merged-parts.ts'
import { pickSeries, pieceOf, type SeriesColumns } from '../codec/series-columns.ts'
import { hashTsuid, readUid } from '../codec/tsuid.ts'
import type { UidWidths } from '../model/series.ts'

/** One series' points of some blocks. */
export interface GatheredSeries {
  readonly tsuid: Uint8Array
  readonly pieces: Piece[]
}

/** Some of the series of an hour's blocks, and what there is of all of them. */
export interface Gathered {
  /** Of the series asked for; undefined where they have more points than may be held. */
  readonly series: readonly GatheredSeries[] | undefined
  /** Series of all blocks; of two with the same hash, one. */
  readonly seriesSeen: number
  readonly pointsSeen: number
  readonly blockBytes: number
  /** UIDs of the metrics of all blocks. */
  readonly metrics: ReadonlySet<number>
}

/** Which series: those whose hash modulo `groups` is from `from` to before `to`. */
export interface SeriesGroups {
  readonly groups: number
  readonly from: number
  readonly to: number
}

/** The group of a series. */
export function groupOf(tsuid: Uint8Array, groups: number): number {
  return groups === 1 ? 0 : hashTsuid(tsuid) % groups
}

/** Blocks that are merged at a time, and the points of them that are held unmerged, about. */
const BLOCKS_AT_A_TIME = 64
const POINTS_AT_A_TIME = 500_000

/**
 * Gathers the points of some series from an hour's blocks, one page of blocks after the other. They are merged as they come: a block has a
 * point or two of each series, which would take 700 bytes each if they were kept as they are, and take 25 merged.
 * @param pages of blocks
 * @param mostPoints that are held; with more, none are and the rest is counted alone
 * @throws CorruptDataError
 */
export async function gatherSeries(
  pages: AsyncIterable<readonly Uint8Array[]>,
  widths: UidWidths,
  wanted: SeriesGroups,
  mostPoints: number,
): Promise<Gathered> {
  const hashes = new Set<number>()
  const metrics = new Set<number>()
  let parts: MergedParts | undefined = []
  let unmerged: SeriesColumns[] = []
  let [held, heldUnmerged, pointsSeen, blockBytes] = [0, 0, 0, 0]
  const merge = () => {
    parts = parts && mergeMore(parts, unmerged)
    unmerged = []
    heldUnmerged = 0
  }
  for await (const page of pages) {
    for (const bytes of page) {
      blockBytes += bytes.length
      const columns = decodeColumns(openBlock(bytes))
      pointsSeen += columns.points.count
      const own: number[] = []
      for (const [i, tsuid] of columns.tsuids.entries()) {
        const hash = hashTsuid(tsuid)
        hashes.add(hash)
        metrics.add(readUid(tsuid, 0, widths.metric))
        const group = hash % wanted.groups
        if (group >= wanted.from && group < wanted.to) own.push(i)
      }
      if (parts === undefined || own.length === 0) continue
      const some = own.length === columns.tsuids.length ? columns : pickSeries(columns, own)
      held += some.points.count
      heldUnmerged += some.points.count
      if (held > mostPoints) {
        parts = undefined
        unmerged = []
        continue
      }
      unmerged.push(some)
      if (unmerged.length >= BLOCKS_AT_A_TIME || heldUnmerged >= POINTS_AT_A_TIME) merge()
    }
  }
  merge()
  return { series: parts && seriesOfParts(parts), seriesSeen: hashes.size, pointsSeen, blockBytes, metrics }
}

function seriesOfParts(parts: MergedParts): GatheredSeries[] {
  const gathered = new Map<string, GatheredSeries>()
  for (const part of parts) {
    for (const [i, tsuid] of part.tsuids.entries()) {
      const name = latin1(tsuid)
      const known = gathered.get(name)
      if (known === undefined) gathered.set(name, { tsuid, pieces: [pieceOf(part, i)] })
      else known.pieces.push(pieceOf(part, i))
    }
  }
  return [...gathered.values()]
}
