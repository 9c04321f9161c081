import type { Reducer } from './reducer.ts'

/** The greatest value. */
export const max: Reducer = {
  double(values, from, to) {
    let greatest = Number.NaN
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (value > greatest || greatest !== greatest) greatest = value
    }
    return greatest
  },
  long(values, from, to) {
    let greatest = values[from]!
    for (let i = from + 1; i < to; i++) if (values[i]! > greatest) greatest = values[i]!
    return greatest
  },
  exact: (values) => values.reduce((greatest, value) => (value > greatest ? value : greatest)),
}
