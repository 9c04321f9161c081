import { setTimeout as delay } from 'node:timers/promises'
import type { Book } from './book.ts'
import type { LoadClient } from './client.ts'
import { bodyOf, type Report } from './fleet.ts'
import type { Health } from './probe.ts'
import { queryOf } from './shapes.ts'
import { pointsOf } from './steady.ts'
import { Tally } from './tally.ts'

/** Requests under way while it is measured what the server takes: enough to keep it busy. */
const CAPACITY_UNDER_WAY = 16
/** Requests of the overload that may be under way; more than the server lets wait. */
const MOST_UNDER_WAY = 3500
const TIMES = 10
/** One in so many requests of the overload is a query. */
const QUERY_EVERY = 20
/** Hosts in a request. */
const HOSTS_A_REQUEST = 1
/** The server has to answer as ever by then. */
const RECOVERY_MS = 120_000
/** Milliseconds within which a put that waits for its points to be readable is taken to be as ever. */
const AS_EVER_MS = 3_000

export interface OverloadResult {
  /** Requests a second that were acknowledged when as many were sent as the server took. */
  readonly capacity: number
  /** Requests a second that were sent in the overload. */
  readonly offered: number
  readonly puts: Tally
  readonly queries: Tally
  /** Refusals (429 and 503) without Retry-After. */
  readonly refusedWithoutRetryAfter: number
  /** Requests that were not sent, as too many were under way. */
  readonly notSent: number
  /** The most MB that the server was seen to take. */
  readonly mostRssMb: number
  /** Milliseconds from the end of the overload until points are readable as soon as ever; undefined: not in time. */
  readonly recoveredMs: number | undefined
}

/** Sends ten times what the server takes, and then waits until it is as before. */
export async function runOverload(
  client: LoadClient,
  book: Book,
  options: { readonly capacitySeconds: number; readonly seconds: number; readonly health: () => Health | undefined },
): Promise<OverloadResult> {
  const next = reportsOf(book)
  const capacity = await measureCapacity(client, book, next, options.capacitySeconds)
  const [puts, queries] = [new Tally(), new Tally()]
  let [refusedWithoutRetryAfter, notSent, sent, mostRssMb, underWay] = [0, 0, 0, 0, 0]
  const send = async (number: number) => {
    underWay++
    const began = performance.now()
    const isQuery = number % QUERY_EVERY === 0
    const report = isQuery ? undefined : next()
    if (report !== undefined) book.sent(report)
    const answer = await client.send(
      report === undefined ? queryOf(book.fleet, number / QUERY_EVERY) : putOf(book, report),
    )
    underWay--
    const { status, retryAfter } = answer
    const good = status === 204 || status === 200
    if ((status === 429 || status === 503) && retryAfter === undefined) refusedWithoutRetryAfter++
    if (good && report !== undefined) book.acknowledge(report)
    const points = good && report !== undefined ? pointsOf(book, report) : 0
    ;(report === undefined ? queries : puts).add(status, performance.now() - began, points)
  }

  const began = performance.now()
  const rate = (capacity * TIMES) / 1000
  const running: Promise<void>[] = []
  for (let due = 0; performance.now() - began < options.seconds * 1000; ) {
    for (const until = (performance.now() - began) * rate; due < until; due++) {
      if (underWay >= MOST_UNDER_WAY) notSent++
      else running.push(send(sent++))
    }
    mostRssMb = Math.max(mostRssMb, options.health()?.rssMb ?? 0)
    await delay(5)
  }
  const seconds = (performance.now() - began) / 1000
  const endedAt = performance.now()
  await Promise.all(running)
  const recoveredMs = await untilAsEver(client, book, next, endedAt)
  return { capacity, offered: sent / seconds, puts, queries, refusedWithoutRetryAfter, notSent, mostRssMb, recoveredMs }
}

/** Reports one after the other: the next host, and when all have had their turn the next second, after the book's first. */
function reportsOf({ fleet, startS }: Book): () => Report {
  let number = 0
  return () => {
    const host = number % fleet.hosts
    const timeS = startS + 1 + Math.floor(number / fleet.hosts)
    number++
    return { firstHost: host, hosts: HOSTS_A_REQUEST, timeS }
  }
}

function putOf({ fleet }: Book, report: Report) {
  return { path: '/api/put', body: Buffer.from(bodyOf(fleet, report)) }
}

async function measureCapacity(client: LoadClient, book: Book, next: () => Report, seconds: number): Promise<number> {
  let acknowledged = 0
  const began = performance.now()
  const worker = async () => {
    while (performance.now() - began < seconds * 1000) {
      const report = next()
      book.sent(report)
      const { status } = await client.send(putOf(book, report))
      if (status !== 204) continue
      book.acknowledge(report)
      acknowledged++
    }
  }
  await Promise.all(Array.from({ length: CAPACITY_UNDER_WAY }, worker))
  return acknowledged / ((performance.now() - began) / 1000)
}

/** Puts a point now and then that waits until it is readable, and asks a query, until both are answered as ever. */
async function untilAsEver(
  client: LoadClient,
  book: Book,
  next: () => Report,
  endedAt: number,
): Promise<number | undefined> {
  while (performance.now() - endedAt < RECOVERY_MS) {
    const began = performance.now()
    const report = next()
    book.sent(report)
    const put = await client.send({ ...putOf(book, report), path: '/api/put?sync' })
    if (put.status === 204) book.acknowledge(report)
    const query = await client.send(queryOf(book.fleet, 0))
    const now = performance.now()
    if (put.status === 204 && query.status === 200 && now - began < AS_EVER_MS) return now - endedAt
    await delay(500)
  }
  return undefined
}
