import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LayoutHistory, layoutAt, shelfOf, shelvesOfMetric } from '../../../lib/store/layout.ts'

const layout = (fromHour: number, shelves: number, splits: [number, number][] = []) => ({
  fromHour,
  shelves,
  saltBuckets: 1,
  splits: new Map(splits),
})

describe('layoutAt(history, baseTime)', () => {
  it('is the last layout that starts at the hour or before', () => {
    const history: LayoutHistory = [layout(0, 1), layout(7200, 2), layout(36_000, 4)]
    const shelves = [0, 3600, 7200, 10_800, 36_000, 2 ** 32 - 3600].map((hour) => layoutAt(history, hour).shelves)
    expect(shelves).toEqual([1, 1, 2, 2, 4, 4])
  })
})

describe('shelfOf(layout, metric, tsuidHash)', () => {
  it('never changes: stored data lie where it says', () => {
    expect([1, 2, 3, 4, 5, 6].map((metric) => shelfOf(layout(0, 16), metric, 12345))).toEqual([10, 3, 9, 15, 3, 5])
    const split = layout(0, 16, [[9, 3]])
    expect([0, 1, 2, 3].map((tsuidHash) => shelfOf(split, 9, tsuidHash))).toEqual([14, 11, 13, 14])
  })

  it('spreads metrics evenly', () => {
    const hits = new Array<number>(8).fill(0)
    for (let metric = 1; metric <= 8000; metric++) hits[shelfOf(layout(0, 8), metric, 0)]!++
    expect(Math.min(...hits)).toBeGreaterThan(850)
  })

  it('is always one of shelvesOfMetric', () => {
    const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    const sizes = fc.tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 20 }))
    fc.assert(
      fc.property(sizes, uint32, uint32, ([shelves, split], metric, tsuidHash) => {
        const each = layout(0, shelves, [[metric, split]])
        const of = shelvesOfMetric(each, metric)
        expect(of).toContain(shelfOf(each, metric, tsuidHash))
        expect(of.length).toBeLessThanOrEqual(Math.min(split, shelves))
        expect(Math.max(...of)).toBeLessThan(shelves)
      }),
    )
  })
})
