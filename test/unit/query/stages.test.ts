import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { Budget } from '../../../lib/query/budget.ts'
import { downsample } from '../../../lib/query/downsample.ts'
import { parseDownsample } from '../../../lib/query/downsample-spec.ts'
import { QueryTooLargeError } from '../../../lib/query/errors.ts'
import { scanRange } from '../../../lib/query/range.ts'
import { PLAIN_RATE, rate } from '../../../lib/query/rate.ts'
import { columns, type Point, points } from './columns.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const T = 1_356_998_400_000

function sampled(text: string, series: readonly Point[], start = T, end = T + HOUR, limits = DEFAULT_LIMITS): Point[] {
  const spec = parseDownsample(text, { timezone: 'America/New_York', useCalendar: false })
  const range = { start, end, scan: scanRange(start, end, spec) }
  return points(downsample(columns(series), spec, range, new Budget(limits, () => 0)))
}

test('scanRange(start, end) is whole hours, so that lines and rates begin before the start', () => {
  const hour = T / 1000
  expect(scanRange(T, T + HOUR, undefined)).toEqual({ from: hour, to: hour + 7200 })
  expect(scanRange(T + 1, T + HOUR - 1, undefined)).toEqual({ from: hour, to: hour + 7200 })
  expect(scanRange(T + 1800_000, T + 1900_000, undefined)).toEqual({ from: hour, to: hour + 3600 })
})

test('scanRange with a downsample reaches to the ends of the outermost intervals', () => {
  const day = T / 1000
  expect(scanRange(T + 5 * HOUR, T + 6 * HOUR, parseDownsample('1d-sum'))).toEqual({ from: day, to: day + 86_400 })
  expect(scanRange(T + 60_000, T + 120_000, parseDownsample('1m-sum'))).toEqual({ from: day, to: day + 3600 })
})

test('an interval begins at a multiple of its length since 1970 and gives a double', () => {
  const series: Point[] = [
    [T, 1n],
    [T + 59_999, 2n],
    [T + 60_000, 4n],
    [T + 240_000, 8n],
  ]
  expect(sampled('1m-sum', series)).toEqual([
    [T, 3],
    [T + 60_000, 4],
    [T + 240_000, 8],
  ])
})

test('points before the first whole interval of what was read are left out', () => {
  // 11 minutes do not divide an hour: the interval that the start lies in begins in the hour before, which is read as well
  const readFrom = T - HOUR
  const first = Math.ceil(readFrom / 660_000) * 660_000
  const series: Point[] = [
    [readFrom, 1n],
    [first, 1n],
    [first + 659_999, 1n],
  ]
  expect(first).toBeGreaterThan(readFrom)
  expect(sampled('11m-count', series)).toEqual([[first, 2]])
})

test('an interval by the calendar begins at local midnight; the first one that is not read whole is left out', () => {
  const midnight = T + 5 * HOUR
  const series: Point[] = [
    [midnight - 1, 1n],
    [midnight, 2n],
    [midnight + DAY - 1, 4n],
    [midnight + DAY, 8n],
  ]
  const want: Point[] = [
    [midnight, 6],
    [midnight + DAY, 8],
  ]
  expect(sampled('1dc-sum', series, T, T + DAY)).toEqual(want)
  expect(sampled('1dc-sum-nan', series, T, T + DAY)).toEqual([[midnight - DAY, Number.NaN], ...want.slice(0, 1)])
})

test('several weeks are counted from the first point, or with a fill policy from what is read', () => {
  const sunday = Date.UTC(2013, 0, 6, 5)
  const week = (weeks: number, value: number): Point => [sunday + weeks * 7 * DAY, value]
  const series = [week(4, 1), week(5, 1)]
  expect(sampled('2wc-count', series, T, T + 6 * 7 * DAY)).toEqual([week(4, 2)])
  expect(sampled('2wc-count-zero', series, T, T + 6 * 7 * DAY)).toEqual([
    week(-3, 0),
    week(-1, 0),
    week(1, 0),
    week(3, 1),
  ])
})

