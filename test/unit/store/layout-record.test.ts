import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { type LayoutHistory, layoutAt, type ShelfLayout } from '../../../lib/store/layout.ts'
import {
  changeLayout,
  decodeLayoutHistory,
  decodeSettledHours,
  encodeLayoutHistory,
  encodeSettledHours,
  isSettled,
  type LayoutRecord,
  settleHours,
} from '../../../lib/store/layout-record.ts'

const HOUR = 3600
const layout = (fromHour: number, shelves: number, splits: [number, number][] = []): ShelfLayout => ({
  fromHour,
  shelves,
  saltBuckets: 1,
  splits: new Map(splits),
})
const NEW: LayoutRecord = { version: 1, history: [layout(0, 1)], settled: [] }
const shelves = (count: number) => ({ shelves: count, splits: new Map<number, number>() })
/** The shelves of hours 0 to `hours` - 1. */
const shelvesByHour = ({ history }: LayoutRecord, hours: number) =>
  Array.from({ length: hours }, (_, i) => layoutAt(history, i * HOUR).shelves)

describe('settleHours(record, baseTimes, nowMs)', () => {
  const now = (10 * HOUR + 1800) * 1000

  it('settles all up to the next hour once an hour is written that is over, runs or comes next', () => {
    for (const hour of [0, 9, 10, 11]) expect(settleHours(NEW, [hour * HOUR], now).settled).toEqual([[0, 12 * HOUR]])
  })

  it('settles by themselves hours further ahead, and joins those side by side', () => {
    const settled = settleHours(NEW, [10 * HOUR, 20 * HOUR, 22 * HOUR, 21 * HOUR, 12 * HOUR], now).settled
    expect(settled).toEqual([
      [0, 13 * HOUR],
      [20 * HOUR, 23 * HOUR],
    ])
  })

  it('gives the record back where there is nothing to settle', () => {
    const record = settleHours(NEW, [10 * HOUR], now)
    expect(settleHours(record, [5 * HOUR, 11 * HOUR], now + 3_600_000)).toBe(record)
  })

  it('keeps 200 ranges at most, and settles whatever it is asked to', () => {
    const hours = Array.from({ length: 1000 }, (_, i) => (100 + i * i) * HOUR)
    const { settled } = settleHours(NEW, hours, now)
    expect(settled).toHaveLength(200)
    expect(hours.every((hour) => isSettled(settled, hour))).toBe(true)
    expect(isSettled(settled, 50 * HOUR)).toBe(false)
  })
})

describe('changeLayout(record, from, change)', () => {
  it('holds from its hour on', () => {
    const record = changeLayout(NEW, 3 * HOUR, shelves(2))
    expect(record).toEqual({ version: 2, history: [layout(0, 1), layout(3 * HOUR, 2)], settled: [] })
    expect(changeLayout(record, 3 * HOUR, shelves(4)).history).toEqual([layout(0, 1), layout(3 * HOUR, 4)])
  })

  it('leaves settled hours as they are, also those far ahead', () => {
    const record: LayoutRecord = {
      version: 1,
      history: [layout(0, 1), layout(2 * HOUR, 2)],
      settled: [
        [0, 4 * HOUR],
        [6 * HOUR, 7 * HOUR],
      ],
    }
    const changed = changeLayout(record, 3 * HOUR, shelves(8))
    expect(shelvesByHour(changed, 9)).toEqual([1, 1, 2, 2, 8, 8, 2, 8, 8])
    expect(shelvesByHour(changeLayout(changed, 5 * HOUR, shelves(4)), 9)).toEqual([1, 1, 2, 2, 8, 4, 2, 4, 4])
  })

  it('leaves nothing behind of a layout that is taken back', () => {
    const there = changeLayout(NEW, 3 * HOUR, { shelves: 1, splits: new Map([[7, 4]]) })
    expect(changeLayout(there, 3 * HOUR, shelves(1)).history).toEqual(NEW.history)
  })
})

