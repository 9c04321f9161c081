import { isMissing } from '../missing.ts'
import type { Reducer } from './reducer.ts'
import { sum } from './sum.ts'

/** The mean; of integers the whole part of it, towards zero. */
export const avg: Reducer = {
  double(values, from, to) {
    let total = 0
    let count = 0
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (!isMissing(value)) {
        total += value
        count++
      }
    }
    return count > 0 ? total / count : Number.NaN
  },
  long(values, from, to) {
    const total = sum.long(values, from, to)
    return total === undefined ? undefined : Math.trunc(total / (to - from)) + 0
  },
  exact: (values) => sum.exact(values) / BigInt(values.length),
}
