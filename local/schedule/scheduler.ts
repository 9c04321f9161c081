import { randomUUID } from 'node:crypto'
import { messageOf } from '../errors.ts'
import type { FunctionPool } from '../functions/pool.ts'
import type { Log } from '../log.ts'
import type { ScheduleModel } from '../template/index.ts'
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../template/resources.ts'
import { type NextTime, parseSchedule } from './expression.ts'

/** Timers can't be set further ahead than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Calls functions at the times that the template says. */
export class Scheduler {
  readonly #timers = new Map<ScheduleModel, NodeJS.Timeout>()
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  /** @throws ScheduleExpressionError */
  start(schedule: ScheduleModel, pool: FunctionPool): void {
    this.#wait(schedule, pool, parseSchedule(schedule.expression), Date.now())
  }

  /** Sets no more timers. A call that is running ends with its instance. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  #wait(schedule: ScheduleModel, pool: FunctionPool, next: NextTime, after: number): void {
    const time = next(after)
    if (time === undefined) return
    const left = time - Date.now()
    const timer = setTimeout(
      () => {
        if (left > LONGEST_TIMER_MS) return this.#wait(schedule, pool, next, after)
        this.#call(schedule, pool, time)
        this.#wait(schedule, pool, next, time)
      },
      Math.min(Math.max(left, 0), LONGEST_TIMER_MS),
    )
    this.#timers.set(schedule, timer.unref())
  }

  #call(schedule: ScheduleModel, pool: FunctionPool, time: number): void {
    pool
      .call(schedule.input ?? scheduledEvent(schedule, time))
      .catch((error: unknown) => this.#log.error(`${schedule.logicalId}: ${messageOf(error)}`))
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-scheduled-events.html */
export function scheduledEvent(schedule: ScheduleModel, time: number): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: LOCAL_ACCOUNT,
    time: `${new Date(time).toISOString().slice(0, 19)}Z`,
    region: LOCAL_REGION,
    resources: [`arn:aws:events:${LOCAL_REGION}:${LOCAL_ACCOUNT}:rule/${schedule.logicalId}`],
    detail: {},
  }
}
