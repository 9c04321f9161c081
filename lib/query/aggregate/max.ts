import { isMissing } from '../missing.ts'
import type { Reducer } from './reducer.ts'

/** The greatest value. */
export const max: Reducer = {
  double(values, from, to) {
    let greatest = Number.NaN
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (value > greatest || isMissing(greatest)) greatest = value
    }
    return greatest
  },
  long(values, from, to) {
    let greatest = values[from]!
    for (let i = from + 1; i < to; i++) if (values[i]! > greatest) greatest = values[i]!
    return greatest
  },
  exact(values) {
    let greatest = values[0] ?? 0n
    for (const value of values) if (value > greatest) greatest = value
    return greatest
  },
}
