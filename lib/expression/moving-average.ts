import type { PointColumns } from '../model/points.ts'
import { doubles } from '../query/columns.ts'
import { BadExpressionError } from './errors.ts'

/** How far back an average looks. */
export type Window = { readonly points: number } | { readonly ms: number }

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['sec', 1000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['hr', 3_600_000],
  ['hour', 3_600_000],
  ['d', 86_400_000],
  ['day', 86_400_000],
])

/**
 * Reads a number of points, `10`, or a time in quotes, `'10min'`.
 * @throws BadExpressionError naming what is wrong
 */
export function parseWindow(text: string | undefined): Window {
  if (text === undefined) throw new BadExpressionError('Missing moving average window size')
  const [, digits, quotedDigits, unit = ''] = /^(?:(\d{1,9})|'(\d{1,9})([a-z]*)')$/.exec(text) ?? []
  const count = Number(digits ?? quotedDigits)
  if (Number.isNaN(count)) throw new BadExpressionError(`Unparseable window size: ${text}`)
  if (count === 0) throw new BadExpressionError('Moving average window must be an integer greater than zero')
  if (digits !== undefined) return { points: count }
  const unitMs = UNIT_MS.get(unit)
  if (unitMs === undefined) throw new BadExpressionError(`Unknown time unit=${unit} in window=${text}`)
  return { ms: count * unitMs }
}

/**
 * At each point the average of the window that ends with it, as a double; 0 where there are not enough points before it yet.
 * NaN does not count.
 * @param spend called with the number of points that each window holds
 */
export function movingAverage(points: PointColumns, window: Window, spend: (points: number) => void): PointColumns {
  const averages = new Float64Array(points.count)
  let numbers = 0
  for (let i = 0; i < points.count; i++) {
    if (!Number.isNaN(points.values[i]!)) numbers++
    if ('points' in window) averages[i] = numbers < window.points ? 0 : averageOfLast(points, i, window.points, spend)
    else averages[i] = averageSince(points, i, window.ms, spend)
  }
  return doubles(points.times.subarray(0, points.count), averages)
}

/** @param wanted at most as many as there are numbers up to `last` */
function averageOfLast(points: PointColumns, last: number, wanted: number, spend: (points: number) => void): number {
  let sum = 0
  let count = 0
  let i = last
  for (; count < wanted; i--) {
    const value = points.values[i]!
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  spend(last - i)
  return sum / count
}

/** A window counts once a point is seen that is as old as it is long, or older; that one is not part of it. */
function averageSince(points: PointColumns, last: number, ms: number, spend: (points: number) => void): number {
  const { times, values } = points
  if (times[last]! - times[0]! < ms) return 0
  let sum = 0
  let count = 0
  let i = last
  for (; times[last]! - times[i]! < ms; i--) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  spend(last - i)
  return count === 0 ? 0 : sum / count
}
