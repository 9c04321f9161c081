import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aggregatorOf } from '../../../lib/query/aggregate/index.ts'
import { AsciiBuffer } from '../../../lib/query/ascii-buffer.ts'
import type { QueryUsage } from '../../../lib/query/budget.ts'
import { parseDownsample } from '../../../lib/query/downsample-spec.ts'
import { QueryTooLargeError } from '../../../lib/query/errors.ts'
import { javaDouble } from '../../../lib/query/java-double.ts'
import { doubleText } from '../../../lib/query/number-text.ts'
import type { QueryAnswer, QueryResult } from '../../../lib/query/run.ts'
import { type SerialiseOptions, serialise } from '../../../lib/query/serialise.ts'
import { columns, type Point } from './columns.ts'

test.each([
  [42, '42.0'],
  [-0, '-0.0'],
  [0.1, '0.1'],
  [0.001, '0.001'],
  [0.00099, '9.9E-4'],
  [9999999, '9999999.0'],
  [10_000_000, '1.0E7'],
  [1.5e10, '1.5E10'],
  [-1.25e-5, '-1.25E-5'],
  [1e-40, '1.0E-40'],
  [5e-324, '4.9E-324'],
  [1.7976931348623157e308, '1.7976931348623157E308'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
])('javaDouble(%d) is %s', (value, text) => {
  expect(javaDouble(value)).toBe(text)
})

test('javaDouble writes what reads back as the same double', () => {
  fc.assert(fc.property(fc.double({ noNaN: true }), (value) => Object.is(Number(javaDouble(value)), value)))
})

test('doubleText writes doubles of few decimals as javaDouble does, and all others', () => {
  const decimal = fc.tuple(fc.integer(), fc.constantFrom(1, 2, 8, 10, 100, 1000, 1e4, 1e6)).map(([n, d]) => n / d)
  fc.assert(
    fc.property(fc.oneof(decimal, fc.double({ noNaN: true, noDefaultInfinity: true })), (value) => {
      expect(doubleText(value)).toBe(javaDouble(value))
    }),
    { numRuns: 5000 },
  )
  for (const value of [0, -0, 0.001, 0.0005, 0.0009999999999999998, 1.001, -1.5, 1999999.999, 2e6, 0.1 + 0.2]) {
    expect(doubleText(value)).toBe(javaDouble(value))
  }
})

test('an AsciiBuffer holds what its parts are as strings, one behind the other', () => {
  const decimal = fc.tuple(fc.integer(), fc.constantFrom(1, 2, 8, 10, 100, 1000, 1e4, 1e6)).map(([n, d]) => n / d)
  const part = fc.oneof(
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme-ascii' }) }),
    fc.record({
      kind: fc.constant('integer' as const),
      value: fc.oneof(
        fc.maxSafeInteger(),
        fc.integer(),
        fc.constantFrom(0, -0, 2 ** 62, -(10 ** 21), 999_999_999, 1_000_000_000, -1_000_000_001),
      ),
    }),
    fc.record({ kind: fc.constant('double' as const), value: fc.oneof(decimal, fc.double({ noNaN: true })) }),
  )
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const buffer = new AsciiBuffer(1)
      for (const one of parts) {
        if (one.kind === 'text') buffer.text(one.value)
        else buffer[one.kind](one.value)
      }
      const texts = parts.map(({ kind, value }) =>
        typeof value === 'string' ? value : kind === 'double' ? javaDouble(value) : String(value),
      )
      expect(buffer.length).toBe(texts.join('').length)
      expect(buffer.take()).toBe(texts.join(''))
      expect(buffer.take()).toBe('')
    }),
    { numRuns: 3000 },
  )
})

const PLAN = {
  series: 1,
  seriesOfMetric: 100,
  exactHours: 24,
  rangeHours: 0,
  keys: 24,
  estimated: { units: 12, requests: 1 },
}
const COUNTS = { series: 1, points: 2, bytes: 3, rows: 24, blocks: 0, blockHours: 0, requests: 5, readUnits: 12.5 }
const USAGE: QueryUsage = {
  ...COUNTS,
  ms: 4,
  plans: [PLAN],
  queries: [
    { ...COUNTS, index: 0, emittedSeries: 1, emittedPoints: 2, plans: [PLAN], ms: { names: 1, read: 2, compute: 3 } },
  ],
}
const NOTHING: QueryUsage = {
  series: 0,
  points: 0,
  bytes: 0,
  rows: 0,
  blocks: 0,
  blockHours: 0,
  requests: 0,
  readUnits: 0,
  ms: 0,
  plans: [],
  queries: [],
}
const whole = (answer: QueryAnswer, options: SerialiseOptions) => [...serialise(answer, options)].join('')
const OPTIONS: SerialiseOptions = {
  arrays: false,
  msResolution: false,
  showTsuids: false,
  showQuery: false,
  showStats: false,
  showSummary: false,
  maxLength: 10_000,
}

function result(points: Point[], downsample?: string): QueryResult {
  const aggregator = aggregatorOf('sum')
  if (aggregator === undefined) throw new Error('no sum')
  return {
    query: {
      index: 0,
      metric: 'sys."cpu',
      tsuids: undefined,
      aggregator,
      downsample: downsample === undefined ? undefined : parseDownsample(downsample),
      rate: undefined,
      filters: [],
      explicitTags: false,
      percentiles: undefined,
    },
    metric: 'sys."cpu',
    filterTagks: [],
    tags: { host: 'web01' },
    aggregateTags: ['dc'],
    tsuids: ['000001000001000001'],
    annotations: [],
    points: columns(points),
  }
}

