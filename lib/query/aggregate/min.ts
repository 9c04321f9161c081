import type { Reducer } from './reducer.ts'

/** The least value. */
export const min: Reducer = {
  double(values, from, to) {
    let least = Number.NaN
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (value < least || least !== least) least = value
    }
    return least
  },
  long(values, from, to) {
    let least = values[from]!
    for (let i = from + 1; i < to; i++) if (values[i]! < least) least = values[i]!
    return least
  },
  exact: (values) => values.reduce((least, value) => (value < least ? value : least)),
}
