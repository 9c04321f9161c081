import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { planLayout } from '../../../lib/ingest/plan-layout.ts'
import type { LayoutHistory } from '../../../lib/store/layout.ts'
import type { ShelfVolume } from '../../../lib/store/volumes.ts'

const MB = 2 ** 20
const TARGETS = { shelfBytes: 4 * MB }

function history(shelves: number, splits: [number, number][] = []): LayoutHistory {
  return [{ fromHour: 0, shelves, saltBuckets: 1, splits: new Map(splits) }]
}

/** A day's hours of one shelf: that a store has many makes no difference to the plan. */
function day(bytes: (hour: number) => number | undefined, metrics: [number, number][] = []): ShelfVolume[] {
  return Array.from({ length: 24 }, (_, hour) => ({
    shelf: 0,
    baseTime: hour * 3600,
    blockBytes: bytes(hour),
    metricBytes: new Map(metrics),
  }))
}
const plan = (before: LayoutHistory, seen: ShelfVolume[]) => planLayout(before, seen, TARGETS)
const shelves = (count: number, splits: [number, number][] = []) => ({ shelves: count, splits: new Map(splits) })

describe('planLayout(history, seen, targets): shelves', () => {
  it('stay while the fullest hour fills them to a bearable degree', () => {
    for (const mb of [1.6, 2, 3, 4])
      expect(
        plan(
          history(4),
          day(() => 4 * mb * MB),
        ),
      ).toBeUndefined()
  })

  it('double as often as it takes as soon as one hour is too full', () => {
    expect(
      plan(
        history(4),
        day((hour) => (hour === 3 ? 17 : 1) * MB),
      ),
    ).toEqual(shelves(8))
    expect(
      plan(
        history(1),
        day((hour) => (hour === 3 ? 50 : 1) * MB),
      ),
    ).toEqual(shelves(16))
    expect(plan(history(1), day(() => 50 * MB).slice(0, 1))).toEqual(shelves(16))
  })

  it('add up over the shelves of an hour', () => {
    const two = day(() => 3 * MB).flatMap((hour) => [hour, { ...hour, shelf: 1 }])
    expect(plan(history(1), two)).toEqual(shelves(2))
  })

  it('halve only where no hour of the day would miss them', () => {
    expect(
      plan(
        history(16),
        day(() => 5 * MB),
      ),
    ).toEqual(shelves(2))
    expect(
      plan(
        history(16),
        day((hour) => (hour === 12 ? 60 : 5) * MB),
      ),
    ).toBeUndefined()
    expect(
      plan(
        history(5),
        day(() => 5 * MB),
      ),
    ).toEqual(shelves(2))
    expect(
      plan(
        history(4),
        day(() => 0),
      ),
    ).toEqual(shelves(1))
  })

  it('do not halve while an hour’s bytes are not known, or few hours are', () => {
    expect(
      plan(
        history(16),
        day((hour) => (hour === 20 ? undefined : 5 * MB)),
      ),
    ).toBeUndefined()
    expect(plan(history(16), day(() => 5 * MB).slice(0, 5))).toBeUndefined()
    expect(plan(history(16), [])).toBeUndefined()
  })

  it('are planned from the last layout, also where it does not hold yet', () => {
    const [now] = history(1)
    const before: LayoutHistory = [now, { ...now, fromHour: 900_000, shelves: 16 }]
    expect(
      plan(
        before,
        day(() => 50 * MB),
      ),
    ).toBeUndefined()
  })
})

describe('planLayout(history, seen, targets): splits', () => {
  it('split a metric that fills half a shelf into parts that fill a quarter', () => {
    expect(
      plan(
        history(8),
        day(() => 24 * MB, [[7, 9 * MB]]),
      ),
    ).toEqual(shelves(8, [[7, 16]]))
    expect(
      plan(
        history(8),
        day(() => 24 * MB, [[7, 2 * MB]]),
      ),
    ).toBeUndefined()
  })

  it('come with the shelves that they need', () => {
    expect(
      plan(
        history(1),
        day(() => 40 * MB, [[7, 40 * MB]]),
      ),
    ).toEqual(shelves(16, [[7, 64]]))
    expect(
      plan(
        history(1),
        day(() => 3 * MB, [[7, 3 * MB]]),
      ),
    ).toBeUndefined()
  })

  it('leave a metric as it is that grows a little or shrinks a lot', () => {
    for (const mb of [5, 16, 31]) {
      expect(
        plan(
          history(8, [[7, 16]]),
          day(() => 24 * MB, [[7, mb * MB]]),
        ),
        `${mb} MB`,
      ).toBeUndefined()
    }
    expect(
      plan(
        history(8, [[7, 16]]),
        day(() => 24 * MB, [[7, 33 * MB]]),
      ),
    ).toEqual(shelves(8, [[7, 32]]))
  })

  it('end where a whole day had no need of them', () => {
    expect(
      plan(
        history(8, [[7, 16]]),
        day(() => 24 * MB, [[7, 3 * MB]]),
      ),
    ).toEqual(shelves(8, [[7, 8]]))
    expect(
      plan(
        history(8, [[7, 16]]),
        day(() => 24 * MB),
      ),
    ).toEqual(shelves(8))
    expect(plan(history(8, [[7, 16]]), day(() => 24 * MB).slice(0, 5))).toBeUndefined()
    expect(
      plan(
        history(2, [[7, 8]]),
        day(() => 2 * MB, [[7, 2 * MB]]),
      ),
    ).toEqual(shelves(1))
  })

  it('are 256 at most, those there are already first', () => {
    const metrics = Array.from({ length: 400 }, (_, i): [number, number] => [i + 1, (3 + i) * MB])
    const all =
      plan(
        history(1024, [[1, 2]]),
        day(() => 4000 * MB, metrics),
      )?.splits ?? new Map<number, number>()
    expect(all.size).toBe(256)
    expect([1, 400, 399, 144, 145, 146].map((metric) => all.has(metric))).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
    ])
  })
})

test('whatever a day holds, the plan for it needs no other plan', () => {
  const bytes = fc.integer({ min: 0, max: 400 * MB })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.array(bytes, { minLength: 1, maxLength: 24 }),
      fc.dictionary(fc.integer({ min: 1, max: 5 }).map(String), bytes, { maxKeys: 5 }),
      fc.integer({ min: 1, max: 40 }),
      (count, hours, metrics, split) => {
        const seen = hours.map((blockBytes, hour) => ({
          shelf: 0,
          baseTime: hour * 3600,
          blockBytes,
          metricBytes: new Map(
            Object.entries(metrics).map(([metric, of]) => [Number(metric), Math.min(of, blockBytes)]),
          ),
        }))
        const before = history(count, split > 1 ? [[1, split]] : [])
        const next = plan(before, seen)
        if (next === undefined) return
        expect(plan([...before, { ...before[0], ...next, fromHour: 900_000 }], seen)).toBeUndefined()
        const fullest = Math.max(...hours)
        expect(fullest / next.shelves).toBeLessThanOrEqual(TARGETS.shelfBytes)
      },
    ),
  )
})
