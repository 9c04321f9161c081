import { KIND_BIG, KIND_FLOAT, type PointColumns } from '../model/points.ts'

/** No points. */
export const NO_POINTS: PointColumns = {
  count: 0,
  times: new Float64Array(0),
  values: new Float64Array(0),
  kinds: new Uint8Array(0),
  bigs: new Map(),
}

/** Doubles at times as columns. */
export function doubles(times: Float64Array, values: Float64Array, count = times.length): PointColumns {
  return { count, times, values, kinds: new Uint8Array(count).fill(KIND_FLOAT), bigs: NO_POINTS.bigs }
}

/** The first of the points at or after a time; `count` where there is none. */
export function lowerBound(points: PointColumns, time: number): number {
  let low = 0
  let high = points.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (points.times[middle]! < time) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The end of an interval's points. Series that keep a step have as many points in one interval as in the one before, so
 * two looks at the times are enough, not one for each point.
 * @param from index of the interval's first point
 * @param to index behind the last point there is
 * @param next milliseconds since 1970, the start of what follows the interval
 * @param length points that it may well have
 * @returns the index of the first point from `next` on, or `to`; more than `from`
 */
export function endOfInterval(times: Float64Array, from: number, to: number, next: number, length: number): number {
  let end = from + length
  if (end > to || times[end - 1]! >= next) end = from + 1
  while (end < to && times[end]! < next) end++
  return end
}

/** The exact value of a point that is an integer. */
export function integerAt(points: PointColumns, index: number): bigint {
  const big = (points.kinds[index]! & KIND_BIG) !== 0 ? points.bigs.get(index) : undefined
  return big ?? BigInt(points.values[index]!)
}

/** Whether a point's value is a double. */
export function isFloat(points: PointColumns, index: number): boolean {
  return (points.kinds[index]! & KIND_FLOAT) !== 0
}
