import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FUNCTIONS } from '../../../lib/expression/functions.ts'
import type { QueryResult } from '../../../lib/query/run.ts'
import { result, type Values, valuesOf, WIDTHS } from './results.ts'

const CONTEXT = { widths: WIDTHS, maxPoints: 1000 }

function call(name: string, inputs: readonly (readonly QueryResult[])[], ...parameters: string[]): QueryResult[] {
  const run = FUNCTIONS.get(name)
  if (run === undefined) throw new Error(`There is no ${name}`)
  return run(inputs, parameters, CONTEXT)
}

/** The values that a function gives for one series. */
const valuesAfter = (name: string, values: Values, ...parameters: string[]) =>
  call(name, [[result(1, { 1: 1 }, values)]], ...parameters).map(({ points }) => valuesOf(points))

describe('scale and absolute', () => {
  test('integers stay 64-bit integers under whole factors, and wrap', () => {
    expect(
      valuesAfter(
        'scale',
        [
          [1, 9007199254740993n],
          [2, 1.5],
        ],
        '3',
      ),
    ).toEqual([
      [
        [1, 27021597764222979n],
        [2, 4.5],
      ],
    ])
    expect(valuesAfter('scale', [[1, 2n ** 62n]], '4')).toEqual([[[1, 0n]]])
    expect(valuesAfter('scale', [[1, 10n]], '-0.5')).toEqual([[[1, -5]]])
    expect(
      valuesAfter('absolute', [
        [1, -9007199254740993n],
        [2, -1.5],
      ]),
    ).toEqual([
      [
        [1, 9007199254740993n],
        [2, 1.5],
      ],
    ])
  })

  test('a factor that is missing or none is named', () => {
    expect(() => valuesAfter('scale', [])).toThrow('Missing scaling factor')
    for (const factor of ['x', '1-2', '.', "'2'"]) expect(() => valuesAfter('scale', [], factor)).toThrow(factor)
  })
})

describe('alias', () => {
  test('stands for metric and tags, with the values of tags in it', () => {
    const [one] = call('alias', [[result(1, { 1: 7 }, [[1, 1n]])]], 'cpu', 'of.@k1')
    expect(one).toMatchObject({ metric: 'cpu,of.v7', tags: {}, aggregateTags: [] })
    expect(valuesOf(one!.points)).toEqual([[1, 1n]])
  })
})

describe('movingAverage', () => {
  const ramp: Values = [
    [0, 0n],
    [60_000, 10n],
    [120_000, 20n],
    [180_000, 30n],
  ]

  test('of a number of points is 0 until there are as many', () => {
    expect(valuesAfter('movingAverage', ramp, '2')).toEqual([
      [
        [0, 0],
        [60_000, 5],
        [120_000, 15],
        [180_000, 25],
      ],
    ])
  })

  test('of a time is 0 until a point is as old, which does not count itself', () => {
    expect(valuesAfter('movingAverage', ramp, "'2min'")).toEqual([
      [
        [0, 0],
        [60_000, 0],
        [120_000, 15],
        [180_000, 25],
      ],
    ])
    expect(valuesAfter('movingAverage', ramp, "'120s'")).toEqual(valuesAfter('movingAverage', ramp, "'2m'"))
  })

  test('passes NaN over', () => {
    const holes: Values = [
      [0, 2],
      [1000, Number.NaN],
      [2000, 4],
    ]
    expect(valuesAfter('movingAverage', holes, '2')).toEqual([
      [
        [0, 0],
        [1000, 0],
        [2000, 3],
      ],
    ])
  })

  test('a window that is missing, 0 or of no unit is named', () => {
    expect(() => valuesAfter('movingAverage', ramp)).toThrow('Missing')
    expect(() => valuesAfter('movingAverage', ramp, '0')).toThrow('greater than zero')
    expect(() => valuesAfter('movingAverage', ramp, "'3parsec'")).toThrow('unit=parsec')
    expect(() => valuesAfter('movingAverage', ramp, 'x')).toThrow('Unparseable')
  })

  test('windows that hold more points together than a query may read are refused', () => {
    const many = Array.from({ length: 100 }, (_, i) => [i, BigInt(i)] as const)
    expect(() => valuesAfter('movingAverage', many, '50')).toThrow(/queryPoints/)
  })

  test('is the plain average of the last points, whatever they are', () => {
    const doubles = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { maxLength: 20 })
    fc.assert(
      fc.property(doubles, fc.integer({ min: 1, max: 5 }), (list, size) => {
        const [averages = []] = valuesAfter(
          'movingAverage',
          list.map((value, i) => [i, value]),
          String(size),
        )
        for (const [i, [, average]] of averages.entries()) {
          const window = list.slice(Math.max(0, i + 1 - size), i + 1)
          const plain = window.length < size ? 0 : window.reduce((a, b) => a + b) / size
          expect(average).toBeCloseTo(plain, 6)
        }
      }),
    )
  })
})

