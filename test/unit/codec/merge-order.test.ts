import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeOrder } from '../../../lib/codec/merge-order.ts'

test('runs become one in order of time, and of equal times the later one stays, however many runs there are', () => {
  const run = fc
    .array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 20 })
    .map((list) => list.sort((a, b) => a - b))
  fc.assert(
    fc.property(fc.array(run, { maxLength: 9 }), fc.integer(), (runs, seed) => {
      const times = runs.flat()
      const starts = runs.map((_, i) => runs.slice(0, i).flat().length)
      const rank = (index: number) => Math.imul(index + 1, seed | 1)
      const compare = (a: number, b: number) => rank(a) - rank(b)
      const order = mergeOrder(Float64Array.from(times), starts, compare)
      const best = new Map<number, number>()
      for (const [index, time] of times.entries()) {
        const known = best.get(time)
        if (known === undefined || compare(index, known) >= 0) best.set(time, index)
      }
      const want = [...best].sort(([a], [b]) => a - b)
      // within one run points of one time keep their order, whatever is later
      const isPlain = runs.every((list) => new Set(list).size === list.length)
      expect([...order].map((index) => times[index])).toEqual(want.map(([time]) => time))
      if (isPlain) expect([...order]).toEqual(want.map(([, index]) => index))
    }),
  )
})
