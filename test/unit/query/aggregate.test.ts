import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AGGREGATOR_NAMES, type Aggregator, aggregatorOf } from '../../../lib/query/aggregate/index.ts'
import { aggregate } from '../../../lib/query/aggregate.ts'
import { columns, type Point, points } from './columns.ts'
import { modelAggregate } from './model.ts'

function named(name: string): Aggregator {
  const aggregator = aggregatorOf(name)
  if (aggregator === undefined) throw new Error(`No aggregator ${name}`)
  return aggregator
}

function run(name: string, group: readonly (readonly Point[])[], isRate = false): Point[] {
  return points(aggregate(group.map(columns), named(name), isRate))
}

// Series a has points at 0, 10 and 20 s, b at 3, 4 and 13 s.
const A: Point[] = [
  [0, 0n],
  [10, 5n],
  [20, 3n],
]
const B: Point[] = [
  [3, 100n],
  [4, 101n],
  [13, 100n],
]

test.each([
  ['sum', [0n, 101n, 103n, 106n, 105n, 3n]],
  ['avg', [0n, 50n, 51n, 53n, 52n, 3n]],
  ['min', [0n, 1n, 2n, 5n, 5n, 3n]],
  ['max', [0n, 100n, 101n, 101n, 100n, 3n]],
  ['count', [1n, 2n, 2n, 2n, 2n, 1n]],
  ['zimsum', [0n, 100n, 101n, 5n, 100n, 3n]],
  ['mimmin', [0n, 100n, 101n, 5n, 100n, 3n]],
  ['mimmax', [0n, 100n, 101n, 5n, 100n, 3n]],
  ['pfsum', [0n, 100n, 101n, 106n, 105n, 3n]],
  ['diff', [0n, 99n, 99n, 96n, 95n, 0n]],
  ['dev', [0n, 49n, 49n, 48n, 47n, 0n]],
  ['mult', [0n, 100n, 202n, 505n, 500n, 3n]],
  ['first', [0n, 0n, 0n, 5n, 0n, 3n]],
  ['last', [0n, 100n, 101n, 0n, 100n, 3n]],
])('%s of two integer series interpolates in integers between their points only', (name, values) => {
  const times = [0, 3, 4, 10, 13, 20]
  expect(run(name, [A, B])).toEqual(times.map((time, i) => [time, values[i]]))
})

test('one double among what counts, or what comes next, makes the values doubles', () => {
  const a: Point[] = [
    [0, 1n],
    [60, 2n],
    [120, 7n],
  ]
  const b: Point[] = [
    [0, 1.5],
    [120, 3n],
    [180, 9n],
  ]
  expect(run('sum', [a, b])).toEqual([
    [0, 2.5],
    [60, 4.25],
    [120, 10n],
    [180, 9n],
  ])
})

test('a series alone keeps each point as it is', () => {
  const mixed: Point[] = [
    [0, 9223372036854775807n],
    [1, 0.5],
  ]
  expect(run('sum', [mixed])).toEqual(mixed)
  expect(run('count', [mixed])).toEqual([
    [0, 1n],
    [1, 1],
  ])
})

test('integers of 64 bits are exact, and wrap as they do in 64 bits', () => {
  expect(run('sum', [[[0, 4611686018427387904n]], [[0, 4611686018427387903n]]])).toEqual([[0, 9223372036854775807n]])
  expect(run('sum', [[[0, 9223372036854775807n]], [[0, 1n]]])).toEqual([[0, -9223372036854775808n]])
  expect(run('sum', [[[0, 9007199254740992n]], [[0, 1n]]])).toEqual([[0, 9007199254740993n]])
  expect(run('avg', [[[0, -7n]], [[0, 0n]]])).toEqual([[0, -3n]])
})

test('missing values are passed over, and what has nothing else is missing', () => {
  const group: Point[][] = [[[0, Number.NaN]], [[0, 4]], [[0, 2]]]
  const of = (name: string) => run(name, group)[0]?.[1]
  expect(['sum', 'avg', 'min', 'max', 'count', 'dev'].map(of)).toEqual([6, 3, 2, 4, 2, 1])
  expect(run('sum', [[[0, Number.NaN]], [[0, Number.NaN]]])).toEqual([[0, Number.NaN]])
})

test('between its points a rate is that of the earlier one, from the beginning on', () => {
  const a: Point[] = [
    [0, 7],
    [10, 1],
    [20, 2],
  ]
  const b: Point[] = [
    [5, 70],
    [15, 10],
  ]
  // b counts with 70 at 10, before its second point; its first and a's give no point of their own
  expect(run('sum', [a, b], true)).toEqual([
    [10, 71],
    [15, 11],
    [20, 2],
  ])
  expect(run('sum', [a], true)).toEqual(a.slice(1))
  expect(run('sum', [[[0, 7]]], true)).toEqual([])
})

const value = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }).map(BigInt),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  // 0 and -0 are equal, and which of them is the less is nobody's concern
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((double) => double + 0),
)
const series = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 60 }), value), { selector: ([time]) => time, maxLength: 12 })
  .map((list): Point[] => [...list].sort(([a], [b]) => a - b))
const group = fc.array(series, { minLength: 2, maxLength: 5 })
const MODELLED = [
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'zimsum',
  'mimmin',
  'mimmax',
  'pfsum',
  'diff',
  'mult',
  'first',
  'last',
  'squareSum',
  'median',
]

test.each(MODELLED)('%s agrees with a plain model on any series', (name) => {
  fc.assert(
    fc.property(group, (one) => {
      expect(run(name, one)).toEqual(modelAggregate(name, one))
    }),
    { numRuns: 300 },
  )
})

test('a group of one series gives what the model gives, whatever the aggregator', () => {
  fc.assert(
    fc.property(series, fc.constantFrom(...MODELLED), (one, name) => {
      expect(run(name, [one])).toEqual(modelAggregate(name, [one]))
    }),
    { numRuns: 300 },
  )
})

test('integers on the fast path and on the exact one are the same', () => {
  const small = fc.array(fc.integer({ min: -100_000, max: 100_000 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(small, fc.constantFrom(...AGGREGATOR_NAMES), (list, name) => {
      const { reduce } = named(name)
      const fast = reduce.long(Float64Array.from(list), 0, list.length)
      if (fast !== undefined) expect(BigInt(fast)).toBe(reduce.exact(list.map(BigInt)))
    }),
    { numRuns: 1000 },
  )
})
