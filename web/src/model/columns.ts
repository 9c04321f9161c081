import type { AnswerSeries } from './answer.ts'

/** A value; null breaks the line, undefined is no point at this time and the line goes on. */
export type Cell = number | null | undefined

/** Series side by side: times they share, and a column of values for each. */
export interface Columns {
  /** Milliseconds since 1970, ascending, each once. */
  readonly times: readonly number[]
  readonly values: readonly (readonly Cell[])[]
}

/**
 * Lays series side by side over all their times.
 * @param series their points ascend, as the server sends them
 */
export function columnsOf(series: readonly Pick<AnswerSeries, 'dps'>[]): Columns {
  const first = series[0]
  if (first === undefined) return { times: [], values: [] }
  // Downsampled series mostly have the same times: then nothing needs to be merged.
  const firstTimes = first.dps.map(([time]) => time)
  if (series.every(({ dps }) => dps.length === firstTimes.length && dps.every(([time], i) => time === firstTimes[i]))) {
    return { times: firstTimes, values: series.map(({ dps }) => dps.map(([, value]) => cellOf(value))) }
  }
  const times = [...new Set(series.flatMap(({ dps }) => dps.map(([time]) => time)))].sort((a, b) => a - b)
  const places = new Map(times.map((time, index) => [time, index]))
  const values = series.map(({ dps }) => {
    const column = new Array<Cell>(times.length).fill(undefined)
    for (const [time, value] of dps) column[places.get(time)!] = cellOf(value)
    return column
  })
  return { times, values }
}

/** JSON has no NaN and no infinities: the server sends their names. None of them can be drawn. */
function cellOf(value: number | string | null): Cell {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** What a legend says of a series. */
export interface Summary {
  readonly last: number | undefined
  readonly min: number | undefined
  readonly avg: number | undefined
  readonly max: number | undefined
}

/** The last, least, mean and greatest of a column's values; all undefined where it has none. */
export function summaryOf(column: readonly Cell[]): Summary {
  let count = 0
  let sum = 0
  let min = Infinity
  let max = -Infinity
  let last: number | undefined
  for (const value of column) {
    if (value === null || value === undefined) continue
    count++
    sum += value
    if (value < min) min = value
    if (value > max) max = value
    last = value
  }
  if (count === 0) return { last: undefined, min: undefined, avg: undefined, max: undefined }
  return { last, min, avg: sum / count, max }
}
