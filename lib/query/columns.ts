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

/** The exact value of a point that is an integer. */
export function integerAt(points: PointColumns, index: number): bigint {
  const big = (points.kinds[index]! & KIND_BIG) !== 0 ? points.bigs.get(index) : undefined
  return big ?? BigInt(points.values[index]!)
}

/** Whether a point's value is a double. */
export function isFloat(points: PointColumns, index: number): boolean {
  return (points.kinds[index]! & KIND_FLOAT) !== 0
}
