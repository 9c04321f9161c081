import { KIND_FLOAT, type PointColumns, type PointColumnsBuilder } from '../../model/points.ts'
import { KairosRequestError } from '../errors.ts'
import { copyPoint } from '../points.ts'

/**
 * Makes points of a range's.
 * @param from index of the range's first point, in the query's order
 * @param to index behind its last; more than `from`
 * @param time that the range's point gets
 * @param isAligned whether that is the range's start or end, not its first point's own
 */
export type Fold = (
  points: PointColumns,
  from: number,
  to: number,
  time: number,
  out: PointColumnsBuilder,
  isAligned: boolean,
) => void

/** A fold to one double. */
function toDouble(valueAt: (values: Float64Array, from: number, to: number) => number): Fold {
  return (points, from, to, time, out) => out.push(time, valueAt(points.values, from, to), KIND_FLOAT)
}

export const sum = toDouble((values, from, to) => {
  let total = 0
  for (let i = from; i < to; i++) total += values[i]!
  return total
})

export const avg = toDouble((values, from, to) => {
  let total = 0
  for (let i = from; i < to; i++) total += values[i]!
  return total / (to - from)
})

export const min = toDouble((values, from, to) => {
  let least = Number.MAX_VALUE
  for (let i = from; i < to; i++) if (values[i]! < least) least = values[i]!
  return least
})

export const max = toDouble((values, from, to) => {
  let most = -Number.MAX_VALUE
  for (let i = from; i < to; i++) if (values[i]! > most) most = values[i]!
  return most
})

export const count: Fold = (_points, from, to, time, out) => out.push(time, to - from, 0)

export const first: Fold = (points, from, _to, time, out) => copyPoint(points, from, out, time)

/** Without alignment the last point keeps its own time. */
export const last: Fold = (points, _from, to, time, out, isAligned) =>
  copyPoint(points, to - 1, out, isAligned ? time : undefined)

/** What `dev` gives: the deviation, or the average with some of them added or taken away. */
export type DevReturn = 'value' | 'pos_sd' | 'neg_sd'

/** The standard deviation of a sample, by running means as KairosDB has them. @param deviations how many are added */
export function dev(returns: DevReturn, deviations: number): Fold {
  return toDouble((values, from, to) => {
    let mean = 0
    let meanOfSquares = 0
    for (let i = from; i < to; i++) {
      const n = i - from + 1
      mean += (values[i]! - mean) / n
      meanOfSquares += (values[i]! * values[i]! - meanOfSquares) / n
    }
    const n = to - from
    const root = Math.sqrt((meanOfSquares * n - n * mean * mean) / (n - 1))
    const deviation = Number.isNaN(root) ? 0 : root
    if (returns === 'value') return deviation
    return returns === 'pos_sd' ? mean + deviation * deviations : mean - deviation * deviations
  })
}

/**
 * The value that a share of the points are below, between two of them by their distance. All of a range's points are
 * looked at, where KairosDB takes 1,028 of more at random.
 * @param share from 0 to 1
 */
export function percentile(share: number): Fold {
  return toDouble((values, from, to) => {
    if (share < 0 || share > 1) throw new KairosRequestError(`percentile must be from 0 to 1, it is ${share}`)
    const sorted = values.slice(from, to).sort()
    const position = share * (sorted.length + 1)
    if (position < 1) return sorted[0]!
    if (position >= sorted.length) return sorted[sorted.length - 1]!
    const whole = Math.floor(position)
    const lower = sorted[whole - 1]!
    return lower + (position - whole) * (sorted[whole]! - lower)
  })
}

/**
 * Two points of the line that is nearest to the range's points by least squares, at the times of its first and last; one or
 * two points stay themselves. Sums are kept as Apache Commons Math keeps them, so that digits are the same.
 */
export const leastSquares: Fold = (points, from, to, _time, out) => {
  if (to - from <= 2) {
    for (let i = from; i < to; i++) copyPoint(points, i, out)
    return
  }
  const { times, values } = points
  let [sumX, sumY, sumXX, sumXY] = [0, 0, 0, 0]
  let [meanX, meanY] = [times[from]!, values[from]!]
  for (let i = from; i < to; i++) {
    const n = i - from
    const [dx, dy] = [times[i]! - meanX, values[i]! - meanY]
    if (n > 0) {
      const share = n / (1 + n)
      sumXX += dx * dx * share
      sumXY += dx * dy * share
      meanX += dx / (1 + n)
      meanY += dy / (1 + n)
    }
    sumX += times[i]!
    sumY += values[i]!
  }
  const slope = sumXX < 10 * Number.MIN_VALUE ? Number.NaN : sumXY / sumXX
  const intercept = (sumY - slope * sumX) / (to - from)
  for (const time of [times[from]!, times[to - 1]!]) out.push(time, intercept + slope * time, KIND_FLOAT)
}
