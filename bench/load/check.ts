import { setTimeout as delay } from 'node:timers/promises'
import type { Book } from './book.ts'
import type { LoadClient } from './client.ts'
import { hostName, metricName, metricOf, seriesOf, valueAtTime } from './fleet.ts'

/** What can't be read by then is lost. */
const READABLE_MS = 120_000
const BETWEEN_LOOKS_MS = 500
/** Seconds of points that one query asks for, so that an answer stays below what Lambda passes on. */
const SLICE_S = 3600

/** What a run's points came to. */
export interface Verdict {
  readonly acknowledged: number
  readonly lost: number
  readonly wrong: number
  /** Milliseconds that reading them all took, with waiting for what was still on its way. */
  readonly waitedMs: number
}

/** Reads every point of every series and compares it with what was sent, until nothing is missing or time is up. */
export async function checkAll(client: LoadClient, book: Book): Promise<Verdict> {
  const began = performance.now()
  let lost = 0
  let wrong = 0
  for (let host = 0; host < book.fleet.hosts; host++) {
    let verdict = await checkHost(client, book, host)
    while (verdict.lost > 0 && performance.now() - began < READABLE_MS) {
      await delay(BETWEEN_LOOKS_MS)
      verdict = await checkHost(client, book, host)
    }
    lost += verdict.lost
    wrong += verdict.wrong
  }
  return { acknowledged: book.acknowledged, lost, wrong, waitedMs: performance.now() - began }
}

async function checkHost(client: LoadClient, book: Book, host: number): Promise<{ lost: number; wrong: number }> {
  const points: [number, number][][] = Array.from({ length: book.fleet.metrics }, () => [])
  for (let start = book.startS; start <= book.lastS; start += SLICE_S) {
    await readInto(points, client, host, start, Math.min(book.lastS, start + SLICE_S - 1))
  }
  let lost = 0
  let wrong = 0
  for (const [metric, read] of points.entries()) {
    const series = seriesOf(book.fleet, host, metric)
    const verdict = book.judge(series, read, (timeS) => valueAtTime(series, timeS))
    lost += verdict.lost
    wrong += verdict.wrong
  }
  return { lost, wrong }
}

/** @throws Error where the server does not answer the query, but for a name that it has not stored yet */
async function readInto(
  points: [number, number][][],
  client: LoadClient,
  host: number,
  start: number,
  end: number,
): Promise<void> {
  const queries = points.map((_, metric) => ({
    aggregator: 'none',
    metric: metricName(metric),
    tags: { host: hostName(host) },
  }))
  const body = Buffer.from(JSON.stringify({ start, end, queries }))
  const { status, text } = await client.send({ path: '/api/query?arrays', body })
  if (status === 400 && text.includes('No such name')) return
  if (status !== 200) throw new Error(`The check's query was answered ${status}: ${text.slice(0, 500)}`)
  const answers: { metric: string; dps: [number, number][] }[] = JSON.parse(text)
  for (const { metric, dps } of answers) {
    const series = points[metricOf(metric)]
    for (const point of dps) series?.push(point)
  }
}