test('whoever settles and changes in whatever order, a settled hour keeps its layout for ever', () => {
  const hour = fc.integer({ min: 1, max: 60 })
  const step = fc.oneof(
    fc.record({ settle: fc.array(hour, { maxLength: 4 }), now: fc.integer({ min: 0, max: 40 }) }),
    fc.record({ from: hour, shelves: fc.integer({ min: 1, max: 9 }), split: fc.integer({ min: 1, max: 3 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let record = NEW
      const known = new Map<number, string>()
      for (const each of steps) {
        const { version } = record
        if ('settle' in each) {
          const hours = each.settle.map((at) => at * HOUR)
          record = settleHours(record, hours, each.now * HOUR * 1000)
          expect(hours.every((at) => isSettled(record.settled, at))).toBe(true)
        } else {
          const splits = new Map(each.split > 1 ? [[5, each.split]] : [])
          record = changeLayout(record, each.from * HOUR, { shelves: each.shelves, splits })
          expect(record.version).toBe(version + 1)
        }
        record = { ...record, history: decodeLayoutHistory(encodeLayoutHistory(record.history)) }
        for (let at = 0; at < 64 * HOUR; at += HOUR) {
          const { fromHour: _, ...holds } = layoutAt(record.history, at)
          const text = JSON.stringify({ ...holds, splits: [...holds.splits] })
          if (known.has(at)) expect(text).toBe(known.get(at))
          else if (isSettled(record.settled, at)) known.set(at, text)
        }
        for (const [i, one] of record.history.entries()) {
          expect(one.fromHour).toBeGreaterThan(record.history[i - 1]?.fromHour ?? -1)
        }
      }
    }),
  )
})

describe('encodeLayoutHistory(history)', () => {
  const history: LayoutHistory = [
    layout(0, 1),
    layout(7200, 2, [[5, 3]]),
    layout(10_800, 2, [
      [5, 3],
      [6, 2],
    ]),
    layout(14_400, 4, [[6, 2]]),
  ]

  it('writes JSON that says what changes, and is undone by decodeLayoutHistory', () => {
    expect(JSON.parse(encodeLayoutHistory(history))).toEqual([
      { fromHour: 0, shelves: 1, saltBuckets: 1, splits: {} },
      { fromHour: 7200, shelves: 2, splits: { 5: 3 } },
      { fromHour: 10_800, splits: { 6: 2 } },
      { fromHour: 14_400, shelves: 4, splits: { 5: 1 } },
    ])
    expect(decodeLayoutHistory(encodeLayoutHistory(history))).toEqual(history)
  })

  it.each([
    ['', '{}', '[]', 'null', '[null]', '[1]'],
    ['[{"fromHour":0}]', '[{"fromHour":0,"shelves":0,"saltBuckets":1,"splits":{}}]'],
    ['[{"fromHour":3600,"shelves":1,"saltBuckets":1,"splits":{}}]'],
    ['[{"fromHour":0,"shelves":1,"saltBuckets":1,"splits":{}},{"fromHour":0,"shelves":2}]'],
  ])('refuses what is no history: %s', (...texts) => {
    for (const text of texts) expect(() => decodeLayoutHistory(text)).toThrow(CorruptDataError)
  })
})

describe('encodeSettledHours(settled)', () => {
  it('writes JSON and is undone by decodeSettledHours', () => {
    const settled = [
      [0, 7200],
      [36_000, 39_600],
    ] as const
    expect(encodeSettledHours(settled)).toBe('[[0,7200],[36000,39600]]')
    expect(decodeSettledHours(encodeSettledHours(settled))).toEqual(settled)
  })

  it.each(['', '{}', '[1]', '[[0]]', '[[3600,0]]', '[[0,3600],[3600,7200]]'])('refuses what is none: %s', (text) => {
    expect(() => decodeSettledHours(text)).toThrow(CorruptDataError)
  })
})
