import { type Reducer, wrapLong } from './reducer.ts'

/** The last value less the first; 0 of one alone. */
export const diff: Reducer = {
  double(values, from, to) {
    let first = from
    while (first < to && Number.isNaN(values[first]!)) first++
    let last = to - 1
    while (last > first && Number.isNaN(values[last]!)) last--
    return first < to ? values[last]! - values[first]! : Number.NaN
  },
  long(values, from, to) {
    const result = values[to - 1]! - values[from]!
    return Number.isSafeInteger(result) ? result : undefined
  },
  exact: (values) => wrapLong((values.at(-1) ?? 0n) - (values[0] ?? 0n)),
}
