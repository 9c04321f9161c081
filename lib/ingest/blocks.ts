import {
  type Block,
  type BlockSeries,
  type ColumnBlock,
  encodeBlock,
  encodeColumnBlock,
  MAX_BLOCK_POINTS,
} from '../codec/block.ts'
import { MAX_TEXTS_BYTES } from '../codec/extras.ts'
import type { UidWidths } from '../model/series.ts'
import type { GroupedPoints, PointGroup } from './group.ts'

/** What an encoded block may be at most: DynamoDB's items end at 400 KB, and readers take whole blocks. */
export const MAX_BLOCK_BYTES = 300 * 1024
/** What is aimed at where a group has to be cut, so that an estimate a little off need not be encoded again. */
const TARGET_BLOCK_BYTES = 240 * 1024
/** Of incompressible doubles at irregular times; the first blocks correct it. */
const FIRST_BYTES_PER_POINT = 16
/** Blocks of fewer points are mostly keys and say little about others. */
const TELLING_POINTS = 200

/** A block ready to be stored. */
export interface EncodedBlock {
  readonly group: PointGroup
  readonly bytes: Uint8Array
  readonly shard: number
  readonly firstSequence: bigint
  readonly lastSequence: bigint
}

/** Turns groups into encoded blocks that fit an item, learning from block to block how many bytes a point takes. */
export class BlockEncoder {
  readonly #widths: UidWidths
  readonly #maxBytes: number
  #bytesPerPoint = FIRST_BYTES_PER_POINT

  /** @param maxBytes of an encoded block @default MAX_BLOCK_BYTES */
  constructor(widths: UidWidths, maxBytes: number = MAX_BLOCK_BYTES) {
    this.#widths = widths
    this.#maxBytes = maxBytes
  }

