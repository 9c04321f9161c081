import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  afterRejecting,
  afterStoreAway,
  afterStoring,
  planAttempt,
  REJECTS_IN_A_ROW,
  TRIES_ALONE,
} from '../../../lib/ingest/attempts.ts'
import type { Attempt } from '../../../lib/model/attempt.ts'

const sequences = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => BigInt(from + i))

/** How often a batch was tried with how many records until the first of it was dealt with, if every try fails. */
function failAlways(count: number): { tried: number[]; kind: string } {
  const tried: number[] = []
  let marker: Attempt | undefined
  for (;;) {
    const step = planAttempt(marker, sequences(0, count))
    if (step.kind === 'reject') return { tried, kind: step.kind }
    tried.push(step.records)
    marker = step.attempt
  }
}

test('a batch that never comes to its end is tried with a sixteenth of its records each time, then one alone', () => {
  expect(failAlways(10_000)).toEqual({ tried: [10_000, 625, 40, 3, 1, 1, 1], kind: 'reject' })
  expect(failAlways(1)).toEqual({ tried: [1, 1, 1], kind: 'reject' })
})

test('after a success more are tried together, and after the last suspicious record all is forgotten', () => {
  const { attempt } = planAttempt({ first: 0n, last: 99n, records: 50, tries: 1, rejected: 3 }, sequences(0, 120))
  expect(attempt).toMatchObject({ first: 0n, last: 99n, records: 4, tries: 1 })
  expect(afterStoring(attempt, sequences(0, 120), 4)).toEqual({
    first: 4n,
    last: 99n,
    records: 16,
    tries: 0,
    rejected: 0,
  })
  expect(afterStoring(attempt, sequences(0, 120), 100)).toBeUndefined()
  expect(afterStoring(attempt, sequences(90, 100), 10)).toBeUndefined()
})

test('a store that is away counts for nothing', () => {
  let marker: Attempt | undefined
  for (let i = 0; i < 50; i++) {
    const step = planAttempt(marker, sequences(7, 8))
    expect(step).toMatchObject({ kind: 'store', attempt: { tries: 1 } })
    marker = afterStoreAway(step.attempt, sequences(7, 8), 0)
  }
})

test('records that were rejected one after the other are counted over batches, and no more are than may be in a row', () => {
  let marker: Attempt | undefined
  let rejected = 0
  for (let record = 0; record < REJECTS_IN_A_ROW + 5; ) {
    const step = planAttempt(marker, sequences(record, record + 1))
    marker = step.attempt
    if (step.kind === 'reject') {
      rejected++
      marker = afterRejecting(step.attempt, sequences(record, record + 1))
      record++
    } else if (record === REJECTS_IN_A_ROW && step.attempt.tries === TRIES_ALONE) break
  }
  expect(rejected).toBe(REJECTS_IN_A_ROW)
  for (let i = 0; i < 10; i++) {
    const step = planAttempt(marker, sequences(REJECTS_IN_A_ROW, REJECTS_IN_A_ROW + 3))
    expect(step).toMatchObject({ kind: 'store', records: 1 })
    marker = step.attempt
  }
})

test('whichever records kill, they alone are rejected and all others stored, however batches are cut', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.array(fc.nat(299), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 }),
      (count, places, sizes) => {
        const killers = new Set(places.filter((place) => place < count))
        const [stored, rejected] = [new Set<number>(), new Set<number>()]
        let marker: Attempt | undefined
        let calls = 0
        for (let next = 0; next < count; ) {
          expect(calls++).toBeLessThan(10 * count + 100)
          const batch = sequences(next, Math.min(count, next + (sizes[calls % sizes.length] ?? 1)))
          const step = planAttempt(marker, batch)
          marker = step.attempt
          if (step.kind === 'reject') {
            rejected.add(next)
            marker = afterRejecting(step.attempt, batch)
            next++
            continue
          }
          const tried = batch.slice(0, step.records).map(Number)
          if (tried.some((record) => killers.has(record))) continue
          for (const record of tried) stored.add(record)
          marker = afterStoring(step.attempt, batch, step.records)
          next += step.records
        }
        expect(rejected).toEqual(killers)
        expect(stored.size).toBe(count - killers.size)
      },
    ),
    { numRuns: 300 },
  )
})
