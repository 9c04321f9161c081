import { doubles } from '../query/columns.ts'
import { QueryTooLargeError } from '../query/errors.ts'
import type { FormulaSeries, JoinedSeries } from './join.ts'

/** A function of one value of each variable, in their order. */
type Compute = (values: Float64Array) => number

/** What stands for a series of a union that a variable does not have. */
const MISSING_SERIES = 0

/**
 * Computes a formula at every time at which any of the series has a point.
 * @param fills for each variable, the value that stands for a missing point and for NaN
 * @param maxPoints that may be made
 * @returns a series for each of those joined, all with the same times; doubles
 * @throws QueryTooLargeError where maxPoints do not suffice, and what `compute` throws
 */
export function evaluateJoined(
  joined: readonly JoinedSeries[],
  compute: Compute,
  fills: readonly number[],
  maxPoints: number,
): FormulaSeries[] {
  const times = timesOf(joined.flatMap(({ inputs }) => inputs.filter((one) => one !== undefined)))
  if (times.length * joined.length > maxPoints) throw new QueryTooLargeError('queryPoints', maxPoints, 'points')
  return joined.map(({ inputs, ...series }) => {
    const cursors = inputs.map((one) => (one === undefined ? undefined : new Cursor(one)))
    const values = new Float64Array(inputs.length)
    const results = new Float64Array(times.length)
    for (let t = 0; t < times.length; t++) {
      for (let v = 0; v < cursors.length; v++) {
        const value = cursors[v]?.at(times[t]!) ?? (cursors[v] === undefined ? MISSING_SERIES : Number.NaN)
        values[v] = Number.isNaN(value) ? fills[v]! : value
      }
      results[t] = compute(values)
    }
    return { ...series, points: doubles(times, results) }
  })
}

/** Every time at which any of some series has a point, ascending. */
export function timesOf(series: readonly Pick<FormulaSeries, 'points'>[]): Float64Array {
  const all = new Set<number>()
  for (const { points } of series) {
    for (let i = 0; i < points.count; i++) all.add(points.times[i]!)
  }
  return Float64Array.from(all).sort()
}

/** Goes through the points of a series in step with others. */
export class Cursor {
  readonly #points: FormulaSeries['points']
  #next = 0

  constructor({ points }: Pick<FormulaSeries, 'points'>) {
    this.#points = points
  }

  /**
   * The value at a time, as a double; undefined where there is no point.
   * @param time not before those asked for earlier; milliseconds since 1970
   */
  at(time: number): number | undefined {
    const { count, times, values } = this.#points
    while (this.#next < count && times[this.#next]! < time) this.#next++
    return this.#next < count && times[this.#next] === time ? values[this.#next] : undefined
  }
}
