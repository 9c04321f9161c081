import { isMissing } from '../missing.ts'
import type { Reducer } from './reducer.ts'

/** How the position of a percentile among sorted values is estimated. */
export type Estimation = 'legacy' | 'r3' | 'r7'

/** Those values that are there, ascending. */
function sorted(values: Float64Array, from: number, to: number): Float64Array {
  const all = values.slice(from, to)
  const present = all.some(isMissing) ? all.filter((value) => !isMissing(value)) : all
  return present.sort()
}

/**
 * Where a quantile lies among n sorted values, counting from 1. `legacy` is q * (n + 1) (Weibull's plotting position); r3
 * and r7 are definitions 3 and 7 of Hyndman and Fan, Sample Quantiles in Statistical Packages (1996).
 */
function positionOf(quantile: number, n: number, estimation: Estimation): number {
  if (estimation === 'r7') return quantile === 1 ? n : 1 + (n - 1) * quantile
  if (estimation === 'r3') return quantile <= 0.5 / n ? 0 : roundHalfEven(n * quantile)
  return quantile * (n + 1)
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

function quantileSorted(values: Float64Array, quantile: number, estimation: Estimation): number {
  const n = values.length
  if (n === 0) return Number.NaN
  if (n === 1) return values[0]!
  const position = positionOf(quantile, n, estimation)
  if (position < 1) return values[0]!
  if (position >= n) return values[n - 1]!
  const whole = Math.floor(position)
  const lower = values[whole - 1]!
  return lower + (position - whole) * (values[whole]! - lower)
}

/**
 * A percentile, interpolated between neighbours.
 * @param percent above 0, up to 100
 * @param estimation holds for integers only: of doubles OpenTSDB takes the legacy estimate whatever is asked
 */
export function percentile(percent: number, estimation: Estimation): Reducer {
  const quantile = percent / 100
  const long = (values: Float64Array, from: number, to: number) =>
    Math.trunc(quantileSorted(sorted(values, from, to), quantile, estimation))
  return {
    double: (values, from, to) => quantileSorted(sorted(values, from, to), quantile, 'legacy'),
    long,
    exact: (values) => BigInt(long(Float64Array.from(values, Number), 0, values.length)),
  }
}

/** The value in the middle; of an even number the upper of the two. */
export const median: Reducer = {
  double(values, from, to) {
    const present = sorted(values, from, to)
    return present.length > 0 ? present[present.length >> 1]! : Number.NaN
  },
  long: (values, from, to) => sorted(values, from, to)[(to - from) >> 1]!,
  exact: (values) => [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[values.length >> 1] ?? 0n,
}
