import { afterAll, beforeAll, expect, it } from 'vitest'
import { consumeBatch, createConsumer } from '../../../lib/ingest/consume.ts'
import { DEFAULT_DEVICE_MAPPING, parseDeviceMapping } from '../../../lib/ingest/device-mapping.ts'
import { seal } from '../../../lib/ingest/seal.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { parseQueryParameters, runQuery, StoredSeriesSource } from '../../../lib/query/index.ts'
import type { Store } from '../../../lib/store/index.ts'
import { type RunningDynamo, startDynamo } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'

// What a query asks the store, counted: 30 days of which 30 hours hold points and 690 hold none.

const START = 1_356_998_400
const DAY = 86_400
const DAYS = 30
const HOSTS = 20

let dynamo: RunningDynamo
let store: Store
let source: StoredSeriesSource
let requests: string[] = []
/** Milliseconds that the source's clock is ahead. */
let aheadMs = 3_600_000

beforeAll(async () => {
  dynamo = await startDynamo()
  store = openTestStore({ endpoint: dynamo.endpoint, onConsumed: ({ operation }) => requests.push(operation) })
  const consumer = createConsumer({
    store,
    limits: DEFAULT_LIMITS,
    mapping: parseDeviceMapping(DEFAULT_DEVICE_MAPPING),
    blockTtlDays: 0,
  })
  const points = Array.from({ length: DAYS * HOSTS }, (_, i) => ({
    metric: 'cpu',
    timestamp: START + Math.floor(i / HOSTS) * DAY + 7200,
    value: 1,
    tags: { host: `h${i % HOSTS}` },
  }))
  const bytes = Buffer.from(JSON.stringify(points))
  await consumeBatch(consumer, [{ sequence: '1', arrivalMs: (START + DAYS * DAY) * 1000, shard: 0, bytes }])
  const sealed = await seal(store, { until: Date.now() + 60_000, leaseMs: 60_000, backOff: false })
  expect(sealed).toMatchObject({ rows: DAYS * HOSTS, left: 0 })
  source = new StoredSeriesSource(store, DEFAULT_UID_WIDTHS, () => Date.now() + aheadMs)
  // names and the layout are looked up once and kept, rows for a quarter of an hour
  await requestsOf('sum:cpu{host=h1}', START)
  aheadMs += 16 * 60_000
}, 60_000)

afterAll(async () => {
  store.close()
  await dynamo.stop()
})

/** What a query asks the store, by operation, and the sum of what it answers. */
async function requestsOf(m: string, start: number) {
  const deps = { names: store.uids, source, limits: DEFAULT_LIMITS, clock: Date.now, costs: () => store.stats }
  const parameters = new URLSearchParams({ start: String(start), end: String(start + DAYS * DAY - 1), m })
  const before = store.stats.requests
  requests = []
  const { results, usage } = await runQuery(deps, parseQueryParameters(parameters, Date.now()))
  expect(usage.requests).toBe(store.stats.requests - before)
  const counts: Record<string, number> = {}
  for (const operation of requests) counts[operation] = (counts[operation] ?? 0) + 1
  const values = results.flatMap(({ points }) => [...points.values.subarray(0, points.count)])
  return { counts, sum: values.reduce((sum, value) => sum + value, 0), usage }
}

it('one host of 30 days is one request to the ledger and one for all its rows', async () => {
  const { hits, misses } = source.cacheCounts.rows
  const { counts, sum, usage } = await requestsOf('sum:cpu{host=h1}', START)
  expect(sum).toBe(DAYS)
  expect(usage.rows).toBe(DAYS)
  expect(counts).toEqual({ BatchGetItem: 2 })
  const again = await requestsOf('sum:cpu{host=h1}', START)
  expect([again.sum, again.usage.rows]).toEqual([DAYS, DAYS])
  expect(again.counts, 'the ledger is asked whether the rows are the same').toEqual({ BatchGetItem: 1 })
  expect(source.cacheCounts.rows).toEqual({ hits: hits + DAYS, misses: misses + DAYS })
})

it('all hosts of 30 days are one request to the ledger and one for each hour that holds points', async () => {
  const { counts, sum, usage } = await requestsOf('sum:cpu', START)
  expect(sum).toBe(DAYS * HOSTS)
  expect(usage.rows).toBe(DAYS * HOSTS)
  expect(counts).toEqual({ BatchGetItem: 1, Query: DAYS })
  const again = await requestsOf('sum:cpu', START)
  expect([again.sum, again.usage.rows]).toEqual([DAYS * HOSTS, DAYS * HOSTS])
  expect(again.counts).toEqual({ BatchGetItem: 1 })
  const one = await requestsOf('sum:cpu{host=h1}', START)
  expect([one.sum, one.counts], 'all rows of an hour are also those of one host').toEqual([DAYS, { BatchGetItem: 1 }])
})

it('30 days that hold nothing are one request', async () => {
  const { counts, sum } = await requestsOf('sum:cpu', START + 400 * DAY)
  expect(sum).toBe(0)
  expect(counts).toEqual({ BatchGetItem: 1 })
})
