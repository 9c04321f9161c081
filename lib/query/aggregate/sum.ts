import { isMissing } from '../missing.ts'
import { type Reducer, wrapLong } from './reducer.ts'

/** The sum of the values that are there. */
export const sum: Reducer = {
  double(values, from, to) {
    let result = 0
    let some = false
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (!isMissing(value)) {
        result += value
        some = true
      }
    }
    return some ? result : Number.NaN
  },
  long(values, from, to) {
    let result = 0
    for (let i = from; i < to; i++) {
      result += values[i]!
      if (result > Number.MAX_SAFE_INTEGER || result < Number.MIN_SAFE_INTEGER) return undefined
    }
    return result
  },
  exact: (values) => values.reduce((result, value) => wrapLong(result + value), 0n),
}
