import { expect, test } from 'vitest'
import { BatchWindow } from '../../../../local/stream/batch-window.ts'

/** @returns the window after records came at these milliseconds */
function windowAfter(...times: number[]): number {
  const window = new BatchWindow(200)
  for (const time of times) window.came(time)
  return window.ms
}

/** From..to in steps, all in milliseconds. */
const every = (step: number, to: number, from = 0) =>
  Array.from({ length: (to - from) / step + 1 }, (_, i) => from + i * step)

test('records that come now and then are delivered after the short window', () => {
  expect(new BatchWindow(200).ms).toBe(200)
  expect(windowAfter(5000)).toBe(200)
  expect(windowAfter(...every(1000, 60_000))).toBe(200)
  expect(windowAfter(...every(10, 9990)), 'a burst of less than ten seconds').toBe(200)
})

test('records that come all the time gather five times as long, until a pause', () => {
  expect(windowAfter(...every(990, 9900), 10_000)).toBe(1000)
  expect(windowAfter(...every(10, 60_000))).toBe(1000)
  expect(windowAfter(...every(10, 60_000), 61_000), 'after a pause').toBe(200)
  expect(windowAfter(...every(10, 60_000), ...every(10, 71_000, 61_000)), 'and again').toBe(1000)
})
