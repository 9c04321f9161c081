import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AGGREGATOR_NAMES, type Aggregator, aggregatorOf } from '../../../lib/query/aggregate/index.ts'
import { aggregate } from '../../../lib/query/aggregate.ts'
import { aggregateAligned } from '../../../lib/query/aggregate-aligned.ts'
import { columns, type Point, points } from './columns.ts'

function named(name: string): Aggregator {
  const aggregator = aggregatorOf(name)
  if (aggregator === undefined) throw new Error(`No aggregator ${name}`)
  return aggregator
}

const times = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 10 })
const double = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.NaN))
const integer = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.maxSafeInteger()).map(BigInt)

/** Series with points at the same times, all doubles or all integers. */
const group = fc
  .tuple(times, fc.constantFrom<fc.Arbitrary<number | bigint>>(double, integer), fc.integer({ min: 2, max: 6 }))
  .chain(([at, value, size]) => {
    const ascending = [...at].sort((a, b) => a - b)
    const values = fc.array(value, { minLength: at.length, maxLength: at.length })
    return fc.array(
      values.map((list): Point[] => list.map((one, i) => [ascending[i] ?? 0, one])),
      { minLength: size, maxLength: size },
    )
  })

/** The group with a series whose only point is of another time, long before, so that it is looked at value by value. */
const unaligned = (series: readonly (readonly Point[])[], value: number | bigint) => [
  ...series,
  [[-5000, value] as const],
]

test('series of the same times give what they give value by value, whatever the aggregator', () => {
  fc.assert(
    fc.property(group, fc.constantFrom(...AGGREGATOR_NAMES), fc.boolean(), (series, name, isRate) => {
      const aggregator = named(name)
      const aligned = aggregateAligned(series.map(columns), aggregator, isRate ? 1 : 0)
      const before = typeof series[0]?.[0]?.[1] === 'bigint' ? 0n : 0
      const general = points(aggregate(unaligned(series, before).map(columns), aggregator, isRate))
      const expected = general.filter(([time]) => time >= 0)
      // integers that pass 2^53 on the way are left to the other
      if (aligned !== undefined) expect(points(aligned)).toEqual(expected)
      else expect(typeof before).toBe('bigint')
    }),
    { numRuns: 1000 },
  )
})

test('series of different times, or of mixed or big values, are not taken', () => {
  const sum = named('sum')
  const of = (...series: Point[][]) => aggregateAligned(series.map(columns), sum, 0)
  expect(of([[1, 1]], [[2, 1]])).toBeUndefined()
  expect(
    of(
      [[1, 1]],
      [
        [1, 1],
        [2, 1],
      ],
    ),
  ).toBeUndefined()
  expect(of([[1, 1]], [[1, 1n]])).toBeUndefined()
  expect(of([[1, 2n ** 60n]], [[1, 1n]])).toBeUndefined()
  expect(of([[1, 2n ** 53n - 1n]], [[1, 1n]])).toBeUndefined()
})
