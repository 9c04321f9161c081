import { decodeBlock } from '../codec/block.ts'
import type { Piece } from '../codec/merge.ts'
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

/**
 * Gathers the pieces of some series from an hour's blocks, one page of blocks after the other.
 * @param pages of blocks
 * @param wanted where it is not all series, what is held of a block are copies, and the block's memory is free again
 * @param mostPoints that are held; with more, none are and the rest is counted alone
 * @throws CorruptDataError
 */
export async function gatherSeries(
  pages: AsyncIterable<readonly Uint8Array[]>,
  widths: UidWidths,
  wanted: SeriesGroups,
  mostPoints: number,
): Promise<Gathered> {
  const isWhole = wanted.groups === 1
  const hashes = new Set<number>()
  const metrics = new Set<number>()
  let gathered: Map<string, GatheredSeries> | undefined = new Map()
  let [held, pointsSeen, blockBytes] = [0, 0, 0]
  for await (const page of pages) {
    for (const bytes of page) {
      blockBytes += bytes.length
      const { series, sources: origins } = decodeBlock(bytes)
      for (const one of series) {
        const hash = hashTsuid(one.tsuid)
        hashes.add(hash)
        metrics.add(readUid(one.tsuid, 0, widths.metric))
        const { count } = one.points
        pointsSeen += count
        const group = isWhole ? 0 : hash % wanted.groups
        if (gathered === undefined || group < wanted.from || group >= wanted.to) continue
        held += count
        if (held > mostPoints) {
          gathered = undefined
          continue
        }
        const piece = { points: one.points, sources: one.sources, origins }
        add(gathered, one.tsuid, isWhole ? piece : copyOf(piece))
      }
    }
  }
  const series = gathered && [...gathered.values()]
  return { series, seriesSeen: hashes.size, pointsSeen, blockBytes, metrics }
}

function add(gathered: Map<string, GatheredSeries>, tsuid: Uint8Array, piece: Piece): void {
  const name = nameOf(tsuid)
  const known = gathered.get(name)
  if (known === undefined) gathered.set(name, { tsuid, pieces: [piece] })
  else known.pieces.push(piece)
}

/** The views of a block's columns would keep all of them. */
function copyOf({ points, sources, origins }: Piece): Piece {
  const { count, times, values, kinds } = points
  return {
    points: { ...points, times: times.slice(0, count), values: values.slice(0, count), kinds: kinds.slice(0, count) },
    sources: sources.slice(0, count),
    origins,
  }
}

/** A TSUID as a key of maps. */
export function nameOf(tsuid: Uint8Array): string {
  return Buffer.from(tsuid.buffer, tsuid.byteOffset, tsuid.byteLength).toString('latin1')
}
