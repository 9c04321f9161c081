// npm run bench -- lookups [--json] [--only TEXT]
import { ok } from 'node:assert'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { foldSeriesLog } from '../lib/ingest/index-series.ts'
import { openStoreOf, type RunningServer, startChild } from './query-server.ts'
import type { Report } from './report.ts'
import { cpuSecondsOf, KeepAliveClient } from './server.ts'

/** 100,000 series of one metric: hosts with the CPUs of each; and many metrics beside it. */
const HOSTS = 20_000
const CPUS = 5
const DCS = 20
const METRICS = 1000
const METRIC = 'cpu.busy'

/** An hour long over. */
const TIME_S = 1_356_998_400
const POINTS_A_REQUEST = 5000

const WARM_UP = 20
const TIMED = 40
/** What takes long is asked less often. */
const MOST_MS = 20_000
const READABLE_DEADLINE_MS = 600_000

/** What is asked, and how many names, series or values its answer has to have. */
interface Lookup {
  readonly name: string
  readonly path: string
  /** Of a POST. */
  readonly body?: object
  count(answer: unknown): number
  readonly expected: number
}

/**
 * What template variables of dashboards take at 100,000 series, through the whole server: milliseconds that a warm server takes, one
 * request after another over one connection, and of its CPU. Each answer's size is checked.
 */
