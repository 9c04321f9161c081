import { isMissing } from '../missing.ts'
import type { Reducer } from './reducer.ts'

/** The least value. */
export const min: Reducer = {
  double(values, from, to) {
    let least = Number.NaN
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (value < least || isMissing(least)) least = value
    }
    return least
  },
  long(values, from, to) {
    let least = values[from]!
    for (let i = from + 1; i < to; i++) if (values[i]! < least) least = values[i]!
    return least
  },
  exact(values) {
    let least = values[0] ?? 0n
    for (const value of values) if (value < least) least = value
    return least
  },
}
