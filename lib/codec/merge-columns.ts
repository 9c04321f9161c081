import { pickPoints } from '../model/pick-points.ts'
import { KIND_BIG, KIND_TEXT, type PointColumns } from '../model/points.ts'
import type { BlockSource } from './block.ts'
import { latin1 } from './bytes.ts'
import { compareOrigins } from './merge.ts'
import { mergeOrder } from './merge-order.ts'
import type { SeriesColumns } from './series-columns.ts'
import { compareTsuids } from './tsuid.ts'

/**
 * Makes one of the series of several blocks of an hour, as a reader sees them: each series once, its points ascending by time, of several at
 * one time the one that mergePieces keeps. Each point still knows the record it came in, so that what is merged may be merged with more,
 * in whatever order, to the same end.
 *
 * A block has a point or two of each of its series, so nothing is made for each series of each block: points are counted, copied to where
 * their series' points lie, and put in order where they are not.
 * @returns `origins` are those that these points came in; the arrays are its own
 */
export function mergeColumns(blocks: readonly SeriesColumns[]): SeriesColumns {
  const { tsuids, numbers } = numberSeries(blocks)
  const starts = startsOf(blocks, numbers, tsuids.length)
  const joined = joinBlocks(blocks, numbers, starts)
  const { order, starts: kept } = orderOf(joined, starts)
  if (order === undefined) return { tsuids, starts, ...joined }
  const sources = order.map((index) => joined.sources[index]!)
  return { tsuids, starts: kept, points: pickPoints(joined.points, order), sources, origins: joined.origins }
}

/** All series of some blocks, ascending, and of each block which of them its series are. */
function numberSeries(blocks: readonly SeriesColumns[]): { tsuids: Uint8Array[]; numbers: Uint32Array[] } {
  const found: Uint8Array[] = []
  const byTsuid = new Map<string, number>()
  let before: { readonly tsuids: readonly Uint8Array[]; readonly numbers: Uint32Array } | undefined
  const numbers = blocks.map(({ tsuids }) => {
    const own = new Uint32Array(tsuids.length)
    // Most series are in the block before, too, and both are in order: that is found faster than by name.
    let at = 0
    for (const [i, tsuid] of tsuids.entries()) {
      while (before !== undefined && at < before.tsuids.length && compareTsuids(before.tsuids[at]!, tsuid) < 0) at++
      const there = before?.tsuids[at]
      const isThere = there !== undefined && compareTsuids(there, tsuid) === 0
      own[i] = isThere ? before!.numbers[at]! : numberOf(tsuid, found, byTsuid)
    }
    before = { tsuids, numbers: own }
    return own
  })
  const sorted = found.map((_, number) => number).sort((a, b) => compareTsuids(found[a]!, found[b]!))
  const places = new Uint32Array(found.length)
  for (const [place, number] of sorted.entries()) places[number] = place
  // Copies: what they are views of is much larger.
  const tsuids = sorted.map((number) => found[number]!.slice())
  return { tsuids, numbers: numbers.map((own) => own.map((number) => places[number]!)) }
}

function numberOf(tsuid: Uint8Array, found: Uint8Array[], byTsuid: Map<string, number>): number {
  const name = latin1(tsuid)
  const known = byTsuid.get(name)
  if (known !== undefined) return known
  byTsuid.set(name, found.length)
  return found.push(tsuid) - 1
}

/** Where each series' points start once they are joined. */
function startsOf(blocks: readonly SeriesColumns[], numbers: readonly Uint32Array[], seriesCount: number): Uint32Array {
  const starts = new Uint32Array(seriesCount + 1)
  for (const [b, block] of blocks.entries()) {
    const own = numbers[b]!
    for (let i = 0; i < own.length; i++) starts[own[i]! + 1]! += block.starts[i + 1]! - block.starts[i]!
  }
  for (let i = 0; i < seriesCount; i++) starts[i + 1]! += starts[i]!
  return starts
}

type Joined = Pick<SeriesColumns, 'points' | 'sources' | 'origins'>

/** Copies all points to where their series' points lie, in the order of the blocks. */
function joinBlocks(blocks: readonly SeriesColumns[], numbers: readonly Uint32Array[], starts: Uint32Array): Joined {
  const count = starts.at(-1)!
  const [times, values, kinds] = [new Float64Array(count), new Float64Array(count), new Uint8Array(count)]
  const bigs = new Map<number, bigint>()
  const texts = new Map<number, string>()
  let expiries: Float64Array | undefined
  const sources = new Uint32Array(count)
  const origins: BlockSource[] = []
  const next = starts.slice()
  for (const [b, block] of blocks.entries()) {
    const own = numbers[b]!
    const from = block.points
    const places = new Int32Array(block.origins.length).fill(-1)
    if (from.expiries !== undefined) expiries ??= new Float64Array(count)
    for (let i = 0; i < own.length; i++) {
      let to = next[own[i]!]!
      for (let j = block.starts[i]!; j < block.starts[i + 1]!; j++, to++) {
        const kind = from.kinds[j]!
        times[to] = from.times[j]!
        values[to] = from.values[j]!
        kinds[to] = kind
        if ((kind & KIND_BIG) !== 0) bigs.set(to, from.bigs.get(j)!)
        if ((kind & KIND_TEXT) !== 0) texts.set(to, from.texts?.get(j) ?? '')
        if (from.expiries !== undefined) expiries![to] = from.expiries[j]!
        const source = block.sources[j]!
        if (places[source] === -1) places[source] = origins.push(block.origins[source]!) - 1
        sources[to] = places[source]!
      }
      next[own[i]!] = to
    }
  }
  const points = { count, times, values, kinds, bigs, ...(texts.size > 0 && { texts }), ...(expiries && { expiries }) }
  return { points, sources, origins }
}

/**
 * Which points to keep in which order, so that each series ascends.
 * @returns `order` absent: all as they are; `starts` of the series then
 */
function orderOf(
  { points, sources, origins }: Joined,
  starts: Uint32Array,
): { readonly order?: Uint32Array; readonly starts: Uint32Array } {
  const { count, times } = points
  const compare = (a: number, b: number) => compareOrigins(origins[sources[a]!]!, origins[sources[b]!]!)
  let order: Uint32Array | undefined
  let kept = 0
  const keptStarts = new Uint32Array(starts.length)
  for (let i = 0; i + 1 < starts.length; i++) {
    const [from, to] = [starts[i]!, starts[i + 1]!]
    const runs = runsOf(times, from, to)
    if (runs.length > 1 && order === undefined) {
      order = new Uint32Array(count)
      for (kept = 0; kept < from; kept++) order[kept] = kept
    }
    if (order !== undefined) {
      const own = mergeOrder(times.subarray(from, to), runs, (a, b) => compare(from + a, from + b))
      for (const index of own) order[kept++] = from + index
      keptStarts[i + 1] = kept
    } else keptStarts[i + 1] = to
  }
  return order === undefined ? { starts } : { order: order.subarray(0, kept), starts: keptStarts }
}

/** Where runs of ascending times start, counted from `from`. */
function runsOf(times: PointColumns['times'], from: number, to: number): number[] {
  const runs = [0]
  for (let i = from + 1; i < to; i++) if (times[i]! <= times[i - 1]!) runs.push(i - from)
  return runs
}
