import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Book } from '../../../bench/load/book.ts'
import { bodyOf, valueAtTime } from '../../../bench/load/fleet.ts'
import { Histogram } from '../../../bench/load/histogram.ts'
import { memoryOf } from '../../../bench/load/verdict.ts'

const FLEET = { hosts: 2, metrics: 2 }

describe('the book of a load', () => {
  const value = (timeS: number) => valueAtTime(3, timeS)
  const both = { firstHost: 0, hosts: 2, timeS: 105 }

  test('misses what was acknowledged and can’t be read, and only that', () => {
    const book = new Book(FLEET, 100, 10)
    book.sent(both)
    expect(book.judge(3, [], value)).toEqual({ lost: 0, wrong: 0 })
    book.acknowledge(both)
    book.acknowledge(both)
    expect(book.acknowledged).toBe(4)
    expect(book.judge(3, [], value)).toEqual({ lost: 1, wrong: 0 })
    expect(book.judge(3, [[105, value(105)]], value)).toEqual({ lost: 0, wrong: 0 })
  })

  test('finds what was never sent, and what has another value than was sent', () => {
    const book = new Book(FLEET, 100, 10)
    book.sent(both)
    expect(book.judge(3, [[104, value(104)]], value)).toEqual({ lost: 0, wrong: 1 })
    expect(book.judge(3, [[105, value(105) + 1]], value)).toEqual({ lost: 0, wrong: 1 })
    expect(book.judge(3, [[99, value(99)]], value)).toEqual({ lost: 0, wrong: 1 })
    book.acknowledge(both)
    expect(book.judge(3, [[105, value(105) + 1]], value)).toEqual({ lost: 1, wrong: 1 })
  })

  test('takes no time outside of its run', () => {
    const book = new Book(FLEET, 100, 10)
    expect(() => book.sent({ ...both, timeS: 110 })).toThrow(RangeError)
  })
})

test('a report is the points of its hosts and metrics, alone or as an array', () => {
  const one = { firstHost: 1, hosts: 1, firstMetric: 1, metrics: 1, timeS: 7 }
  const point = { metric: 'load.metric1', timestamp: 7, value: 10, tags: { host: 'web0001' } }
  expect(JSON.parse(bodyOf(FLEET, one))).toEqual({ ...point, value: valueAtTime(3, 7) })
  expect(JSON.parse(bodyOf(FLEET, { firstHost: 0, hosts: 2, timeS: 7 }))).toHaveLength(4)
})

test('percentiles are right to 5 %', () => {
  const times = fc.array(fc.double({ min: 0.1, max: 30_000, noNaN: true }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(times, fc.constantFrom(0.5, 0.95, 0.99), (all, part) => {
      const histogram = new Histogram()
      const other = new Histogram()
      all.forEach((ms, i) => void (i % 2 === 0 ? histogram : other).add(ms))
      histogram.merge(other)
      const exact = [...all].sort((a, b) => a - b)[Math.ceil(part * all.length) - 1] ?? 0
      const found = histogram.percentile(part)
      expect(histogram.count).toBe(all.length)
      expect(found).toBeGreaterThanOrEqual(exact * 0.999)
      expect(found).toBeLessThanOrEqual(exact * 1.051)
    }),
  )
})

describe('memory', () => {
  const run = (minutes: number, rssMb: (minute: number) => number) =>
    Array.from({ length: minutes }, (_, minute) => ({
      fromS: minute * 60,
      seconds: 60,
      health: { rssMb: rssMb(minute), heapMb: 0, threads: [], loopDelayMs: 0 },
    }))

  test('that a server takes at first is none that it leaks', () => {
    expect(memoryOf(run(40, (minute) => (minute < 10 ? 300 + minute * 20 : 500 + (minute % 2) * 20)))).toBe('flat')
  })

  test('that grows and grows is found', () => {
    expect(memoryOf(run(40, (minute) => 300 + minute * 10))).toBe('grows')
  })

  test('of a last interval of no second counts for nothing, and of a minute for a minute', () => {
    const flat = run(40, () => 500)
    const health = { rssMb: 50_000, heapMb: 0, threads: [], loopDelayMs: 0 }
    expect(memoryOf([...flat, { fromS: 2400, seconds: 0, health }])).toBe('flat')
    expect(memoryOf([...flat, { fromS: 2400, seconds: 60, health }])).toBe('grows')
  })

  test('of a short run says nothing', () => {
    expect(memoryOf(run(9, (minute) => 300 + minute * 100))).toBe('unknown')
  })
})
