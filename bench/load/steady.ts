import { setTimeout as delay } from 'node:timers/promises'
import type { Book } from './book.ts'
import type { LoadClient } from './client.ts'
import type { Report } from './fleet.ts'
import type { Health } from './probe.ts'
import { type PutPlan, putsOfSecond, queryOf } from './shapes.ts'
import { Tally } from './tally.ts'

/** What happened in some seconds of a run. */
export interface Interval {
  /** Seconds since the run began. */
  readonly fromS: number
  readonly seconds: number
  readonly puts: Tally
  readonly queries: Tally
  readonly health: Health | undefined
  /** The worst delay of the server's event loop that was seen. */
  readonly loopDelayMs: number
}

export interface SteadyOptions {
  readonly seconds: number
  readonly queriesPerSecond: number
  /** Seconds of an interval. */
  readonly intervalS: number
  readonly health: () => Health | undefined
  readonly onInterval: (interval: Interval) => void
  readonly onError: (what: string) => void
}

/** Requests that may be under way; a server that can't keep up makes the run late instead of filling memory. */
const MOST_UNDER_WAY = 256
/** Seconds after which an acknowledged report is sent once more. */
const AGAIN_AFTER = 3

/**
 * Sends the same load every second, each request at its time whether or not those before it were answered, so that times are those
 * of clients who don't know of each other: a request that was held up by others counts from when it was due.
 */
export async function runSteady(client: LoadClient, book: Book, options: SteadyOptions): Promise<void> {
  const begunAt = performance.now()
  const beginS = Math.floor(Date.now() / 1000)
  const acknowledged: Report[] = []
  const underWay = new Set<Promise<void>>()
  let [puts, queries, loopDelayMs, fromS] = [new Tally(), new Tally(), 0, 0]
  let queryNumber = 0

  const start = async (dueAt: number, run: () => Promise<void>) => {
    await delay(Math.max(0, dueAt - performance.now()))
    while (underWay.size >= MOST_UNDER_WAY) await Promise.race(underWay)
    const running = run().finally(() => underWay.delete(running))
    underWay.add(running)
  }
  const put = async (plan: PutPlan, dueAt: number) => {
    book.sent(plan.report)
    const { status, text } = await client.send(plan)
    const good = status === 204 || status === 200
    if (good) {
      book.acknowledge(plan.report)
      if (plan.shape === 'collector') acknowledged.push(plan.report)
    } else options.onError(`${plan.path} (${plan.shape}): ${status} ${text.slice(0, 200)}`)
    puts.add(status, performance.now() - dueAt, good ? pointsOf(book, plan.report) : 0)
  }
  const query = async (number: number, dueAt: number) => {
    const asked = queryOf(book.fleet, number)
    const { status, text } = await client.send(asked)
    if (status !== 200) options.onError(`${asked.path}: ${status} ${text.slice(0, 200)}`)
    queries.add(status, performance.now() - dueAt)
  }

  for (let second = 0; second < options.seconds; second++) {
    const again = acknowledged.length > AGAIN_AFTER ? acknowledged.shift() : undefined
    acknowledged.splice(0, acknowledged.length - AGAIN_AFTER - 1)
    const plans = putsOfSecond(book.fleet, beginS + second, book.startS + second, again)
    const total = plans.length + options.queriesPerSecond
    const dueOf = (i: number) => begunAt + (second + i / total) * 1000
    for (let i = 0, asked = 0; i < total; i++) {
      // queries are spread among the puts
      const isQuery = Math.floor(((i + 1) * options.queriesPerSecond) / total) > asked
      const plan = plans[i - asked]
      if (isQuery || plan === undefined) {
        asked++
        await start(dueOf(i), () => query(queryNumber++, dueOf(i)))
      } else await start(dueOf(i), () => put(plan, dueOf(i)))
    }
    const health = options.health()
    loopDelayMs = Math.max(loopDelayMs, health?.loopDelayMs ?? 0)
    const seconds = second + 1 - fromS
    if (seconds === options.intervalS || second + 1 === options.seconds) {
      options.onInterval({ fromS, seconds, puts, queries, health, loopDelayMs })
      ;[puts, queries, loopDelayMs, fromS] = [new Tally(), new Tally(), 0, second + 1]
    }
  }
  await Promise.all(underWay)
  if (puts.count + queries.count > 0) {
    options.onInterval({ fromS, seconds: 0, puts, queries, health: options.health(), loopDelayMs })
  }
}

/** How many points a report has. */
export function pointsOf({ fleet }: Book, { hosts, metrics = fleet.metrics }: Report): number {
  return hosts * metrics
}
