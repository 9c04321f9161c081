import { isMissing } from '../missing.ts'
import { type Reducer, wrapLong } from './reducer.ts'

/** The last value less the first; 0 of one alone. Missing values are passed over at the beginning only, as in OpenTSDB. */
export const diff: Reducer = {
  double(values, from, to) {
    let first = from
    while (first < to && isMissing(values[first]!)) first++
    return first < to ? values[to - 1]! - values[first]! : Number.NaN
  },
  long(values, from, to) {
    const result = values[to - 1]! - values[from]!
    return Number.isSafeInteger(result) ? result : undefined
  },
  exact: (values) => wrapLong((values.at(-1) ?? 0n) - (values[0] ?? 0n)),
}
