import { expect, onTestFinished, test, vi } from 'vitest'
import type { FunctionPool } from '../../../../local/functions/pool.ts'
import { createLog } from '../../../../local/log.ts'
import { parseSchedule } from '../../../../local/schedule/expression.ts'
import { Scheduler } from '../../../../local/schedule/scheduler.ts'

/** Saturday, 22 November 2025, 05:45:30 UTC. */
const NOW = Date.UTC(2025, 10, 22, 5, 45, 30)

const CASES: readonly [expression: string, next: string | undefined][] = [
  ['rate(1 minute)', '2025-11-22T05:46:30.000Z'],
  ['rate(5 minutes)', '2025-11-22T05:50:30.000Z'],
  ['rate(2 hours)', '2025-11-22T07:45:30.000Z'],
  ['rate(1 day)', '2025-11-23T05:45:30.000Z'],
  ['cron(* * * * ? *)', '2025-11-22T05:46:00.000Z'],
  ['cron(0 * * * ? *)', '2025-11-22T06:00:00.000Z'],
  ['cron(45 5 * * ? *)', '2025-11-23T05:45:00.000Z'],
  ['cron(0/15 10-12 * * ? *)', '2025-11-22T10:00:00.000Z'],
  ['cron(10,50 5 * * ? *)', '2025-11-22T05:50:00.000Z'],
  ['cron(0 3 1 * ? *)', '2025-12-01T03:00:00.000Z'],
  ['cron(0 9 ? * MON-FRI *)', '2025-11-24T09:00:00.000Z'],
  ['cron(0 9 ? * 1 *)', '2025-11-23T09:00:00.000Z'],
  ['cron(0 0 29 FEB ? *)', '2028-02-29T00:00:00.000Z'],
  ['cron(0 0 1 1 ? 2020)', undefined],
]

test.each(CASES)('%s is due next at %s', (expression, next) => {
  const time = parseSchedule(expression)(NOW)
  expect(time === undefined ? undefined : new Date(time).toISOString()).toBe(next)
})

test.each([
  'rate(0 minutes)',
  'rate(5 weeks)',
  'cron(0 * * * *)',
  'cron(60 * * * ? *)',
  'cron(0 * * * * *)',
  'cron(0 * ? * ? *)',
  'cron(0 0 L * ? *)',
  'cron(0 0 ? * 2#1 *)',
  'at(2025-11-22T05:45:00)',
])('%s is refused', (expression) => {
  expect(() => parseSchedule(expression)).toThrow(`The schedule ${expression} `)
})

test('a function is called at each time with the service’s event, and no more after stopping', async () => {
  vi.useFakeTimers({ now: NOW })
  onTestFinished(() => void vi.useRealTimers())
  const events: unknown[] = []
  const pool: Pick<FunctionPool, 'call'> = {
    call: async (event) => {
      events.push(event)
      return { kind: 'answer', payload: 'null' }
    },
  }
  const scheduler = new Scheduler(createLog('silent'))
  const schedule = { logicalId: 'Seal', functionId: 'F', expression: 'cron(0 * * * ? *)', input: undefined }
  // The scheduler uses this member.
  scheduler.start(schedule, pool as FunctionPool)
  await vi.advanceTimersByTimeAsync(2 * 60 * 60 * 1000)
  scheduler.stop()
  await vi.advanceTimersByTimeAsync(60 * 60 * 1000)
  expect(events).toMatchObject([
    { 'detail-type': 'Scheduled Event', source: 'aws.events', time: '2025-11-22T06:00:00Z' },
    { 'detail-type': 'Scheduled Event', source: 'aws.events', time: '2025-11-22T07:00:00Z' },
  ])
})
