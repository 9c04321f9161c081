import { deepStrictEqual, strictEqual } from 'node:assert'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { seal } from '../lib/ingest/seal.ts'
import { DEFAULT_UID_WIDTHS } from '../lib/model/series.ts'
import { openStore, type Store } from '../lib/store/index.ts'
import { type Fleet, hostName, metricName, pointCount, putBodies, seriesValues } from './cases.ts'
import { setFunctionEnvironment } from './emulators.ts'
import type { Report } from './report.ts'
import { cpuSecondsOf, KeepAliveClient } from './server.ts'

/** Where a server that the benchmark started is. */
export interface RunningServer {
  readonly pid: number
  readonly port: number
  readonly dynamoEndpoint: string
  /** Physical names of its tables by logical id. */
  readonly tables: Readonly<Record<string, string>>
}

/** An hour of 100 hosts with 10 metrics each, a point every ten seconds: 36,000 points a metric. */
const HOUR: Fleet = {
  name: 'hosts=100 metrics=10 step=10s',
  hosts: 100,
  metrics: 10,
  stepS: 10,
  steps: 360,
  pointsPerRequest: 5000,
  seed: 20261122,
}

/** A week of one metric of some hosts: 60,480 points a series. */
const WEEK: Fleet = { ...HOUR, name: 'week step=10s', hosts: 4, metrics: 1, steps: 168 * 360 }

/** An hour long over, and a week before it. */
const PAST_HOUR_S = 1_356_998_400
const PAST_WEEK_S = PAST_HOUR_S - 200 * 3600

/** The metric that is asked for: a gauge with two decimals. */
const METRIC = 1
const EIGHT = [3, 14, 15, 41, 59, 65, 92, 97]
const STEPS_A_MINUTE = 6

const WARM_UP = 60
const TIMED = 100
const READABLE_DEADLINE_MS = 120_000

/** `[time, value]` each, in seconds. */
type Dps = (readonly [number, number])[]

export interface Answer {
  readonly tags: Readonly<Record<string, string>>
  readonly dps: Dps
}

/** How questions are asked of one of the APIs, and its answers read. */
export interface QueryApi {
  /** The benchmark's name. */
  readonly bench: string
  readonly path: string
  /** Where it is asked for what `read` reads. */
  readonly checkPath: string
  queryOf(asked: Case): object
  /** @throws where it is no answer */
  read(text: string): Answer[]
}

export const OPENTSDB: QueryApi = {
  bench: 'query',
  path: '/api/query',
  checkPath: '/api/query?arrays',
  queryOf: ({ query }) => query,
  read: (text) => JSON.parse(text),
}

export interface Case {
  readonly name: string
  /** For OpenTSDB's API. */
  readonly query: object
  /** The same of KairosDB's, without the times: what a metric's query has besides its name. */
  readonly kairos: object
  /** Its metric and times, in seconds, both inclusive. */
  readonly metric: string
  readonly start: number
  readonly end: number
  /** What each series of the answer has to be, by the value of one tag, or '' where there is one series. */
  readonly wanted: ReadonlyMap<string, Dps>
  readonly tag?: string
}

/**
 * Milliseconds that a warm server takes for a request, one after another over one connection, while the points are in the
 * blocks of an open hour and once they are sealed into rows. Every case's answer is compared with what was put.
 */
export async function measureServer(report: Report, api: QueryApi = OPENTSDB): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tsdb-bench-'))
  const { child, running } = await startChild(folder)
  const client = new KeepAliveClient(running.port, 4)
  // The hour that is open now and for some minutes: points may be ahead of the clock.
  const openHourS = Math.floor((Date.now() / 1000 + 600) / 3600) * 3600
  try {
    await putAll(client, HOUR, openHourS)
    await untilReadable(client, HOUR, openHourS)
    await measureCases(report, api, client, running, 'open hour', casesOf(HOUR, openHourS))
    await putAll(client, HOUR, PAST_HOUR_S)
    await putAll(client, WEEK, PAST_WEEK_S, 'week.')
    await untilReadable(client, HOUR, PAST_HOUR_S)
    await untilReadable(client, WEEK, PAST_WEEK_S, 'week.')
    await sealAll(running)
    await measureCases(report, api, client, running, 'sealed hour', casesOf(HOUR, PAST_HOUR_S))
    await measureCases(report, api, client, running, 'sealed week', [weekCase()])
  } finally {
    client.close()
    child.stdin?.end()
    await once(child, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
}

/** Starts the whole server in a process of its own. @param folder where its data goes */
export async function startChild(folder: string): Promise<{ child: ChildProcess; running: RunningServer }> {
  const args = ['--import', 'tsx', 'bench/query-server.child.ts', folder]
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TZ: 'UTC' },
  })
  const line = once(createInterface(child.stdout), 'line').then(([text]) => String(text))
  const ended = once(child, 'exit').then(([status]) => Promise.reject(new Error(`The server ended with ${status}`)))
  const running: RunningServer = JSON.parse(await Promise.race([line, ended]))
  ended.catch(() => undefined)
  return { child, running }
}