export async function run(report: Report, { only = '' }: { only?: string | undefined }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tsdb-bench-'))
  const { child, running } = await startChild(folder)
  const client = new KeepAliveClient(running.port, 4)
  try {
    await fill(client)
    await foldAll(running)
    for (const lookup of LOOKUPS.filter(({ name }) => name.includes(only))) {
      await measure(report, client, running.pid, lookup)
    }
  } finally {
    client.close()
    child.stdin?.end()
    await once(child, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
}

const hostName = (host: number): string => `web${String(host).padStart(5, '0')}`

function* points(): Generator<object, void, undefined> {
  for (let host = 0; host < HOSTS; host++) {
    for (let cpu = 0; cpu < CPUS; cpu++) {
      const tags = { host: hostName(host), cpu: String(cpu), dc: `dc${host % DCS}` }
      yield { metric: METRIC, timestamp: TIME_S, value: host + cpu, tags }
    }
  }
  for (let i = 0; i < METRICS; i++) {
    yield { metric: `sys.metric${i}`, timestamp: TIME_S, value: i, tags: { host: hostName(0) } }
  }
}

async function fill(client: KeepAliveClient): Promise<void> {
  let batch: object[] = []
  const put = async () => {
    if (batch.length > 0) await client.post('/api/put', Buffer.from(JSON.stringify(batch)))
    batch = []
  }
  for (const point of points()) {
    batch.push(point)
    if (batch.length === POINTS_A_REQUEST) await put()
  }
  await put()
  const queries = [{ aggregator: 'count', metric: METRIC }]
  const query = Buffer.from(JSON.stringify({ start: TIME_S, end: TIME_S + 1, queries }))
  for (const deadline = performance.now() + READABLE_DEADLINE_MS; ; await delay(5000)) {
    const [answer]: { dps: Record<string, number> }[] = JSON.parse(
      await client.post('/api/query', query).catch(() => '[]'),
    )
    const names: string[] = JSON.parse(await client.get(`/api/suggest?type=metrics&q=sys.&max=${METRICS}`))
    if (answer?.dps[TIME_S] === HOSTS * CPUS && names.length === METRICS) return
    if (performance.now() > deadline) throw new Error('Not all points can be read')
  }
}

/** As sealing does, which would write a row for each series besides. */
async function foldAll(running: RunningServer): Promise<void> {
  const store = openStoreOf(running)
  try {
    const uid = (await store.uids.namesToUids('metric', [METRIC])).get(METRIC)
    if (uid === undefined) throw new Error(`${METRIC} has no UID`)
    const { folded } = await foldSeriesLog({ ...store, widths: store.uids.widths }, uid)
    ok(folded > 0.9 * HOSTS * CPUS, `Of the series ${folded} are in the postings`)
  } finally {
    store.close()
  }
}

const suggest = (query: string) => `/api/suggest?${query}`
const lookup = (expression: string, limit: number) =>
  `/api/search/lookup?m=${encodeURIComponent(expression)}&limit=${limit}`
const countNames = (answer: unknown): number => (Array.isArray(answer) ? answer.length : 0)
const countResults = (answer: unknown): number => (answer as { results: readonly unknown[] }).results.length
const countValues = (answer: unknown): number => {
  const { queries } = answer as { queries: readonly { results: readonly { tags: Record<string, string[]> }[] }[] }
  return Object.values(queries[0]?.results[0]?.tags ?? {}).flat().length
}
const tags = (filter: object = {}) => ({
  path: '/api/v1/datapoints/query/tags',
  body: { cache_time: 0, start_absolute: 0, metrics: [{ name: METRIC, tags: filter }] },
  count: countValues,
})

const LOOKUPS: readonly Lookup[] = [
  { name: 'suggest metrics', path: suggest('type=metrics&q=sys.&max=1000'), count: countNames, expected: METRICS },
  { name: 'suggest tag values', path: suggest('type=tagv&q=web&max=1000'), count: countNames, expected: 1000 },
  { name: 'tag_names(metric)', path: lookup(METRIC, 1000), count: countResults, expected: 1000 },
  { name: 'tag_values(metric, cpu)', path: lookup(`${METRIC}{cpu=*}`, 1000), count: countResults, expected: 1000 },
  { name: 'tag_values(metric, host)', path: lookup(`${METRIC}{host=*}`, 1000), count: countResults, expected: 1000 },
  {
    name: 'tag_values(metric, host, dc=dc7)',
    path: lookup(`${METRIC}{host=*,dc=dc7}`, 1000),
    count: countResults,
    expected: 1000,
  },
  {
    name: 'tag_values(metric, cpu, host=web04711)',
    path: lookup(`${METRIC}{cpu=*,host=${hostName(4711)}}`, 1000),
    count: countResults,
    expected: CPUS,
  },
  {
    name: 'tag_values(metric, host) without a limit',
    path: lookup(`${METRIC}{host=*}`, 0),
    count: countResults,
    expected: HOSTS * CPUS,
  },
  { name: 'metricnames', path: '/api/v1/metricnames', count: countResults, expected: METRICS + 1 },
  { name: 'query/tags', ...tags(), expected: HOSTS + CPUS + DCS },
  { name: 'query/tags of dc7', ...tags({ dc: ['dc7'] }), expected: HOSTS / DCS + CPUS + 1 },
  { name: 'query/tags of web04711', ...tags({ host: [hostName(4711)] }), expected: 1 + CPUS + 1 },
]

async function measure(report: Report, client: KeepAliveClient, pid: number, lookup: Lookup): Promise<void> {
  const { name, path, body, count, expected } = lookup
  const packed = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  const ask = () => (packed === undefined ? client.get(path) : client.post(path, packed))
  const firstAt = performance.now()
  const found = count(JSON.parse(await ask()))
  const first = performance.now() - firstAt
  ok(found === expected, `${name} has ${found} where ${expected} should be`)
  for (let i = 0; i < WARM_UP && performance.now() - firstAt < MOST_MS; i++) await ask()
  const times: number[] = []
  const startedAt = performance.now()
  const cpuBefore = await cpuSecondsOf(pid)
  while (times.length < TIMED && performance.now() - startedAt < MOST_MS) {
    const askedAt = performance.now()
    await ask()
    times.push(performance.now() - askedAt)
  }
  const cpuAfter = await cpuSecondsOf(pid)
  times.sort((a, b) => a - b)
  const figure = (metric: string, value: number) =>
    report({ bench: 'lookups', case: '100,000 series', metric: `${name}, ${metric}`, value, unit: 'ms' })
  figure('the first', first)
  figure('median', times[times.length >> 1] ?? Number.NaN)
  figure('the fastest', times[0] ?? Number.NaN)
  if (cpuBefore !== undefined && cpuAfter !== undefined) {
    figure('CPU of the server', ((cpuAfter - cpuBefore) * 1000) / times.length)
  }
}
