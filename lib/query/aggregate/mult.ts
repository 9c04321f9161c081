import { type Reducer, wrapLong } from './reducer.ts'

/** The product; missing where any value is. */
export const mult: Reducer = {
  double(values, from, to) {
    let result = 1
    for (let i = from; i < to; i++) result *= values[i]!
    return result
  },
  long(values, from, to) {
    let result = 1
    for (let i = from; i < to; i++) {
      result *= values[i]!
      if (!Number.isSafeInteger(result)) return undefined
    }
    return result + 0
  },
  exact: (values) => values.reduce((result, value) => wrapLong(result * value), 1n),
}
