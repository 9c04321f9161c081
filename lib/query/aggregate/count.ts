import { isMissing } from '../missing.ts'
import type { Reducer } from './reducer.ts'

/** How many values are there. */
export const count: Reducer = {
  double(values, from, to) {
    let result = 0
    for (let i = from; i < to; i++) if (!isMissing(values[i]!)) result++
    return result > 0 ? result : Number.NaN
  },
  long: (_values, from, to) => to - from,
  exact: (values) => BigInt(values.length),
}
