import type { PointColumns } from '../model/points.ts'
import type { Budget } from './budget.ts'
import type { Calendar, Chain } from './calendar.ts'
import { doubles, endOfInterval, lowerBound, NO_POINTS } from './columns.ts'
import type { Downsample } from './model.ts'
import type { ScanRange } from './range.ts'

/** The query's own bounds and what is read for it. */
export interface DownsampleRange {
  /** Milliseconds since 1970, the query's start. */
  readonly start: number
  /** Milliseconds since 1970, the query's end. */
  readonly end: number
  readonly scan: ScanRange
}

/**
 * One point per interval: its time is the interval's start, its value a double. Intervals begin at multiples of their length since 1970,
 * or as the calendar has it. Points before the first whole interval of what was read are left out. `all` is one interval from
 * the query's start up to, not including, its end, at the query's start.
 * @param points ascending by time
 * @throws QueryTooLargeError where filling would pass the budget of points
 */
export function downsample(
  points: PointColumns,
  spec: Downsample,
  range: DownsampleRange,
  budget: Budget,
): PointColumns {
  if (spec.intervalMs === undefined) return downsampleAll(points, spec, range)
  if (spec.calendar !== undefined) {
    return spec.fill === 'none'
      ? downsampleByCalendar(points, spec, spec.calendar, range)
      : fillByCalendar(points, spec, spec.calendar, range, budget)
  }
  return spec.fill === 'none'
    ? downsampleSparse(points, spec, spec.intervalMs, range)
    : downsampleFilled(points, spec, spec.intervalMs, range, budget)
}

function downsampleAll(points: PointColumns, spec: Downsample, range: DownsampleRange): PointColumns {
  const from = lowerBound(points, range.start)
  const to = lowerBound(points, range.end)
  if (from >= to) return NO_POINTS
  const value = spec.aggregator.reduce.double(points.values, from, to)
  return doubles(Float64Array.of(range.start), Float64Array.of(value))
}

function firstInterval(range: DownsampleRange, interval: number): number {
  return Math.ceil((range.scan.from * 1000) / interval) * interval
}

function downsampleSparse(
  points: PointColumns,
  spec: Downsample,
  interval: number,
  range: DownsampleRange,
): PointColumns {
  const { times, values, count } = points
  const reduce = spec.aggregator.reduce
  const first = lowerBound(points, firstInterval(range, interval))
  if (first >= count) return NO_POINTS
  const room = Math.min(count - first, Math.floor((times[count - 1]! - times[first]!) / interval) + 2)
  const outTimes = new Float64Array(room)
  const outValues = new Float64Array(room)
  let size = 0
  let length = 1
  for (let i = first; i < count; ) {
    // exact for any time below 2^53, and several times as fast as a remainder of doubles
    const bucket = Math.floor(times[i]! / interval) * interval
    const next = bucket + interval
    const end = endOfInterval(times, i, count, next, length)
    length = end - i
    outTimes[size] = bucket
    outValues[size] = reduce.double(values, i, end)
    size++
    i = end
  }
  return doubles(outTimes, outValues, size)
}

/** Every interval of what was read gets a point: its own, or what the fill policy says. */
function downsampleFilled(
  points: PointColumns,
  spec: Downsample,
  interval: number,
  range: DownsampleRange,
  budget: Budget,
): PointColumns {
  const { times, values, count } = points
  const reduce = spec.aggregator.reduce
  const from = Math.floor((range.scan.from * 1000) / interval) * interval
  const to = Math.floor((range.scan.to * 1000) / interval) * interval
  const size = Math.max(0, (to - from) / interval)
  budget.points(size)
  const outTimes = new Float64Array(size)
  const outValues = new Float64Array(size).fill(spec.fill === 'zero' ? 0 : Number.NaN)
  for (let bucket = 0; bucket < size; bucket++) outTimes[bucket] = from + bucket * interval
  let length = 1
  for (let i = lowerBound(points, firstInterval(range, interval)); i < count; ) {
    const bucket = Math.floor(times[i]! / interval) - from / interval
    if (bucket >= size) break
    const next = from + (bucket + 1) * interval
    const end = endOfInterval(times, i, count, next, length)
    length = end - i
    outValues[bucket] = reduce.double(values, i, end)
    i = end
  }
  return doubles(outTimes, outValues)
}

/** The first of the points of the first whole interval of what was read. */
function firstWhole(points: PointColumns, chain: Chain, range: DownsampleRange): number {
  const from = range.scan.from * 1000
  return lowerBound(points, chain.startOf(chain.startOf(0) < from ? 1 : 0))
}

/** Intervals are counted from the one of the series' own first point, as in OpenTSDB. */
function downsampleByCalendar(
  points: PointColumns,
  spec: Downsample,
  calendar: Calendar,
  range: DownsampleRange,
): PointColumns {
  const { times, values, count } = points
  const reduce = spec.aggregator.reduce
  const first = firstWhole(points, calendar.chainAt(range.scan.from * 1000), range)
  if (first >= count) return NO_POINTS
  const chain = calendar.chainAt(times[first]!)
  const outTimes = new Float64Array(count - first)
  const outValues = new Float64Array(count - first)
  let size = 0
  for (let i = first; i < count; ) {
    const index = chain.indexOf(times[i]!)
    const next = chain.startOf(index + 1)
    let end = i + 1
    while (end < count && times[end]! < next) end++
    outTimes[size] = chain.startOf(index)
    outValues[size] = reduce.double(values, i, end)
    size++
    i = end
  }
  return doubles(outTimes, outValues, size)
}

/** As downsampleFilled. All series' intervals are counted from the one that what was read begins in. */
function fillByCalendar(
  points: PointColumns,
  spec: Downsample,
  calendar: Calendar,
  range: DownsampleRange,
  budget: Budget,
): PointColumns {
  const { times, values, count } = points
  const reduce = spec.aggregator.reduce
  const chain = calendar.chainAt(range.scan.from * 1000)
  const to = calendar.chainAt(range.scan.to * 1000).startOf(0)
  const size = Math.max(1, chain.indexOf(to - 1) + 1)
  budget.points(size)
  const outTimes = new Float64Array(size)
  const outValues = new Float64Array(size).fill(spec.fill === 'zero' ? 0 : Number.NaN)
  for (let index = 0; index < size; index++) outTimes[index] = chain.startOf(index)
  for (let i = firstWhole(points, chain, range); i < count; ) {
    const index = chain.indexOf(times[i]!)
    if (index >= size) break
    const next = chain.startOf(index + 1)
    let end = i + 1
    while (end < count && times[end]! < next) end++
    outValues[index] = reduce.double(values, i, end)
    i = end
  }
  return doubles(outTimes, outValues)
}