  /** @returns the blocks of all groups, each within the limit */
  encodeAll(points: GroupedPoints): EncodedBlock[] {
    return points.groups.flatMap((group) => this.#encodeGroup(points, group))
  }

  #encodeGroup(points: GroupedPoints, group: PointGroup): EncodedBlock[] {
    const whole = rangeOfGroup(points, group)
    const count = whole.end - whole.start
    const target = (TARGET_BLOCK_BYTES * this.#maxBytes) / MAX_BLOCK_BYTES
    const bytes = count * this.#bytesPerPoint
    // An estimate above the limit need not be right, so one block is tried where it is near.
    const parts = Math.max(bytes > this.#maxBytes ? Math.ceil(bytes / target) : 1, Math.ceil(count / MAX_BLOCK_POINTS))
    return cutRange(points, whole, parts).flatMap((range) => this.#encodeRange(points, range))
  }

  #encodeRange(points: GroupedPoints, range: PointRange): EncodedBlock[] {
    const count = range.end - range.start
    if (count > 1 && textBytes(points, range) > MAX_TEXTS_BYTES) {
      return cutRange(points, range, 2).flatMap((half) => this.#encodeRange(points, half))
    }
    const hasExtras = points.texts.size > 0 || points.expiries.size > 0
    const columns = columnsOfRange(points, range, this.#widths)
    const bytes = hasExtras ? encodeBlock(blockOfRange(points, range, this.#widths)) : encodeColumnBlock(columns)
    if (count >= TELLING_POINTS) this.#bytesPerPoint = 0.7 * this.#bytesPerPoint + (0.3 * bytes.length) / count
    if (bytes.length > this.#maxBytes && count > 1) {
      return cutRange(points, range, 2).flatMap((half) => this.#encodeRange(points, half))
    }
    const sequences = columns.sources.map((source) => source.sequence).sort((a, b) => (a < b ? -1 : 1))
    const [first] = columns.sources
    const [firstSequence] = sequences
    const lastSequence = sequences.at(-1)
    if (first === undefined || firstSequence === undefined || lastSequence === undefined) return []
    return [{ group: range.group, bytes, shard: first.shard, firstSequence, lastSequence }]
  }
}

/** Points that lie side by side in a group: `start` to `end` of the columns, which may cut the first and the last run. */
export interface PointRange {
  readonly group: PointGroup
  readonly start: number
  readonly end: number
}

/** @returns all points of a group */
export function rangeOfGroup(points: GroupedPoints, group: PointGroup): PointRange {
  return { group, start: points.runStarts[group.firstRun]!, end: points.runStarts[group.endRun]! }
}

/** The run that holds the point `index`, from the group's first run on. */
function runAt(points: GroupedPoints, group: PointGroup, index: number): number {
  let low = group.firstRun
  let high = group.endRun
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (points.runStarts[middle]! <= index) low = middle
    else high = middle
  }
  return low
}

/**
 * Cuts a range into about equal parts, at the boundary of a series where there is one near and within a series' points
 * where there is not.
 * @param parts at least 1; fewer come back where there are fewer points
 */
export function cutRange(points: GroupedPoints, range: PointRange, parts: number): PointRange[] {
  const { group, start, end } = range
  const ranges: PointRange[] = []
  let from = start
  for (let part = 1; part <= parts && from < end; part++) {
    const aim = part === parts ? end : start + Math.ceil(((end - start) * part) / parts)
    if (aim <= from) continue
    let to = aim
    if (aim < end) {
      const boundary = points.runStarts[runAt(points, group, aim)]!
      // A series larger than half a part is cut by time instead.
      if (boundary > from && aim - boundary <= (aim - from) / 2) to = boundary
    }
    ranges.push({ group, start: from, end: to })
    from = to
  }
  return ranges
}

/** The block of a range of points, with those sources alone that have points in it; its columns are views where they can be. */
export function columnsOfRange(points: GroupedPoints, range: PointRange, widths: UidWidths): ColumnBlock {
  const { group, start, end } = range
  const { used, sources } = sourcesOfRange(points, start, end)
  const firstRun = runAt(points, group, start)
  const count = start === end ? 0 : runAt(points, group, end - 1) + 1 - firstRun
  const tsuids = new Array<Uint8Array>(count)
  const starts = new Uint32Array(count + 1)
  for (let i = 0; i < count; i++) {
    tsuids[i] = points.series[points.runSeries[firstRun + i]!]!.tsuid
    // A range may begin and end within a series.
    starts[i + 1] = Math.min(points.runStarts[firstRun + i + 1]!, end) - start
  }
  return {
    baseTime: group.baseTime,
    widths,
    sources: used.map((i) => points.sources[i]!),
    tsuids,
    runs: {
      times: points.times.subarray(start, end),
      values: points.values.subarray(start, end),
      kinds: points.kinds.subarray(start, end),
      sources,
      starts,
      bigs: between(points.bigs, start, end),
    },
  }
}

/** The same with an object for each series, and what few points have: texts and expiries. */
export function blockOfRange(points: GroupedPoints, range: PointRange, widths: UidWidths): Block {
  const { tsuids, runs, ...block } = columnsOfRange(points, range, widths)
  const { times, values, kinds, sources, starts, bigs } = runs
  const series = tsuids.map((tsuid, i): BlockSeries => {
    const [from, to] = [starts[i]!, starts[i + 1]!]
    return {
      tsuid,
      points: {
        count: to - from,
        times: times.subarray(from, to),
        values: values.subarray(from, to),
        kinds: kinds.subarray(from, to),
        bigs: between(bigs, from, to),
        ...extrasBetween(points, range.start + from, range.start + to),
      },
      sources: sources.subarray(from, to),
    }
  })
  return { ...block, series }
}

/** Which sources points `start` to `end` came in, ascending, and for each point its place among them. */
function sourcesOfRange({ sources, sourceOf }: GroupedPoints, start: number, end: number) {
  const places = new Int32Array(sources.length).fill(-1)
  for (let i = start; i < end; i++) places[sourceOf[i]!] = 0
  const used: number[] = []
  for (let source = 0; source < places.length; source++) {
    if (places[source] === 0) places[source] = used.push(source) - 1
  }
  const own = new Uint32Array(end - start)
  for (let i = start; i < end; i++) own[i - start] = places[sourceOf[i]!]!
  return { used, sources: own }
}

const NONE: ReadonlyMap<number, never> = new Map<number, never>()

/** What of a column of few points belongs to the points `from` to `to`. */
function between<Value>(column: ReadonlyMap<number, Value>, from: number, to: number): ReadonlyMap<number, Value> {
  if (column.size === 0) return NONE
  const found = new Map<number, Value>()
  for (let i = from; i < to; i++) {
    const value = column.get(i)
    if (value !== undefined) found.set(i - from, value)
  }
  return found
}

/** The texts and expiries of points `from` to `to`, where the batch has any. */
function extrasBetween({ texts, expiries }: GroupedPoints, from: number, to: number) {
  if (texts.size === 0 && expiries.size === 0) return undefined
  const own = new Float64Array(to - from)
  for (const [i, expiry] of between(expiries, from, to)) own[i] = expiry
  return { texts: between(texts, from, to), expiries: own }
}

/** Bytes that the texts of a range take at most: a UTF-16 unit is at most 3 bytes of UTF-8. */
function textBytes({ texts }: GroupedPoints, { start, end }: PointRange): number {
  let bytes = 0
  if (texts.size > 0) for (let i = start; i < end; i++) bytes += (texts.get(i)?.length ?? 0) * 3
  return bytes
}
