import type { BlockSource } from '../codec/block.ts'
import { compareTsuids } from '../codec/tsuid.ts'
import { KIND_BIG, KIND_TEXT, type PointBatch } from '../model/points.ts'

/** A series by its UIDs, as far as placing its points needs it. */
export interface PlacedSeries {
  readonly tsuid: Uint8Array
  readonly metric: number
  /** hashTsuid of the TSUID. */
  readonly hash: number
}

/** Points of one stream record with their series resolved. */
export interface ResolvedBatch {
  readonly batch: PointBatch
  /** The record that it came in, as an index into the sources. */
  readonly source: number
  /** For each series of the batch its index into the resolved series; -1 where it could not be resolved and its points are left out. */
  readonly seriesIds: Int32Array
}

/** Gives the shelf of each series for the hour that starts at `baseTime` (seconds); the same array for hours of one layout. */
export type ShelvesOfHour = (baseTime: number) => Uint16Array

/** Points of one hour and shelf: the runs `firstRun` to `endRun`, a run being one series' points. */
export interface PointGroup {
  /** Seconds since 1970, the hour's start. */
  readonly baseTime: number
  readonly shelf: number
  readonly firstRun: number
  readonly endRun: number
}

/**
 * The points of a whole batch of records in the order that blocks have them: by group, then TSUID, then time, one point
 * an instant. Columns are shared by all groups; a run is the half-open range of indices that `runStarts` bounds.
 */
export interface GroupedPoints {
  readonly sources: readonly BlockSource[]
  readonly series: readonly PlacedSeries[]
  readonly times: Float64Array
  readonly values: Float64Array
  readonly kinds: Uint8Array
  readonly sourceOf: Uint32Array
  /** By index into the columns. */
  readonly bigs: ReadonlyMap<number, bigint>
  /** By index into the columns. */
  readonly texts: ReadonlyMap<number, string>
  /** Seconds since 1970 at which points' times come, by index into the columns. */
  readonly expiries: ReadonlyMap<number, number>
  readonly runSeries: Uint32Array
  /** One more than there are runs. */
  readonly runStarts: Uint32Array
  readonly groups: readonly PointGroup[]
}

const HOUR_S = 3600
const HOUR_MS = HOUR_S * 1000

/** Points as they arrived, in columns. */
interface FlatPoints {
  readonly count: number
  readonly times: Float64Array
  readonly values: Float64Array
  readonly kinds: Uint8Array
  readonly series: Uint32Array
  readonly sourceOf: Uint32Array
  readonly bigs: Map<number, bigint>
  readonly texts: Map<number, string>
  readonly expiries: Map<number, number>
}

/**
 * Sorts the points of a batch of stream records into blocks-to-be. Where a series has several points of one instant the last
 * one stays, so batches must come in order of precedence: ascending by arrival, shard and sequence.
 * Linear in points, series and groups where times ascend within each series; only series out of order are sorted by time.
 * @param batches their times must be whole milliseconds from 0 to below 2^32 s
 */
export function groupPoints(
  sources: readonly BlockSource[],
  series: readonly PlacedSeries[],
  batches: readonly ResolvedBatch[],
  shelvesOfHour: ShelvesOfHour,
): GroupedPoints {
  const flat = flatten(batches)
  const { groupOf, places } = assignGroups(flat, shelvesOfHour)
  const ranks = rankSeries(series)
  // Two stable counting sorts, the lesser key first, leave points by group, then series, then order of arrival.
  const bySeries = sortByKey(identity(flat.count), flat.series, ranks, series.length)
  const order = sortByKey(bySeries, groupOf, identity(places.length), places.length)
  return layOut(flat, order, groupOf, places, sources, series)
}

function flatten(batches: readonly ResolvedBatch[]): FlatPoints {
  const room = batches.reduce((sum, { batch }) => sum + batch.points.count, 0)
  const times = new Float64Array(room)
  const values = new Float64Array(room)
  const kinds = new Uint8Array(room)
  const series = new Uint32Array(room)
  const sourceOf = new Uint32Array(room)
  const bigs = new Map<number, bigint>()
  const texts = new Map<number, string>()
  const expiries = new Map<number, number>()
  let count = 0
  for (const { batch, source, seriesIds } of batches) {
    const { points, seriesOf } = batch
    for (let i = 0; i < points.count; i++) {
      const id = seriesIds[seriesOf[i]!]!
      if (id < 0) continue
      times[count] = points.times[i]!
      values[count] = points.values[i]!
      const kind = points.kinds[i]!
      kinds[count] = kind
      series[count] = id
      sourceOf[count] = source
      if (kind & KIND_BIG) {
        const big = points.bigs.get(i)
        if (big === undefined) throw new Error('BUG: a KIND_BIG point without its integer')
        bigs.set(count, big)
      }
      if (kind & KIND_TEXT) texts.set(count, points.texts?.get(i) ?? '')
      if (points.expiries !== undefined && points.expiries[i] !== 0) expiries.set(count, points.expiries[i]!)
      count++
    }
  }
  return { count, times, values, kinds, series, sourceOf, bigs, texts, expiries }
}

interface Place {
  readonly baseTime: number
  readonly shelf: number
}

