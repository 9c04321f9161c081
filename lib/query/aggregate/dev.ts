import { isMissing } from '../missing.ts'
import type { Reducer } from './reducer.ts'

/**
 * The standard deviation of the values as a whole population, by Welford's method, which needs one pass and loses no
 * precision to large means (Knuth, The Art of Computer Programming, volume 2, 4.2.2).
 */
export const dev: Reducer = {
  double(values, from, to) {
    let mean = 0
    let squares = 0
    let n = 0
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (isMissing(value)) continue
      n++
      const before = value - mean
      mean = n === 1 ? value : mean + before / n
      if (n > 1) squares += before * (value - mean)
    }
    return n > 0 ? Math.sqrt(squares / n) : Number.NaN
  },
  long: (values, from, to) => Math.trunc(dev.double(values, from, to)),
  exact: (values) => BigInt(Math.trunc(dev.double(Float64Array.from(values, Number), 0, values.length))),
}
