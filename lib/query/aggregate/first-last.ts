import type { Reducer } from './reducer.ts'

/** The first value: of an interval by time, of several series by their order. */
export const first: Reducer = {
  double: (values, from) => values[from]!,
  long: (values, from) => values[from]!,
  exact: (values) => values[0] ?? 0n,
}

/** The last value: of an interval by time, of several series by their order. */
export const last: Reducer = {
  double: (values, _from, to) => values[to - 1]!,
  long: (values, _from, to) => values[to - 1]!,
  exact: (values) => values.at(-1) ?? 0n,
}