/** Numbers the (hour, shelf) pairs that occur, in order of first sight, and says which each point is in. */
function assignGroups(flat: FlatPoints, shelvesOfHour: ShelvesOfHour): { groupOf: Uint32Array; places: Place[] } {
  const groupOf = new Uint32Array(flat.count)
  const places: Place[] = []
  const hours = new Map<number, { shelves: Uint16Array; groups: Map<number, number> }>()
  let hour = -1
  let shelves: Uint16Array = new Uint16Array(0)
  let groups = new Map<number, number>()
  for (let i = 0; i < flat.count; i++) {
    const hourOfPoint = Math.floor(flat.times[i]! / HOUR_MS)
    if (hourOfPoint !== hour) {
      hour = hourOfPoint
      let known = hours.get(hour)
      if (known === undefined) {
        known = { shelves: shelvesOfHour(hour * HOUR_S), groups: new Map() }
        hours.set(hour, known)
      }
      ;({ shelves, groups } = known)
    }
    const shelf = shelves[flat.series[i]!]!
    let group = groups.get(shelf)
    if (group === undefined) {
      group = places.length
      places.push({ baseTime: hour * HOUR_S, shelf })
      groups.set(shelf, group)
    }
    groupOf[i] = group
  }
  return { groupOf, places }
}

/** @returns for each series its place in the order of TSUIDs */
function rankSeries(series: readonly PlacedSeries[]): Uint32Array {
  const sorted = [...series.keys()].sort((a, b) => compareTsuids(series[a]!.tsuid, series[b]!.tsuid))
  const ranks = new Uint32Array(series.length)
  for (let rank = 0; rank < sorted.length; rank++) ranks[sorted[rank]!] = rank
  return ranks
}

function identity(length: number): Uint32Array {
  const indices = new Uint32Array(length)
  for (let i = 0; i < length; i++) indices[i] = i
  return indices
}

/** A stable counting sort of `order` by `ranks[keyOf[index]]`, which is below `rankCount`. */
function sortByKey(order: Uint32Array, keyOf: Uint32Array, ranks: Uint32Array, rankCount: number): Uint32Array {
  const starts = new Uint32Array(rankCount + 1)
  for (let i = 0; i < order.length; i++) starts[ranks[keyOf[i]!]! + 1]!++
  for (let rank = 0; rank < rankCount; rank++) starts[rank + 1]! += starts[rank]!
  const sorted = new Uint32Array(order.length)
  for (let i = 0; i < order.length; i++) {
    const index = order[i]!
    sorted[starts[ranks[keyOf[index]!]!]!++] = index
  }
  return sorted
}

/** Copies the points in `order`, run by run, and drops all but the last of each instant. */
function layOut(
  flat: FlatPoints,
  order: Uint32Array,
  groupOf: Uint32Array,
  places: readonly Place[],
  sources: readonly BlockSource[],
  series: readonly PlacedSeries[],
): GroupedPoints {
  const times = new Float64Array(flat.count)
  const values = new Float64Array(flat.count)
  const kinds = new Uint8Array(flat.count)
  const sourceOf = new Uint32Array(flat.count)
  const bigs = new Map<number, bigint>()
  const texts = new Map<number, string>()
  const expiries = new Map<number, number>()
  const expire = flat.expiries.size > 0
  const runSeries: number[] = []
  const runStarts: number[] = []
  const groups: PointGroup[] = []
  let out = 0
  let at = 0
  while (at < order.length) {
    const group = groupOf[order[at]!]!
    const firstRun = runSeries.length
    while (at < order.length && groupOf[order[at]!] === group) {
      const id = flat.series[order[at]!]!
      const start = at
      let ascending = true
      let last = -1
      while (at < order.length && flat.series[order[at]!] === id && groupOf[order[at]!] === group) {
        const time = flat.times[order[at]!]!
        if (time <= last) ascending = false
        last = time
        at++
      }
      const run = order.subarray(start, at)
      // Array sorts are stable, so that of one instant the last to arrive stays last.
      if (!ascending) run.sort((a, b) => flat.times[a]! - flat.times[b]!)
      runSeries.push(id)
      runStarts.push(out)
      for (let i = 0; i < run.length; i++) {
        const from = run[i]!
        if (!ascending && i + 1 < run.length && flat.times[run[i + 1]!] === flat.times[from]) continue
        times[out] = flat.times[from]!
        values[out] = flat.values[from]!
        const kind = flat.kinds[from]!
        kinds[out] = kind
        sourceOf[out] = flat.sourceOf[from]!
        if (kind & KIND_BIG) bigs.set(out, flat.bigs.get(from)!)
        if (kind & KIND_TEXT) texts.set(out, flat.texts.get(from)!)
        const expiry = expire ? flat.expiries.get(from) : undefined
        if (expiry !== undefined) expiries.set(out, expiry)
        out++
      }
    }
    const place = places[group]!
    groups.push({ baseTime: place.baseTime, shelf: place.shelf, firstRun, endRun: runSeries.length })
  }
  runStarts.push(out)
  return {
    sources,
    series,
    times,
    values,
    kinds,
    sourceOf,
    bigs,
    texts,
    expiries,
    runSeries: Uint32Array.from(runSeries),
    runStarts: Uint32Array.from(runStarts),
    groups,
  }
}
