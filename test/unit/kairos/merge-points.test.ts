import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergePoints } from '../../../lib/kairos/merge-points.ts'
import { KIND_FLOAT, type PointColumns, PointColumnsBuilder } from '../../../lib/model/points.ts'

type Value = number | bigint | string

function columns(times: readonly number[], valueAt: (index: number) => Value): PointColumns {
  const points = new PointColumnsBuilder()
  for (const [i, time] of times.entries()) {
    const value = valueAt(i)
    if (typeof value === 'string') points.pushText(time, value, 0)
    else if (typeof value === 'bigint') points.pushInteger(time, value, 0)
    else points.push(time, value, KIND_FLOAT)
  }
  return points
}

function pairs({ count, times, values, bigs, texts }: PointColumns): (readonly [number, Value])[] {
  return Array.from({ length: count }, (_, i) => [times[i]!, texts?.get(i) ?? bigs.get(i) ?? values[i]!])
}

const times = fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }).map((all) => all.sort((a, b) => a - b))
/** Of any times each, or all of the same. */
const timesOfSeries = fc.oneof(
  fc.array(times, { minLength: 1, maxLength: 6 }),
  fc.tuple(times, fc.integer({ min: 1, max: 6 })).map(([same, count]) => Array.from({ length: count }, () => same)),
)
const value = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom<Value>('on', 'off', 2n ** 60n + 1n, -(2n ** 63n)))

test('points of series are merged by time, those of one time in the order of the series', () => {
  fc.assert(
    fc.property(timesOfSeries, fc.infiniteStream(value), fc.boolean(), (all, stream, isDescending) => {
      const series = all.map((of) => columns(of, () => stream.next().value))
      const sign = isDescending ? -1 : 1
      // sorting is stable; newest first, series keep their order at one time
      const expected = series.flatMap(pairs).sort(([a], [b]) => sign * (a - b))
      expect(pairs(mergePoints(series, isDescending))).toEqual(expected)
    }),
  )
})
