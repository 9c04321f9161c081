import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeBlock } from '../../../lib/codec/block.ts'
import { type SealBounds, sealHour } from '../../../lib/ingest/seal-hour.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { StoredSeriesSource } from '../../../lib/query/stored-source.ts'
import type { Store } from '../../../lib/store/index.ts'
import type { LedgerHour } from '../../../lib/store/ledger.ts'
import { blockSeries } from '../../helpers/blocks.ts'
import { type RunningDynamo, startDynamo } from '../../helpers/dynamo.ts'
import type { HourPoint } from '../../helpers/points.ts'
import { NO_BUDGET, openTestStore } from '../../helpers/store.ts'
import { PointWriter } from '../../helpers/stored-points.ts'

const HOUR_S = 1_600_002_000
const HOSTS = 60
const BOUNDS = { points: 100, rows: 10 }

let dynamo: RunningDynamo
let store: Store
let writer: PointWriter

beforeAll(async () => {
  dynamo = await startDynamo()
  store = openTestStore({ shelves: 1, endpoint: dynamo.endpoint })
  await store.layout.ensureLayout([HOUR_S])
  writer = new PointWriter(dynamo.endpoint)
})
afterAll(() => {
  writer.close()
  store.close()
  return dynamo.stop()
})

/** Five blocks, each with a point of every host. */
async function writeHour(baseTime: number): Promise<LedgerHour> {
  for (let i = 0; i < 5; i++) {
    const points = Array.from({ length: HOSTS }, (_, host) => {
      return { metric: `m${host % 3}`, timestamp: baseTime + i, value: 100 * host + i, tags: { host: `h${host}` } }
    })
    await writer.write(JSON.stringify(points))
  }
  const [hour] = (await store.ledger.readLedger([0], baseTime, baseTime)).get(baseTime) ?? []
  if (hour === undefined) throw new Error('Nothing was written')
  return hour
}

/** Seals as often as it takes where time is up after so many chunks of rows; gives what each time did. */
async function sealInSteps(hour: LedgerHour, chunksEach: number) {
  const steps = []
  for (let now = Date.now(); steps.at(-1)?.outcome !== 'sealed'; now++) {
    const lease = await store.ledger.lease(hour, `owner ${now}`, now, 1000)
    if (lease === undefined) throw new Error('Somebody else has the lease')
    let chunks = 0
    const done = await sealHour(store, lease, () => chunks++ >= chunksEach, Date.now, BOUNDS)
    steps.push({ ...done, fence: lease.fence, before: lease.progress?.done ?? 0, groups: lease.progress?.groups })
  }
  return steps
}

async function readHour(baseTime: number): Promise<number[][]> {
  const metrics = await store.uids.namesToUids('metric', ['m0', 'm1', 'm2'])
  const rows = []
  for (const metric of metrics.values())
    rows.push(...(await store.rows.readRowsRange(metric, baseTime, { consistent: true })))
  const values = rows.map(({ row }) => Array.from(row.points.values.subarray(0, row.points.count)))
  return values.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))
}

const expected = Array.from({ length: HOSTS }, (_, host) => [0, 1, 2, 3, 4].map((i) => 100 * host + i))

test('an hour that is too large for memory and time is sealed in groups, each row once', async () => {
  const steps = await sealInSteps(await writeHour(HOUR_S), 2)
  expect(steps.length).toBeGreaterThan(2)
  expect(steps.slice(0, -1).every(({ outcome }) => outcome === 'stopped')).toBe(true)
  expect(steps.map(({ before }) => before)).toEqual(steps.map((_, i) => 2 * i))
  expect(steps.reduce((sum, { rows }) => sum + rows, 0)).toBe(HOSTS)
  expect(steps.reduce((sum, { points }) => sum + points, 0)).toBe(5 * HOSTS)
  expect(steps.every(({ metrics }) => metrics.size === 3)).toBe(true)
  expect(await readHour(HOUR_S)).toEqual(expected)
  const [volume] = await store.ledger.readVolumes([{ shelf: 0, day: HOUR_S - (HOUR_S % 86_400) }])
  expect(volume?.metricBytes.size).toBe(3)
})

