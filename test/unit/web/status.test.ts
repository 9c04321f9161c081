import { describe, expect, test } from 'vitest'
import {
  formatCount,
  formatDollars,
  functionRows,
  growth,
  levels,
  newest,
  type Stat,
  sparkline,
  type Track,
  tracksFor,
  tracksOf,
  withLook,
} from '../../../web/src/model/status.ts'

const T = 1_795_319_400
const track = (...points: [number, number][]): Track => ({ metric: 'm', tags: { function: 'put' }, points })
const stat = (metric: string, value: number, tags: Record<string, string> = {}, timestamp = T): Stat => {
  return { metric, timestamp, value: String(value), tags }
}

describe('growth', () => {
  test('is even between two points, and nothing before the first and after the last', () => {
    expect(growth([track([T + 20, 100], [T + 60, 140])], T, T + 80, 4)).toEqual([0, 20, 20, 0])
  })

  test('adds tracks up whose points lie at other times', () => {
    const tracks = [track([T, 0], [T + 40, 40]), track([T - 10, 0], [T + 10, 20], [T + 40, 20])]
    expect(growth(tracks, T, T + 40, 4)).toEqual([20, 10, 10, 10])
  })

  test('is never negative: a store that was emptied begins anew', () => {
    expect(growth([track([T, 90], [T + 20, 3], [T + 40, 5])], T, T + 40, 2)).toEqual([0, 2])
  })

  test('of nothing is nothing', () => {
    expect(growth([], T, T + 40, 2)).toEqual([0, 0])
  })
})

test('levels are those of the newest point before each part’s end, and unknown before the first', () => {
  expect(levels([track([T + 15, 7], [T + 32, 3])], T, T + 40, 4)).toEqual([undefined, 7, 7, 3])
})

describe('tracks', () => {
  test('of a history begin at 0 where they only grow and the function was called first then, and only there', () => {
    const history = [
      { metric: 'tsd.datapoints.received', tags: { function: 'put' }, dps: [[T - 60, 12] as const] },
      { metric: 'tsd.uid.ids-used', tags: { function: 'put' }, dps: [[T - 60, 3] as const] },
      { metric: 'tsd.datapoints.received', tags: { function: 'old' }, dps: [[T - 60, 500] as const] },
    ]
    const stats = [
      stat('tsd.function.since_ms', 100_000, { function: 'put' }),
      stat('tsd.function.since_ms', 9_000_000, { function: 'old' }),
    ]
    expect(tracksOf(history, stats).map(({ points }) => points)).toEqual([
      [
        [T - 100, 0],
        [T - 60, 12],
      ],
      [[T - 60, 3]],
      [[T - 60, 500]],
    ])
  })

  test('take looks as their newest points, once each, and lose what is too old', () => {
    const before = [{ metric: 'm', tags: { function: 'put' }, points: [[T - 900, 1] as const, [T - 300, 2] as const] }]
    const once = withLook(before, [stat('m', 5, { function: 'put' }), stat('other', 1)], 600)
    const twice = withLook(once, [stat('m', 6, { function: 'put' })], 600)
    expect(twice.map(({ metric, points }) => [metric, points])).toEqual([
      [
        'm',
        [
          [T - 300, 2],
          [T, 6],
        ],
      ],
      ['other', [[T, 1]]],
    ])
  })

  test('are found by metric and a tag, and their newest values add up', () => {
    const tracks = withLook([], [stat('u', 3, { kind: 'tagk' }), stat('u', 4, { kind: 'tagv' }), stat('v', 9)], 60)
    expect(newest(tracksFor({ metric: 'u' }, tracks))).toBe(7)
    expect(newest(tracksFor({ metric: 'u', tag: ['kind', 'tagv'] }, tracks))).toBe(4)
    expect(tracksFor({ metric: 'w' }, tracks)).toEqual([])
  })
})

test('functions are listed with what their units cost, the dearest first', () => {
  const of = (name: string, calls: number, reads: number, writes: number) => [
    stat('tsd.function.calls', calls, { function: name }),
    stat('tsd.store.read_units', reads, { function: name }),
    stat('tsd.store.write_units', writes, { function: name }),
  ]
  const rows = functionRows([...of('query', 5, 1000, 0), ...of('consume', 2, 0, 1000)])
  expect(rows).toMatchObject([
    { name: 'consume', calls: 2, failed: 0, writeUnits: 1000 },
    { name: 'query', calls: 5, readUnits: 1000 },
  ])
  expect(rows.map(({ dollars }) => dollars)).toEqual([0.000625, 0.000125])
})

test('dollars have two digits that count', () => {
  const dollars = [0, 1e-9, 0.0000042, 0.00063, 0.0427, 1.5, 12.345, 2345.6]
  expect(dollars.map(formatDollars)).toEqual([
    '$0',
    '< $0.000001',
    '$0.0000042',
    '$0.00063',
    '$0.043',
    '$1.50',
    '$12.35',
    '$2346',
  ])
})

test('counts have all of their digits up to a million', () => {
  expect([0, 0.5, 3360, 999_999, 16_777_201].map(formatCount)).toEqual(['0', '0.5', '3,360', '999,999', '16.78 M'])
})

test('a small graph begins at 0, is flat where nothing happens, and leaves out what is not known', () => {
  expect(sparkline([1, 4, 2], 90, 10)).toBe('15.0,7.5 45.0,0.0 75.0,5.0')
  expect(sparkline([undefined, 7], 100, 10)).toBe('50.0,0.0 100.0,0.0')
  expect(sparkline([0, 0], 100, 10)).toBe('25.0,10.0 75.0,10.0')
  expect(sparkline([], 100, 10)).toBe('')
})
