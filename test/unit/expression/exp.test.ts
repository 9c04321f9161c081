import { describe, expect, test } from 'vitest'
import { evaluateJoined } from '../../../lib/expression/evaluate.ts'
import { parseExpRequest } from '../../../lib/expression/exp-request.ts'
import { formulaSeries, joinSeries } from '../../../lib/expression/join.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { result, valuesOf, WIDTHS } from './results.ts'

const TIME = { start: '1356998400', end: '1356999000', aggregator: 'sum' }
const METRICS = [
  { id: 'a', metric: 'm.a' },
  { id: 'b', metric: 'm.b' },
]

const parse = (body: object) => parseExpRequest(JSON.stringify(body), 0, DEFAULT_LIMITS)
const withExpressions = (...expressions: object[]) => parse({ time: TIME, metrics: METRICS, expressions })
const e = { id: 'e', expr: 'a + b' }

describe('requests', () => {
  test('metrics become sub-queries with the aggregator, downsampler, rate and filters of the request', () => {
    const { query } = parse({
      time: { ...TIME, downsampler: { interval: '1m', aggregator: 'max' }, rate: true },
      filters: [
        { id: 'f', explicitTags: true, tags: [{ type: 'wildcard', tagk: 'host', filter: '*', groupBy: true }] },
      ],
      metrics: [
        { id: 'a', metric: 'm.a', filter: 'f' },
        { id: 'b', metric: 'm.b', aggregator: 'avg' },
      ],
      expressions: [e],
    })
    expect(query).toMatchObject({ start: 1356998400000, end: 1356999000000 })
    expect(query.queries).toMatchObject([
      { metric: 'm.a', aggregator: { name: 'sum' }, explicitTags: true, filters: [{ tagk: 'host' }], rate: {} },
      { metric: 'm.b', aggregator: { name: 'avg' }, explicitTags: false, filters: [], downsample: { text: '1m-max' } },
    ])
  })

  test('expressions come after those that they use', () => {
    const { expressions, outputs } = withExpressions({ id: 'x', expr: 'y * 2' }, { id: 'y', expr: 'a + b' })
    expect(expressions.map(({ id }) => id)).toEqual(['y', 'x'])
    expect(outputs.map(({ id }) => id)).toEqual(['x', 'y'])
  })

  test('a join that is not given is a union on all tags', () => {
    expect(withExpressions(e).expressions[0]?.join).toEqual({
      operator: 'union',
      useQueryTags: false,
      includeAggTags: true,
    })
  })

  test('a fill policy says its value and a value its policy', () => {
    const fillOf = (fillPolicy: object) => withExpressions({ ...e, fillPolicy }).expressions[0]?.fill
    expect(fillOf({ policy: 'NaN' })).toEqual({ policy: 'nan', value: Number.NaN })
    expect(fillOf({ policy: 'zero' })).toEqual({ policy: 'zero', value: 0 })
    expect(fillOf({ policy: 'scalar', value: 5 })).toEqual({ policy: 'scalar', value: 5 })
    expect(fillOf({ value: 5 })).toEqual({ policy: 'scalar', value: 5 })
    expect(() => fillOf({ policy: 'zero', value: 5 })).toThrow('fill policy zero')
    expect(() => fillOf({ policy: 'max' })).toThrow('Unrecognized fill policy: max')
  })

  test.each([
    [{}, 'missing time'],
    [{ time: {} }, 'missing or empty start'],
    [{ time: { start: '1' } }, 'Missing or empty aggregator'],
    [{ time: TIME }, 'missing or empty metrics'],
    [{ time: TIME, metrics: METRICS }, 'missing or empty expressions'],
    [{ time: TIME, metrics: [{ id: 'a' }], expressions: [e] }, 'missing or empty metric of a'],
    [{ time: TIME, metrics: [{ id: '1', metric: 'm' }], expressions: [e] }, 'Invalid id ("1")'],
    [{ time: TIME, metrics: [{ id: 'a-b', metric: 'm' }], expressions: [e] }, 'Invalid id ("a-b")'],
    [
      { time: TIME, metrics: [{ id: 'a', metric: 'm', filter: 'f' }], expressions: [e] },
      'unrecognized filter id f in metric a',
    ],
    [{ time: TIME, metrics: METRICS, expressions: [{ ...e, id: 'a' }] }, 'Duplicated variable or expression id: a'],
    [
      { time: TIME, metrics: METRICS, expressions: [{ ...e, expr: 'a + c' }] },
      'Expression [a + c] was missing input c',
    ],
    [{ time: TIME, metrics: METRICS, expressions: [{ ...e, expr: 'e + a' }] }, 'Circular reference found: e'],
    [
      { time: TIME, metrics: METRICS, expressions: [{ ...e, join: { operator: 'cross' } }] },
      'must be union or intersection',
    ],
    [{ time: TIME, metrics: METRICS, expressions: new Array(101).fill(e) }, 'expressions allows 100'],
  ])('%j is refused: %s', (body, why) => {
    expect(() => parse(body)).toThrow(why)
  })
})