describe('highestMax and highestCurrent', () => {
  const series = [
    result(1, { 1: 1 }, [
      [1, 9n],
      [2, 1n],
    ]),
    result(1, { 1: 2 }, [
      [1, 2],
      [2, Number.NaN],
    ]),
    result(1, { 1: 3 }, [
      [1, -5],
      [2, 4],
    ]),
  ]
  const tagsOf = (name: string, n: string) => call(name, [series], n).map(({ tags }) => tags.k1)

  test('give the series with the greatest or the latest values, the highest first', () => {
    expect(tagsOf('highestMax', '2')).toEqual(['v1', 'v3'])
    expect(tagsOf('highestCurrent', '2')).toEqual(['v3', 'v2'])
    expect(tagsOf('highestMax', '9')).toEqual(['v1', 'v3', 'v2'])
  })

  test('their number must be there and above 0', () => {
    expect(() => call('highestMax', [series])).toThrow('Missing top n')
    expect(() => call('highestMax', [series], '0')).toThrow('greater than zero')
    expect(() => call('highestCurrent', [series], 'x')).toThrow('Unparseable')
  })
})

describe('sumSeries and its like', () => {
  const a = result(1, { 1: 1 }, [
    [1, 8n],
    [2, 6n],
  ])
  const b = result(2, { 1: 1 }, [
    [1, 2n],
    [3, 3n],
  ])

  test('bring together series of the same tags; what one lacks counts as 0', () => {
    const valuesFrom = (name: string) => call(name, [[a], [b]]).map(({ points }) => valuesOf(points))
    expect(valuesFrom('sumSeries')).toEqual([
      [
        [1, 10],
        [2, 6],
        [3, 3],
      ],
    ])
    expect(valuesFrom('diffSeries')).toEqual([
      [
        [1, 6],
        [2, 6],
        [3, -3],
      ],
    ])
    expect(valuesFrom('multiplySeries')).toEqual([
      [
        [1, 16],
        [2, 0],
        [3, 0],
      ],
    ])
    expect(valuesFrom('divideSeries')).toEqual([
      [
        [1, 4],
        [2, 0],
        [3, 0],
      ],
    ])
  })

  test('are named after the metric with the least UID, and can be combined again', () => {
    const [sum] = call('sumSeries', [[b], [a]])
    expect(sum).toMatchObject({ metric: 'm1', tags: { k1: 'v1' }, combined: true })
    const again = call('diffSeries', [[sum!], [a]])
    expect(again.map(({ points }) => valuesOf(points))).toEqual([
      [
        [1, 2],
        [2, 0],
        [3, 3],
      ],
    ])
  })

  test('series without a counterpart stay, those of other tags stay apart', () => {
    const other = result(2, { 1: 2 }, [[1, 5n]])
    const sums = call('sumSeries', [[a], [other]])
    expect(sums.map(({ tags }) => tags)).toEqual([{ k1: 'v1' }, { k1: 'v2' }])
  })

  test('take 2 to 26 series', () => {
    expect(() => call('sumSeries', [[a]])).toThrow('2 to 26')
    expect(() => call('sumSeries', new Array<QueryResult[]>(27).fill([a]))).toThrow('got 27')
  })
})

test('timeShift is refused whatever its unit, as OpenTSDB does', () => {
  for (const text of ["'1min'", "'10d'"]) expect(() => valuesAfter('timeShift', [], text)).toThrow('unknown time unit')
  expect(() => valuesAfter('shift', [])).toThrow('Need amount')
  expect(() => valuesAfter('shift', [], '1h')).toThrow("Invalid timeshift='1h'")
})
