import { Book } from './book.ts'
import { checkAll, type Verdict } from './check.ts'
import { LoadClient } from './client.ts'
import { bodyOf, type LoadFleet } from './fleet.ts'
import { type OverloadResult, runOverload } from './overload.ts'
import type { LoadServer } from './server.ts'
import { putsOfSecond, queryOf } from './shapes.ts'
import { type Interval, runSteady } from './steady.ts'

/** Seconds before now that late points begin at: in an hour that is over, and often sealed. */
const LATE_S = 7200
/** Room for a run that falls behind its time. */
const MARGIN_S = 600
const CONNECTIONS = 3600
const WARM_UP_ATTEMPTS = 5
/** Of the load, one request after the other: a new server compiles its functions, which takes seconds where others work on the machine. */
const WARM_UP_S = 3
/** Times that the overload's points may have, one for every round of the hosts: enough for some million requests. */
const OVERLOAD_SECONDS = 20_000

export interface SteadyResult {
  readonly intervals: readonly Interval[]
  readonly errors: readonly string[]
  readonly verdict: Verdict
}

/** A steady load on a running server, and then the check of every point. */
export async function steadyRun(
  server: LoadServer,
  fleet: LoadFleet,
  options: { seconds: number; queriesPerSecond: number; intervalS: number; onInterval?: (interval: Interval) => void },
): Promise<SteadyResult> {
  const client = new LoadClient(server.port, CONNECTIONS)
  try {
    const nowS = Math.floor(Date.now() / 1000)
    const book = new Book(fleet, nowS - LATE_S, LATE_S + options.seconds + MARGIN_S)
    const intervals: Interval[] = []
    const errors: string[] = []
    await warmUp(client, book, nowS - 60)
    await oneByOne(client, book, nowS - 60)
    await runSteady(client, book, {
      ...options,
      health: server.health,
      onError: (what) => errors.push(what),
      onInterval: (interval) => {
        intervals.push(interval)
        options.onInterval?.(interval)
      },
    })
    const verdict = await checkAll(client, book)
    return { intervals, errors, verdict }
  } finally {
    client.close()
  }
}

/** Puts one point of every series and waits until they are readable: from then on there is an answer to every query. */
async function warmUp(client: LoadClient, book: Book, timeS: number): Promise<void> {
  const report = { firstHost: 0, hosts: book.fleet.hosts, timeS }
  const asked = { path: '/api/put?sync', body: Buffer.from(bodyOf(book.fleet, report)) }
  book.sent(report)
  for (let attempt = 1; ; attempt++) {
    const { status, text } = await client.send(asked)
    if (status === 204) return book.acknowledge(report)
    // A server that has just started, on a machine that does other things, may be slow at first.
    if (status !== 503 || attempt === WARM_UP_ATTEMPTS) {
      throw new Error(`The first points were answered ${status}: ${text.slice(0, 500)}`)
    }
  }
}

/** Some seconds of the load, each request once the one before is answered. */
async function oneByOne(client: LoadClient, book: Book, fromS: number): Promise<void> {
  let query = 0
  for (let second = 1; second <= WARM_UP_S; second++) {
    for (const plan of putsOfSecond(book.fleet, fromS + second, fromS - second, undefined)) {
      book.sent(plan.report)
      const { status } = await client.send(plan)
      if (status === 204 || status === 200) book.acknowledge(plan.report)
      await client.send(queryOf(book.fleet, query++))
    }
  }
}

/** Ten times what a running server takes, its recovery, and then the check of every point. */
export async function overloadRun(
  server: LoadServer,
  fleet: LoadFleet,
  options: { capacitySeconds: number; seconds: number },
): Promise<OverloadResult & { readonly verdict: Verdict }> {
  const client = new LoadClient(server.port, CONNECTIONS)
  try {
    const book = new Book(fleet, Math.floor(Date.now() / 1000) - LATE_S - OVERLOAD_SECONDS, OVERLOAD_SECONDS)
    await warmUp(client, book, book.startS)
    const result = await runOverload(client, book, { ...options, health: server.health })
    return { ...result, verdict: await checkAll(client, book) }
  } finally {
    client.close()
  }
}
