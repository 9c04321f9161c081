import { expect, test } from 'vitest'
import { batchDue } from '../../../../local/stream/batch-window.ts'

test('a record that comes alone is delivered a window later', () => {
  expect(batchDue(1000, 1000, 200)).toBe(1200)
})

test('as long as records come a batch gathers, for five windows at most', () => {
  expect(batchDue(1000, 1150, 200)).toBe(1350)
  expect(batchDue(1000, 1800, 200)).toBe(2000)
  expect(batchDue(1000, 1999, 200)).toBe(2000)
})