async function putAll(client: KeepAliveClient, fleet: Fleet, startS: number, prefix = ''): Promise<void> {
  const bodies = putBodies(fleet, startS, prefix)
  let next = 0
  const connection = async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      await client.post('/api/put', Buffer.from(body))
    }
  }
  await Promise.all(Array.from({ length: 4 }, connection))
}

async function untilReadable(client: KeepAliveClient, fleet: Fleet, startS: number, prefix = ''): Promise<void> {
  const deadline = performance.now() + READABLE_DEADLINE_MS
  for (let metric = 0; metric < fleet.metrics; ) {
    const queries = [{ aggregator: 'sum', metric: prefix + metricName(metric), downsample: '0all-count' }]
    const end = startS + fleet.steps * fleet.stepS
    const answers = await ask(client, { start: startS, end, queries }).catch(() => [])
    const found = answers[0]?.dps[0]?.[1] ?? 0
    if (found === fleet.hosts * fleet.steps) metric++
    else if (performance.now() > deadline) throw new Error(`${found} of ${pointCount(fleet)} points can be read`)
    else await delay(200)
  }
}

/** The store that a server's functions use. */
export function openStoreOf({ dynamoEndpoint, tables }: RunningServer): Store {
  setFunctionEnvironment({ dynamo: dynamoEndpoint, kinesis: '' })
  const table = (id: string) => Object.entries(tables).find(([logicalId]) => logicalId.includes(id))?.[1] ?? id
  return openStore({
    tables: { data: table('Data'), uid: table('Uid'), meta: table('Meta') },
    uidWidths: DEFAULT_UID_WIDTHS,
    shelves: 4,
    saltBuckets: 1,
    endpoint: dynamoEndpoint,
  })
}

async function sealAll(running: RunningServer): Promise<void> {
  const store = openStoreOf(running)
  try {
    // An hour earlier by the clock, as if they had been sealed for long. The server's own schedule may be at it, too.
    const clock = () => Date.now() - 3_600_000
    for (;;) {
      const { left, failures } = await seal(store, {
        until: clock() + 120_000,
        leaseMs: 300_000,
        backOff: false,
        clock,
      })
      deepStrictEqual(failures, [])
      if (left === 0) return
      await delay(500)
    }
  } finally {
    store.close()
  }
}

async function ask(client: KeepAliveClient, query: object): Promise<Answer[]> {
  return JSON.parse(await client.post('/api/query?arrays', Buffer.from(JSON.stringify(query))))
}

async function measureCases(
  report: Report,
  api: QueryApi,
  client: KeepAliveClient,
  { pid }: RunningServer,
  state: string,
  cases: readonly Case[],
): Promise<void> {
  const { bench, path, checkPath } = api
  for (const asked of cases) {
    const { name, wanted, tag } = asked
    const body = Buffer.from(JSON.stringify(api.queryOf(asked)))
    const answers = api.read(await client.post(checkPath, body))
    strictEqual(answers.length, wanted.size)
    for (const { tags, dps } of answers) checkDps(dps, wanted.get(tag === undefined ? '' : (tags[tag] ?? '')), name)
    const times: number[] = []
    let cpuBefore: number | undefined
    for (let i = 0; i < WARM_UP + TIMED; i++) {
      if (i === WARM_UP) cpuBefore = await cpuSecondsOf(pid)
      const started = performance.now()
      await client.post(path, body)
      if (i >= WARM_UP) times.push(performance.now() - started)
    }
    const cpuAfter = await cpuSecondsOf(pid)
    times.sort((a, b) => a - b)
    const at = (part: number) => times[Math.floor(times.length * part)] ?? Number.NaN
    report({ bench, case: state, metric: `${name}, median`, value: at(0.5), unit: 'ms' })
    report({ bench, case: state, metric: `${name}, 95 of 100 within`, value: at(0.95), unit: 'ms' })
    if (cpuBefore === undefined || cpuAfter === undefined) continue
    const cpuMs = ((cpuAfter - cpuBefore) * 1000) / TIMED
    report({ bench, case: state, metric: `${name}, CPU of the server`, value: cpuMs, unit: 'ms' })
  }
}

