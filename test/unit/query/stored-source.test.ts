import { afterAll, beforeAll, expect, it } from 'vitest'
import { consumeBatch, createConsumer } from '../../../lib/ingest/consume.ts'
import { DEFAULT_DEVICE_MAPPING, parseDeviceMapping } from '../../../lib/ingest/device-mapping.ts'
import { foldSeriesLog } from '../../../lib/ingest/index-series.ts'
import { seal } from '../../../lib/ingest/seal.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { parseQueryParameters, runQuery, StoredSeriesSource } from '../../../lib/query/index.ts'
import type { Store } from '../../../lib/store/index.ts'
import { type RunningDynamo, startDynamo } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'

const HOUR = 1_356_998_400
const HOSTS = 100
const HOURS = 2

let dynamo: RunningDynamo
let store: Store

beforeAll(async () => {
  dynamo = await startDynamo()
  store = openTestStore({ shelves: 2, endpoint: dynamo.endpoint })
  const points = Array.from({ length: HOURS * HOSTS }, (_, i) => ({
    metric: 'cpu',
    timestamp: HOUR + Math.floor(i / HOSTS) * 3600 + 60,
    value: i,
    tags: { host: `h${i % HOSTS}`, dc: `d${i % 2}` },
  }))
  expect(await writeAndSeal(points)).toMatchObject({ rows: HOURS * HOSTS, failures: [] })
})

afterAll(async () => {
  store.close()
  await dynamo.stop()
})

async function writeAndSeal(points: readonly unknown[]) {
  const consumer = createConsumer({
    store,
    limits: DEFAULT_LIMITS,
    mapping: parseDeviceMapping(DEFAULT_DEVICE_MAPPING),
    blockTtlDays: 0,
  })
  const bytes = Buffer.from(JSON.stringify(points))
  const arrivalMs = (HOUR + HOURS * 3600) * 1000
  await consumeBatch(consumer, [{ sequence: '1', arrivalMs, shard: 0, bytes }])
  return seal(store, { until: Date.now() + 60_000, leaseMs: 60_000, backOff: false })
}

async function query(m: string, times = { start: String(HOUR), end: String(HOUR + HOURS * 3600) }, now = Date.now()) {
  const source = new StoredSeriesSource(store, DEFAULT_UID_WIDTHS, () => Date.now() + 3_600_000)
  const deps = { names: store.uids, source, annotations: store.annotations, limits: DEFAULT_LIMITS, clock: Date.now }
  const { results, usage } = await runQuery(deps, parseQueryParameters(new URLSearchParams({ ...times, m }), now))
  return { values: results.map(({ points }) => [...points.values.subarray(0, points.count)]), plans: usage.plans }
}

const sumOf = (hosts: readonly number[], hour: number) => hosts.reduce((sum, host) => sum + host + hour * HOSTS, 0)
const sums = (isWanted: (host: number) => boolean) => {
  const hosts = Array.from({ length: HOSTS }, (_, host) => host).filter(isWanted)
  return [Array.from({ length: HOURS }, (_, hour) => sumOf(hosts, hour))]
}

it.each([
  'in the log',
  'in the postings',
])('a query reads the rows that its filters ask for, with the series %s', async (where) => {
  if (where === 'in the postings') {
    const metric = (await store.uids.namesToUids('metric', ['cpu'])).get('cpu') ?? 0
    const folded = await foldSeriesLog({ ...store, widths: DEFAULT_UID_WIDTHS }, metric, { foldSeries: 1 })
    expect(folded.folded).toBe(HOSTS)
  }
  const one = await query('sum:cpu{host=h7}')
  expect(one.values).toEqual(sums((host) => host === 7))
  expect(one.plans).toMatchObject([{ series: 1, seriesOfMetric: HOSTS, exactHours: HOURS, keys: HOURS, rangeHours: 0 }])

  const some = await query('sum:cpu{}{host=wildcard(h1*),dc=literal_or(d1)}')
  expect(some.values).toEqual(sums((host) => (host === 1 || (host >= 10 && host < 20)) && host % 2 === 1))
  // As the ledger says, rows are small: all hundred cost less than six keys.
  expect(some.plans).toMatchObject([{ series: 6, exactHours: 0, rangeHours: HOURS }])

  const two = await query('sum:cpu{}{host=literal_or(h7|h8)}')
  expect(two.values).toEqual(sums((host) => host === 7 || host === 8))
  expect(two.plans).toMatchObject([{ series: 2, exactHours: HOURS, keys: 2 * HOURS }])

  const half = await query('sum:cpu{dc=d1}')
  expect(half.values).toEqual(sums((host) => host % 2 === 1))
  expect(half.plans).toMatchObject([{ series: HOSTS / 2, exactHours: 0, rangeHours: HOURS, keys: 0 }])

  const all = await query('sum:cpu')
  expect(all.values).toEqual(sums(() => true))
  expect(all.plans).toMatchObject([{ exactHours: 0, rangeHours: HOURS }])
  expect(all.plans[0]?.series).toBeUndefined()
})

it('looks for a series on the days that it lived alone', async () => {
  const point = (host: string, timestamp: number) => ({ metric: 'mem', timestamp, value: 1, tags: { host } })
  await writeAndSeal([point('old', HOUR), point('old', HOUR + 3600), point('new', HOUR + 9 * 86_400)])
  const old = await query('sum:mem{host=old}')
  expect(old.values).toEqual([[1, 1]])
  expect(old.plans).toMatchObject([{ keys: HOURS }])
  const young = await query('sum:mem{host=new}')
  expect(young.values).toEqual([])
  expect(young.plans).toMatchObject([{ keys: 0, rangeHours: 0, estimated: { units: 0, requests: 0 } }])
})

it('finds nothing before 1970, nor behind the last hour that keys have room for', async () => {
  expect((await query('sum:cpu', { start: '5h-ago', end: 'now' }, 3_600_000)).values).toEqual([])
  expect((await query('sum:cpu', { start: '5000000000', end: '5000003600' })).values).toEqual([])
})
