import { type Block, type BlockSeries, encodeBlock, MAX_BLOCK_POINTS } from '../codec/block.ts'
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
    const block = blockOfRange(points, range, this.#widths)
    const bytes = encodeBlock(block)
    if (count >= TELLING_POINTS) this.#bytesPerPoint = 0.7 * this.#bytesPerPoint + (0.3 * bytes.length) / count
    if (bytes.length > this.#maxBytes && count > 1) {
      return cutRange(points, range, 2).flatMap((half) => this.#encodeRange(points, half))
    }
    const sequences = block.sources.map((source) => source.sequence).sort((a, b) => (a < b ? -1 : 1))
    const [first] = block.sources
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

/** The block of a range of points, with those sources alone that have points in it; its columns are views, not copies. */
export function blockOfRange(points: GroupedPoints, range: PointRange, widths: UidWidths): Block {
  const { group, start, end } = range
  const used = [...new Set(points.sourceOf.subarray(start, end))].sort((a, b) => a - b)
  const sourceOf = points.sourceOf.slice(start, end)
  if (used.length > 0 && used[used.length - 1] !== used.length - 1) {
    const index = new Map(used.map((source, i) => [source, i]))
    for (let i = 0; i < sourceOf.length; i++) sourceOf[i] = index.get(sourceOf[i]!)!
  }
  const series: BlockSeries[] = []
  for (let run = runAt(points, group, start), from = start; from < end; run++) {
    const to = Math.min(points.runStarts[run + 1]!, end)
    series.push({
      tsuid: points.series[points.runSeries[run]!]!.tsuid,
      points: {
        count: to - from,
        times: points.times.subarray(from, to),
        values: points.values.subarray(from, to),
        kinds: points.kinds.subarray(from, to),
        bigs: between(points.bigs, from, to),
        ...extrasBetween(points, from, to),
      },
      sources: sourceOf.subarray(from - start, to - start),
    })
    from = to
  }
  return { baseTime: group.baseTime, widths, sources: used.map((i) => points.sources[i]!), series }
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
