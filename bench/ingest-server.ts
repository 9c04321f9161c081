import { deepStrictEqual } from 'node:assert'
import { setTimeout as delay } from 'node:timers/promises'
import { type Fleet, HUNDRED_HOSTS, hostName, metricName, pointCount, putBodies, seriesValues } from './cases.ts'
import type { Report } from './report.ts'
import { KeepAliveClient, startServerProcess } from './server.ts'

const CONNECTIONS = 4
/** How often the whole answer is asked for while points are on their way; each time costs the server CPU. */
const POLL_MS = 100
/** Points that can't be read by then are lost. */
const READABLE_DEADLINE_MS = 60_000
/** Hosts whose every point is compared after the clock has stopped. */
const CHECKED_HOSTS = [0, 41, 99]
/** Single points whose way from put to query is timed. */
const TIMED_POINTS = 10

/** Two rounds: the first meets new names and functions that V8 has not compiled yet, the second is a server at work. */
const ROUNDS = ['cold', 'warm'] as const

/**
 * Points a second from the first request's first byte to the first answer that holds all of them, through `npm start` as it
 * is: HTTP, the put function, the stream on disk, the consume function, the tables on disk, the query function. The clock
 * includes what the client takes of the same cores, and the asking.
 */
export async function measureServer(report: Report): Promise<void> {
  const fleet = HUNDRED_HOSTS
  // the hour that is now open, as for points that arrive while they are measured
  const hourS = Math.floor(Date.now() / 3_600_000) * 3600
  const server = await startServerProcess()
  const client = new KeepAliveClient(server.port, CONNECTIONS)
  const figure = (metric: string, value: number, unit: string) =>
    report({ bench: 'ingest', case: fleet.name, metric: `server, ${metric}`, value, unit })
  try {
    for (const [i, round] of ROUNDS.entries()) {
      const startS = hourS + i * fleet.steps * fleet.stepS
      const bodies = putBodies(fleet, startS).map((body) => Buffer.from(body))
      const cpuBefore = await server.cpuSeconds()
      const ownBefore = process.cpuUsage()
      const started = performance.now()
      await putAll(client, bodies)
      const putS = (performance.now() - started) / 1000
      const readableS = ((await untilReadable(client, fleet, hourS, i + 1)) - started) / 1000
      const own = process.cpuUsage(ownBefore)
      const cpuAfter = await server.cpuSeconds()
      await checkAnswers(client, fleet, startS)

      const points = pointCount(fleet)
      figure(`${round}: put and readable`, points / readableS, 'points/s')
      figure(`${round}: acknowledged`, points / putS, 'points/s')
      figure(`${round}: CPU of the client`, (own.user + own.system) / points, 'us/point')
      if (cpuBefore !== undefined && cpuAfter !== undefined) {
        figure(`${round}: CPU of the server`, ((cpuAfter - cpuBefore) * 1e6) / points, 'us/point')
      }
    }
    figure('one point from put to readable', await medianPutToReadableMs(client, hourS), 'ms')
  } finally {
    client.close()
    await server.close()
  }
}

async function putAll(client: KeepAliveClient, bodies: readonly Buffer[]): Promise<void> {
  let next = 0
  const connection = async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) await client.post('/api/put', body)
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
}

/**
 * Counts the points of every metric by query until those of all rounds so far are there. Every request carries points of
 * every metric, so the others should be complete when the first is; asking for them is then no part of the time.
 * @returns the time of the first answer that was complete, of the metric that was complete last
 */
async function untilReadable(client: KeepAliveClient, fleet: Fleet, hourS: number, rounds: number): Promise<number> {
  const wanted = fleet.hosts * fleet.steps * rounds
  const deadline = performance.now() + READABLE_DEADLINE_MS
  let readable = 0
  let waited = true
  for (let metric = 0; metric < fleet.metrics; ) {
    const found = await countPoints(client, metricName(metric), hourS)
    if (found === wanted) {
      if (waited) readable = performance.now()
      waited = false
      metric++
    } else if (found > wanted || performance.now() > deadline) {
      throw new Error(`${metricName(metric)} has ${found} points where ${wanted} were put`)
    } else {
      waited = true
      await delay(POLL_MS)
    }
  }
  return readable
}

/** @returns points that a metric has in an hour */
async function countPoints(client: KeepAliveClient, metric: string, hourS: number): Promise<number> {
  const queries = [{ aggregator: 'sum', metric, downsample: '1h-count' }]
  const [answer] = await ask(client, { start: hourS, end: hourS + 3599, queries }).catch(noSuchName)
  return answer === undefined ? 0 : answer.dps.reduce((sum, [, count]) => sum + count, 0)
}

/** A name that no point has reached yet is an error to a query; here it means "not yet". */
function noSuchName(error: unknown): Answer[] {
  if (error instanceof Error && error.message.includes('No such name')) return []
  throw error
}

interface Answer {
  readonly tags: Record<string, string>
  readonly dps: [time: number, value: number][]
}

async function ask(client: KeepAliveClient, query: object): Promise<Answer[]> {
  return JSON.parse(await client.post('/api/query?arrays', Buffer.from(JSON.stringify(query))))
}

/** @throws AssertionError where a point is not exactly what was put */
async function checkAnswers(client: KeepAliveClient, fleet: Fleet, startS: number): Promise<void> {
  for (let metric = 0; metric < fleet.metrics; metric++) {
    for (const host of CHECKED_HOSTS) {
      const queries = [{ aggregator: 'none', metric: metricName(metric), tags: { host: hostName(host) } }]
      const end = startS + fleet.steps * fleet.stepS - 1
      const [answer] = await ask(client, { start: startS, end, queries })
      const wanted = Array.from(seriesValues(fleet, { host, metric }), (value, i) => [startS + i * fleet.stepS, value])
      deepStrictEqual(answer?.dps, wanted)
    }
  }
}

async function medianPutToReadableMs(client: KeepAliveClient, hourS: number): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < TIMED_POINTS; i++) {
    const metric = `bench.single${i}`
    const point = { metric, timestamp: hourS, value: i, tags: { host: 'web0000' } }
    const started = performance.now()
    await client.post('/api/put', Buffer.from(JSON.stringify(point)))
    while ((await countPoints(client, metric, hourS)) === 0) await delay(2)
    times.push(performance.now() - started)
  }
  times.sort((a, b) => a - b)
  return times[times.length >> 1] ?? Number.NaN
}
