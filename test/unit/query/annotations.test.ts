import { expect, test } from 'vitest'
import type { Annotation } from '../../../lib/model/annotation.ts'
import { annotationsOfSeries, globalAnnotations } from '../../../lib/query/annotations.ts'

const HOUR = 1_356_998_400
const budget = { series() {}, points() {}, bytes() {}, time() {} }

const note = (startTime: number, endTime = 0, tsuid = ''): Annotation => ({
  tsuid,
  startTime,
  endTime,
  description: '',
  notes: '',
})

/** A source of some annotations that notes which ranges it was asked for. */
function sourceOf(annotations: readonly Annotation[]) {
  const asked: number[][] = []
  return {
    asked,
    async *range(metric: number, fromMs: number, toMs: number) {
      asked.push([metric, fromMs, toMs])
      const ms = (time: number) => (time > 2 ** 32 ? time : time * 1000)
      yield annotations.filter(({ startTime }) => ms(startTime) >= fromMs && ms(startTime) <= toMs)
    },
  }
}

test('those of a metric’s series are asked for once, for all hours of the query', async () => {
  const source = sourceOf([note(HOUR, 0, 'AA'), note(HOUR + 1, 0, 'BB'), note(HOUR + 2, 0, 'AA')])
  const found = await annotationsOfSeries(source, 7, { from: HOUR, to: HOUR + 720 * 3600 }, budget)
  expect([...found].map(([tsuid, own]) => [tsuid, own.length])).toEqual([
    ['AA', 2],
    ['BB', 1],
  ])
  expect(source.asked).toEqual([[7, HOUR * 1000, (HOUR + 720 * 3600) * 1000 - 1]])
})

test('global ones neither begin before the query nor end after it, and may begin in all of its last hour', async () => {
  const [start, end] = [(HOUR + 60) * 1000, (HOUR + 3600 + 60) * 1000]
  const shown = [note(HOUR + 60), note(HOUR + 70, HOUR + 3660), note((HOUR + 71) * 1000 + 500), note(HOUR + 7199)]
  const hidden = [note(HOUR + 59), note(HOUR + 72, HOUR + 3661), note(HOUR + 73, end + 1), note(HOUR + 7200)]
  const found = await globalAnnotations(sourceOf([...hidden, ...shown]), { start, end }, budget)
  expect(found).toEqual(shown)
})

test('a query that reads too much of them is stopped by its budget', async () => {
  let read = 0
  const counting = {
    ...budget,
    bytes(count: number) {
      read += count
    },
  }
  await annotationsOfSeries(
    sourceOf([{ ...note(HOUR, 0, 'AA'), notes: 'x'.repeat(5000) }]),
    1,
    { from: HOUR, to: HOUR + 3600 },
    counting,
  )
  expect(read).toBeGreaterThan(5000)
})