test('0all is one interval at the start, without what lies at the end or after', () => {
  const series: Point[] = [
    [T - 1, 100n],
    [T + 1, 1n],
    [T + 2, 2n],
    [T + 10, 100n],
  ]
  expect(sampled('0all-sum', series, T, T + 10)).toEqual([[T, 3]])
  expect(sampled('0all-sum', series, T + 3, T + 10)).toEqual([])
})

test('a fill policy gives every interval of what was read a point', () => {
  const filled = sampled('30m-avg-nan', [[T + 1_800_000, 5n]], T, T + HOUR)
  expect(filled).toEqual([
    [T, Number.NaN],
    [T + 1_800_000, 5],
    [T + HOUR, Number.NaN],
    [T + HOUR + 1_800_000, Number.NaN],
  ])
  expect(sampled('30m-avg-zero', [], T, T + 1_000_000).map(([, value]) => value)).toEqual([0, 0])
})

test('filling a long range with a short interval stops at the budget, before memory is taken', () => {
  expect(() => sampled('1ms-avg-nan', [], T, T + 365 * 24 * HOUR)).toThrow(QueryTooLargeError)
})

test('filling by the calendar stops at the budget as well', () => {
  expect(() => sampled('1msc-avg-nan', [], T, T + 365 * DAY)).toThrow(QueryTooLargeError)
})

test('rate is the change per second, the first one counted from 0 at 1970', () => {
  const series = columns([
    [1000, 10n],
    [3000, 14n],
    [3500, 13n],
  ])
  expect(points(rate(series, PLAIN_RATE))).toEqual([
    [1000, 10],
    [3000, 2],
    [3500, -2],
  ])
})

test('a counter that falls wraps at its greatest value, is reset to 0, or is dropped', () => {
  const series = columns([
    [1000, 65_530n],
    [2000, 5n],
  ])
  const second = (options: object) => points(rate(series, { ...PLAIN_RATE, counter: true, ...options })).slice(1)
  expect(second({ counterMax: 65_535n })).toEqual([[2000, 10]])
  expect(second({ counterMax: 65_535n, resetValue: 9 })).toEqual([[2000, 0]])
  expect(second({ counterMax: 65_535n, resetValue: 10 })).toEqual([[2000, 10]])
  expect(second({ dropResets: true })).toEqual([])
  expect(second({})).toEqual([[2000, 2 ** 63 - 65_526]])
})

test('integers beyond 2^53 are subtracted exactly', () => {
  const series = columns([
    [1000, 9007199254740993n],
    [2000, 9007199254740996n],
  ])
  expect(points(rate(series, PLAIN_RATE))[1]).toEqual([2000, 3])
})

test('intervals hold the points of their time, whether series keep a step, pause or burst', () => {
  const step = fc.oneof({ weight: 8, arbitrary: fc.constant(10_000) }, fc.integer({ min: 1, max: 400_000 }))
  const series = fc
    .tuple(fc.nat(60_000), fc.array(step, { minLength: 1, maxLength: 60 }))
    .map(([first, steps]): Point[] => {
      let time = T + first
      return steps.map((by, i) => {
        time += by
        return [time, i]
      })
    })
  fc.assert(
    fc.property(series, fc.constantFrom('none', 'zero'), (list, fill) => {
      const sums = new Map<number, number>()
      for (const [time, value] of list) {
        const start = time - (time % 60_000)
        sums.set(start, (sums.get(start) ?? 0) + Number(value))
      }
      const filled = new Map(sampled(`1m-sum-${fill}`, list, T, T + DAY))
      for (const [time, value] of sums) expect(filled.get(time)).toBe(value)
      const rest = [...filled].filter(([time]) => !sums.has(time))
      expect(rest.every(([, value]) => fill === 'zero' && value === 0)).toBe(true)
    }),
    { numRuns: 300 },
  )
})