/** Sums of decimals depend on the order of adding in their last digits; anything else is exact. */
function checkDps(dps: Dps, wanted: Dps | undefined, name: string): void {
  strictEqual(dps.length, wanted?.length, name)
  for (const [i, [time, value]] of dps.entries()) {
    const [wantedTime, wantedValue] = wanted?.[i] ?? [Number.NaN, Number.NaN]
    strictEqual(time, wantedTime, name)
    if (!(Math.abs(value - wantedValue) <= 1e-9 * Math.abs(wantedValue))) {
      throw new Error(`${name} answers ${value} at ${time} where ${wantedValue} should be`)
    }
  }
}

function casesOf(fleet: Fleet, startS: number): Case[] {
  const end = startS + fleet.steps * fleet.stepS - 1
  const metric = metricName(METRIC)
  const hosts = Array.from({ length: fleet.hosts }, (_, host) => host)
  const values = hosts.map((host) => seriesValues(fleet, { host, metric: METRIC }))
  const raw = (of: readonly number[], reduce: (values: number[]) => number): Dps =>
    Array.from({ length: fleet.steps }, (_, step) => [
      startS + step * fleet.stepS,
      reduce(of.map((host) => values[host]![step]!)),
    ])
  /** Averages of each series' intervals, then `reduce` of these. */
  const sampled = (of: readonly number[], steps: number, reduce: (values: number[]) => number): Dps =>
    Array.from({ length: fleet.steps / steps }, (_, interval) => [
      startS + interval * steps * fleet.stepS,
      reduce(of.map((host) => sum([...values[host]!.subarray(interval * steps, (interval + 1) * steps)]) / steps)),
    ])
  const query = (sub: object) => ({
    query: { start: startS, end, queries: [{ metric, ...sub }] },
    metric,
    start: startS,
    end,
  })
  const by = (tag: string) => ({ group_by: [{ name: 'tag', tags: [tag] }] })
  const over = (name: string, minutes?: number) => ({
    name,
    ...(minutes !== undefined && { sampling: { value: minutes, unit: 'minutes' }, align_start_time: true }),
  })
  const names = EIGHT.map(hostName).join('|')
  const filter = (tagk: string, type: string, filter: string, groupBy: boolean) => ({ tagk, type, filter, groupBy })
  const inDc = (dc: number) => hosts.filter((host) => host % 4 === dc)
  return [
    {
      name: 'one series, raw',
      ...query({ aggregator: 'sum', filters: [filter('host', 'literal_or', hostName(41), false)] }),
      kairos: { tags: { host: hostName(41) } },
      wanted: new Map([['', raw([41], sum)]]),
    },
    {
      name: 'max by host of 8',
      ...query({ aggregator: 'max', filters: [filter('host', 'literal_or', names, true)] }),
      kairos: { tags: { host: EIGHT.map(hostName) }, ...by('host'), aggregators: [over('max')] },
      tag: 'host',
      wanted: new Map(EIGHT.map((host) => [hostName(host), raw([host], (of) => Math.max(...of))])),
    },
    {
      name: 'avg of 100 at 5m',
      ...query({ aggregator: 'avg', downsample: '5m-avg' }),
      kairos: { aggregators: [over('avg', 5)] },
      wanted: new Map([['', sampled(hosts, 5 * STEPS_A_MINUTE, (of) => sum(of) / of.length)]]),
    },
    {
      name: 'sum of 100 by dc at 1m',
      ...query({ aggregator: 'sum', downsample: '1m-avg', filters: [filter('dc', 'wildcard', '*', true)] }),
      kairos: { ...by('dc'), aggregators: [over('sum', 1), { name: 'div', divisor: STEPS_A_MINUTE }] },
      tag: 'dc',
      wanted: new Map([0, 1, 2, 3].map((dc) => [`dc${dc}`, sampled(inDc(dc), STEPS_A_MINUTE, sum)])),
    },
    {
      name: 'sum of 100, raw',
      ...query({ aggregator: 'sum' }),
      kairos: { aggregators: [over('sum')] },
      wanted: new Map([['', raw(hosts, sum)]]),
    },
  ]
}

function weekCase(): Case {
  const values = seriesValues(WEEK, { host: 2, metric: 0 })
  const tags = { host: hostName(2) }
  const asked = { metric: `week.${metricName(0)}`, start: PAST_WEEK_S, end: PAST_WEEK_S + WEEK.steps * WEEK.stepS - 1 }
  const { metric, start, end } = asked
  return {
    name: 'one series, raw',
    ...asked,
    query: { start, end, queries: [{ aggregator: 'sum', metric, tags }] },
    kairos: { tags },
    wanted: new Map([['', Array.from(values, (value, i) => [PAST_WEEK_S + i * WEEK.stepS, value] as const)]]),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