const text = (one: QueryResult, options: Partial<SerialiseOptions> = {}) =>
  whole(
    {
      results: [one],
      globalAnnotations: [],
      unresolved: [],
      usage: USAGE,
    },
    { ...OPTIONS, ...options },
  )

const HEAD = '{"metric":"sys.\\"cpu","tags":{"host":"web01"},"aggregateTags":["dc"]'

test('integers are exact, doubles look like doubles, times are in seconds', () => {
  const points: Point[] = [
    [1356998400000, 9223372036854775807n],
    [1356998401500, 8],
  ]
  expect(text(result(points))).toBe(`[${HEAD},"dps":{"1356998400":9223372036854775807,"1356998401":8.0}}]`)
  expect(text(result(points), { msResolution: true, arrays: true })).toBe(
    `[${HEAD},"dps":[[1356998400000,9223372036854775807],[1356998401500,8.0]]}]`,
  )
})

test('a missing value is the text NaN, or null where the fill policy is null', () => {
  const points: Point[] = [[0, Number.NaN]]
  expect(text(result(points, '1m-avg-nan'))).toBe(`[${HEAD},"dps":{"0":"NaN"}}]`)
  expect(text(result(points, '1m-avg-null'))).toBe(`[${HEAD},"dps":{"0":null}}]`)
})

test('TSUIDs, the query and a summary are there when they are asked for', () => {
  const all = JSON.parse(text(result([]), { showTsuids: true, showQuery: true, showSummary: true }))
  expect(all).toMatchObject([
    { tsuids: ['000001000001000001'], query: { index: 0, aggregator: 'sum', filters: [] }, dps: {} },
    { statsSummary: { seriesRead: 1, bytesRead: 3, rowReads: [{ exactHours: 24, keys: 24 }] } },
  ])
})

test('names that were passed over are listed after the series and before the summary', () => {
  const unresolved = [{ kind: 'metric' as const, name: 'no.such', index: 1 }]
  const answer = { results: [result([])], globalAnnotations: [], unresolved, usage: NOTHING }
  expect(JSON.parse(whole(answer, { ...OPTIONS, showSummary: true }))).toMatchObject([
    { dps: {} },
    { unresolved: [{ type: 'metric', name: 'no.such', index: 1 }] },
    { statsSummary: {} },
  ])
})

test('each series shows what its sub-query used before its points, and the summary adds them up', () => {
  const written = text(result([[0, 1n]]), { showStats: true, showSummary: true })
  const [series, last] = JSON.parse(written)
  const stats = { queryIndex: 0, rowsPreFilter: 24, dpsPreFilter: 2, bytesRead: 3, requests: 5, readUnits: 12.5 }
  expect(written.indexOf('"stats"')).toBeLessThan(written.indexOf('"dps"'))
  expect(series.stats).toMatchObject({
    ...stats,
    uidToStringTime: 1,
    queryScanTime: 2,
    aggregationTime: 3,
    plan: { hoursByKey: 24, hoursByRange: 0, hoursInBlocks: 0, rows: [PLAN] },
  })
  expect(last.statsSummary).toMatchObject({ emittedDPs: 1, requests: 5, readUnits: 12.5, queryIdx_00: stats })
  expect(text(result([]))).not.toContain('stats')
})

test('a long answer comes in pieces of about the same length that are it, joined', () => {
  const points = Array.from({ length: 30_000 }, (_, i): Point => [i * 1000, i % 3 === 0 ? BigInt(i) : i / 8])
  const answer = { results: [result(points), result([])], globalAnnotations: [], unresolved: [], usage: USAGE }
  const pieces = [...serialise(answer, { ...OPTIONS, maxLength: 2 ** 20 })]
  expect(pieces.length).toBeGreaterThan(5)
  for (const piece of pieces.slice(0, -1)) expect(piece.length).toBeLessThan(2 ** 17)
  const [{ dps }] = JSON.parse(pieces.join(''))
  expect(dps).toEqual(Object.fromEntries(points.map(([time, value]) => [time / 1000, Number(value)])))
})

test('an answer longer than it may be is refused whole', () => {
  expect(() => text(result([[0, 1n]]), { maxLength: 20 })).toThrow(QueryTooLargeError)
  expect(
    whole(
      {
        results: [],
        globalAnnotations: [],
        unresolved: [],
        usage: NOTHING,
      },
      OPTIONS,
    ),
  ).toBe('[]')
})

test('annotations of a result stand before its points, and global ones with every result', () => {
  const note = (tsuid: string, startTime: number) => ({ tsuid, startTime, endTime: 0, description: 'd', notes: '' })
  const one = { ...result([]), annotations: [{ ...note('01', 1), custom: { owner: 'me' } }] }
  const answer = {
    results: [one, result([])],
    globalAnnotations: [note('', 2)],
    unresolved: [],
    usage: NOTHING,
  }
  const written = whole(answer, OPTIONS)
  const globals = '"globalAnnotations":[{"tsuid":"","description":"d","notes":"","startTime":2,"endTime":0}],"dps":'
  const own = '{"tsuid":"01","description":"d","notes":"","custom":{"owner":"me"},"startTime":1,"endTime":0}'
  expect(written).toContain(`"annotations":[${own}],${globals}`)
  expect(JSON.parse(written)).toHaveLength(2)
  expect(written.split('"globalAnnotations"')).toHaveLength(3)
  expect(written.split('"annotations"')).toHaveLength(2)
})
