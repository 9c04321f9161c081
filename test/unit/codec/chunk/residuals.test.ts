import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromResiduals, predictionsOf, toResiduals } from '../../../../lib/codec/chunk/residuals.ts'

describe('toResiduals(numbers, prediction)', () => {
  const residuals = (order: number, slope: number, ...numbers: number[]) => [
    ...toResiduals(Float64Array.from(numbers), { order, slope }),
  ]

  it('foretells from a line, from the number before, and from the two before', () => {
    expect(residuals(0, 0, 0, 5, 3)).toEqual([5, 3])
    expect(residuals(0, 10, 0, 11, 19)).toEqual([1, -1])
    expect(residuals(1, 0, 0, 5, 3)).toEqual([5, -2])
    expect(residuals(1, 4, 0, 5, 9)).toEqual([1, 0])
    expect(residuals(2, 4, 0, 5, 11)).toEqual([1, 1])
  })

  it('is undone by fromResiduals for every prediction tried', () => {
    const numbers = fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(numbers, (list) => {
        const row = Float64Array.of(0, ...list)
        for (const prediction of predictionsOf(row)) {
          const back = Float64Array.of(Number.NaN, ...toResiduals(row, prediction))
          fromResiduals(back, prediction.order, prediction.slope)
          expect(back.map((n) => n + 0)).toEqual(row)
        }
      }),
    )
  })
})

describe('predictionsOf(numbers)', () => {
  const first = (length: number, number: (i: number) => number) =>
    predictionsOf(Float64Array.from({ length }, (_, i) => (i === 0 ? 0 : number(i))))[0]

  it('puts the one that leaves the least over first', () => {
    expect(first(100, (i) => (i % 2) * 100)).toEqual({ order: 0, slope: 0 })
    expect(first(101, (i) => i * 1000 + (i % 2) * 100)).toEqual({ order: 0, slope: 1000 })
    expect(first(100, (i) => i * i * 50)).toMatchObject({ order: 2 })
    expect(first(100, (i) => i * 1000 + Math.floor(i / 50) * 5e6)).toEqual({ order: 1, slope: 1000 })
  })
})
