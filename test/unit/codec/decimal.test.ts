import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_SCALE, POWERS_OF_TEN, scaleOf, toScaled } from '../../../lib/codec/decimal.ts'
import { KIND_FLOAT, PointColumnsBuilder } from '../../../lib/model/points.ts'

function columns(...values: number[]): PointColumnsBuilder {
  const points = new PointColumnsBuilder()
  for (const value of values) points.push(0, value, KIND_FLOAT)
  return points
}

describe('scaleOf(points)', () => {
  it.each([
    ['integers need none', [1, -5, 0, 2 ** 51 - 1], 0],
    ['two digits', [12.34, 0.5, -7], 2],
    ['the digits of the longest', [1, 2, 3, 0.125, 4], 3],
    ['nine digits', [0.123456789], 9],
    ['a third has no end', [1 / 3], NO_SCALE],
    ['ten digits are too many', [0.1234567891], NO_SCALE],
    ['a negative zero is no decimal', [1, -0], NO_SCALE],
    ['too large for differences to be exact', [2 ** 51], NO_SCALE],
    ['large and long together do not fit', [1e12, 0.123456789], NO_SCALE],
    ['very large', [Number.MAX_VALUE], NO_SCALE],
    ['very small', [Number.MIN_VALUE], NO_SCALE],
    ['infinite', [Number.POSITIVE_INFINITY], NO_SCALE],
  ])('%s', (_, values, scale) => {
    expect(scaleOf(columns(...values))).toBe(scale)
  })

  it('finds no scale for an integer that a double does not hold', () => {
    const points = new PointColumnsBuilder()
    points.pushInteger(0, 2n ** 63n - 1n, 0)
    expect(scaleOf(points)).toBe(NO_SCALE)
  })

  it('gives a scale from which every double comes back bit for bit', () => {
    const value = fc.oneof(
      fc.double({ noNaN: true }),
      fc.integer(),
      fc.integer().map((n) => n / 1000),
    )
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), (values) => {
        const scale = scaleOf(columns(...values))
        if (scale === NO_SCALE) return
        for (const each of values) expect(toScaled(each, scale) / (POWERS_OF_TEN[scale] ?? Number.NaN)).toBe(each)
      }),
    )
  })
})