test('what was noted of it is void once a late block is counted', async () => {
  const baseTime = HOUR_S + 3600
  const hour = await writeHour(baseTime)
  const first = await store.ledger.lease(hour, 'first', 1, 1)
  if (first === undefined) throw new Error('Somebody else has the lease')
  let chunks = 0
  expect(await sealHour(store, first, () => chunks++ >= 3, Date.now, BOUNDS)).toMatchObject({ outcome: 'stopped' })
  await writer.write(JSON.stringify([{ metric: 'm0', timestamp: baseTime + 5, value: 9, tags: { host: 'h0' } }]))
  const steps = await sealInSteps(hour, 1000)
  expect(steps).toMatchObject([{ outcome: 'sealed', rows: HOSTS, before: 0 }])
  expect((await readHour(baseTime))[0]).toEqual([0, 1, 2, 3, 4, 9])
})

test('within the bounds it is read once, and nothing is noted', async () => {
  const baseTime = HOUR_S + 7200
  const hour = await writeHour(baseTime)
  const lease = await store.ledger.lease(hour, 'one', Date.now(), 1000)
  if (lease === undefined) throw new Error('Somebody else has the lease')
  const before = store.stats.requests
  expect(await sealHour(store, lease, () => false, Date.now)).toMatchObject({ outcome: 'sealed', rows: HOSTS })
  expect(store.stats.requests - before).toBe(HOSTS + 2)
  expect(await readHour(baseTime)).toEqual(expected)
})

/** The UID of a metric whose points lie in blocks that are made for a test. */
const METRIC = 77

/** Puts a block with a point of each of some series, by the value of their one tag. @returns its sort key */
async function putBlock(baseTime: number, arrival: number, tagvs: readonly number[], point: HourPoint) {
  const bytes = encodeBlock({
    baseTime,
    widths: DEFAULT_UID_WIDTHS,
    sources: [{ arrival, shard: 0, sequence: BigInt(arrival) }],
    series: tagvs.map((tagv) => blockSeries(baseTime, METRIC, [[1, tagv]], [point])),
  })
  await store.ledger.openHour(0, baseTime)
  const key = { shelf: 0, baseTime, writtenAt: arrival, shard: 0, firstSequence: 0n, lastSequence: 0n }
  return store.data.putBlock(key, bytes)
}

/** Seals an hour. @param chunks of rows after which its time is up */
async function sealOnce(baseTime: number, owner: string, chunks = Number.POSITIVE_INFINITY, bounds?: SealBounds) {
  const lease = await store.ledger.lease({ shelf: 0, baseTime }, owner, Date.now(), 1000)
  if (lease === undefined) throw new Error('Somebody else has the lease')
  let done = 0
  return (await sealHour(store, lease, () => done++ >= chunks, Date.now, bounds)).outcome
}

/** The values of each series that a reader sees. */
async function readSeries(baseTime: number): Promise<number[][]> {
  const range = { from: baseTime, to: baseTime + 3600 }
  const series = await new StoredSeriesSource(store, DEFAULT_UID_WIDTHS).read(METRIC, range, () => true, NO_BUDGET)
  return series.map(({ points }) => [...points.values.subarray(0, points.count)])
}

test('a row that was left by who was stopped wins over no block, however new its newest point is', async () => {
  const baseTime = HOUR_S + 10_800
  const tagvs = Array.from({ length: 8 }, (_, i) => i + 1)
  await putBlock(baseTime, 1, tagvs, { offsetMs: 0, value: 1 })
  await putBlock(baseTime, 9, tagvs, { offsetMs: 60_000, value: 9 })
  expect(await sealOnce(baseTime, 'stopped', 1, { points: 1000, rows: 4 })).toBe('stopped')
  await store.ledger.noteLate(0, baseTime, await putBlock(baseTime, 5, tagvs, { offsetMs: 0, value: 5 }))
  expect(await readSeries(baseTime)).toEqual(tagvs.map(() => [5, 9]))
  expect(await sealOnce(baseTime, 'next')).toBe('sealed')
  expect(await readSeries(baseTime)).toEqual(tagvs.map(() => [5, 9]))
})

test('a point that was replaced by one whose time has come does not come back when that is sealed', async () => {
  const baseTime = HOUR_S + 14_400
  await putBlock(baseTime, 1, [1], { offsetMs: 0, value: 1 })
  expect(await sealOnce(baseTime, 'first')).toBe('sealed')
  expect(await readSeries(baseTime)).toEqual([[1]])
  const late = await putBlock(baseTime, 2, [1], { offsetMs: 0, value: 2, expiry: baseTime + 60 })
  await store.ledger.noteLate(0, baseTime, late)
  expect((await readSeries(baseTime)).flat()).toEqual([])
  expect(await sealOnce(baseTime, 'second')).toBe('sealed')
  expect((await readSeries(baseTime)).flat()).toEqual([])
})