describe('joins', () => {
  const a = formulaSeries([result(1, { 1: 1 }, [[1, 1n]]), result(1, { 1: 2 }, [[1, 2n]])], WIDTHS)
  const b = formulaSeries(
    [
      result(2, { 1: 2 }, [
        [1, 20n],
        [2, 30],
      ]),
      result(2, { 1: 3 }, [[1, 40n]]),
    ],
    WIDTHS,
  )
  const ON_ALL = { useQueryTags: false, includeAggTags: false }

  test('an intersection has the series of all variables, a union those of any', () => {
    const both = joinSeries([a, b], { ...ON_ALL, operator: 'intersection' }, WIDTHS)
    expect(both.map(({ tags }) => tags)).toEqual([{ k1: 'v2' }])
    const any = joinSeries([a, b], { ...ON_ALL, operator: 'union' }, WIDTHS)
    expect(any.map(({ tags }) => tags)).toEqual([{ k1: 'v1' }, { k1: 'v2' }, { k1: 'v3' }])
    expect(any.map(({ metrics }) => [...metrics.values()])).toEqual([['m1'], ['m1', 'm2'], ['m2']])
  })

  test('an intersection that leaves nothing is an error, unless there was nothing', () => {
    const join = { ...ON_ALL, operator: 'intersection' } as const
    expect(() => joinSeries([a.slice(0, 1), b], join, WIDTHS)).toThrow('No intersections found')
    expect(joinSeries([[], []], join, WIDTHS)).toEqual([])
  })

  test('missing series count as 0, missing points and NaN as their variable’s fill', () => {
    const joined = joinSeries([a, b], { ...ON_ALL, operator: 'union' }, WIDTHS)
    const sums = evaluateJoined(joined, ([x = 0, y = 0]) => x + y, [100, 1000], 100)
    expect(sums.map(({ points }) => valuesOf(points))).toEqual([
      [
        [1, 1],
        [2, 100],
      ],
      [
        [1, 22],
        [2, 130],
      ],
      [
        [1, 40],
        [2, 1000],
      ],
    ])
  })

  test('more points than a query may read are refused before they are made', () => {
    const joined = joinSeries([a, b], { ...ON_ALL, operator: 'union' }, WIDTHS)
    expect(() => evaluateJoined(joined, () => 0, [0, 0], 5)).toThrow(/queryPoints/)
  })

  test('on the query’s tags alone series are told apart by these', () => {
    const [first] = formulaSeries(
      [{ ...result(1, { 1: 1, 2: 5 }, [[1, 1n]]), filterTagks: [Buffer.from([0, 0, 1]).toString('base64')] }],
      WIDTHS,
    )
    const other = formulaSeries([result(2, { 1: 1 }, [[1, 2n]])], WIDTHS)
    const join = { operator: 'intersection', includeAggTags: false } as const
    expect(joinSeries([[first!], other], { ...join, useQueryTags: true }, WIDTHS)).toHaveLength(1)
    expect(() => joinSeries([[first!], other], { ...join, useQueryTags: false }, WIDTHS)).toThrow('No intersections')
  })
})
