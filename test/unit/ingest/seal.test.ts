import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeTsuid } from '../../../lib/codec/tsuid.ts'
import { seal } from '../../../lib/ingest/seal.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { StoredSeriesSource } from '../../../lib/query/index.ts'
import { openClient } from '../../../lib/store/dynamo.ts'
import type { Store, StoreConfig } from '../../../lib/store/index.ts'
import { seriesLogPk } from '../../../lib/store/keys.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { NO_BUDGET, openTestStore } from '../../helpers/store.ts'
import { PointWriter } from '../../helpers/stored-points.ts'

const HOUR_S = 3600
const LEASE_MS = 60_000

let dynamo: RunningDynamo
let store: Store
let writer: PointWriter
const open = (more: Partial<StoreConfig> = {}) => openTestStore({ endpoint: dynamo.endpoint, ...more })

beforeAll(async () => {
  dynamo = await startDynamo()
  store = open()
  writer = new PointWriter(dynamo.endpoint)
})
afterAll(() => {
  writer.close()
  store.close()
  return dynamo.stop()
})

/** Writes values of one series at seconds after the hour's start. */
function write(metric: string, baseTime: number, values: Readonly<Record<number, number>>, arrivalMs?: number) {
  const points = Object.entries(values).map(([second, value]) => ({
    metric,
    timestamp: baseTime + Number(second),
    value,
    tags: { host: 'a' },
  }))
  return writer.write(JSON.stringify(points), arrivalMs)
}

async function read(metric: string, baseTime: number): Promise<Record<number, number>> {
  const uid = (await store.uids.namesToUids('metric', [metric])).get(metric) ?? 0
  const range = { from: baseTime, to: baseTime + HOUR_S }
  const series = await new StoredSeriesSource(store, DEFAULT_UID_WIDTHS).read(uid, range, () => true, NO_BUDGET)
  expect(series).toHaveLength(1)
  return Object.fromEntries(
    series.flatMap(({ points }) =>
      Array.from({ length: points.count }, (_, i) => [points.times[i]! / 1000 - baseTime, points.values[i]!]),
    ),
  )
}

/** Long after now, so that all that was written is due. */
const later = (ms = 0) => Date.now() + 86_400_000 + ms

function sealAll(of: Store = store, at = later()) {
  return seal(of, { until: Number.POSITIVE_INFINITY, leaseMs: LEASE_MS, backOff: false, clock: () => at })
}

test('an hour becomes rows, then late points join them, and nothing is left to do', async () => {
  const base = 1_600_000_000 - (1_600_000_000 % HOUR_S)
  await write('sealed', base, { 0: 1, 10: 2 })
  expect(await sealAll()).toMatchObject({ hours: 1, lateHours: 0, rows: 1, points: 2, left: 0, failures: [] })
  expect(await read('sealed', base)).toEqual({ 0: 1, 10: 2 })
  expect(await sealAll()).toMatchObject({ hours: 0, rows: 0, left: 0 })
  await write('sealed', base, { 5: 3, 10: 4 })
  expect(await read('sealed', base)).toEqual({ 0: 1, 5: 3, 10: 4 })
  expect(await sealAll()).toMatchObject({ hours: 1, lateHours: 1, rows: 1, points: 3, left: 0 })
  expect(await read('sealed', base)).toEqual({ 0: 1, 5: 3, 10: 4 })
})

test('a point that comes after its hour was sealed, but arrived before the newest of its row, counts as merged already', async () => {
  const base = 1_610_000_000 - (1_610_000_000 % HOUR_S)
  await write('ordered', base, { 0: 1, 10: 2 }, 2_000)
  await sealAll()
  await write('ordered', base, { 0: 7, 20: 8 }, 1_000)
  expect(await read('ordered', base)).toEqual({ 0: 1, 10: 2, 20: 8 })
  await sealAll()
  expect(await read('ordered', base)).toEqual({ 0: 1, 10: 2, 20: 8 })
})

test('late hours wait for their time: a minute after the first round, an hour after the second', async () => {
  const base = 1_620_000_000 - (1_620_000_000 % HOUR_S)
  const run = async (at: number) =>
    (await seal(store, { until: Number.POSITIVE_INFINITY, leaseMs: LEASE_MS, clock: () => at })).hours
  await write('waiting', base, { 0: 1 })
  expect(await run(Date.now() + 30_000)).toBe(0)
  const first = later()
  expect(await run(first)).toBe(1)
  await write('waiting', base, { 1: 1 })
  expect([await run(first + 59_000), await run(first + 60_000)]).toEqual([0, 1])
  await write('waiting', base, { 2: 1 })
  expect([await run(first + 3_600_000), await run(first + 3_660_000)]).toEqual([0, 1])
})

test('a seal that was paused beyond its lease changes no row that its successor wrote', async () => {
  const base = 1_630_000_000 - (1_630_000_000 % HOUR_S)
  await write('paused', base, { 0: 1 })
  let goOn: () => void = () => {}
  let paused: () => void = () => {}
  const isPaused = new Promise<void>((resolve) => {
    paused = resolve
  })
  const client = openClient(dynamo.endpoint)
  client.middlewareStack.add(
    (send, context) => async (args) => {
      if (context.commandName === 'PutItemCommand') {
        await new Promise<void>((resolve) => {
          goOn = resolve
          paused()
        })
      }
      return send(args)
    },
    { step: 'initialize', name: 'pause' },
  )
  const slow = open({ client })
  const at = later()
  const first = sealAll(slow, at)
  await isPaused
  await write('paused', base, { 1: 2 })
  expect(await sealAll(store, at + LEASE_MS)).toMatchObject({ hours: 1, points: 2 })
  goOn()
  expect(await first).toMatchObject({ hours: 0, left: 1, failures: [] })
  expect(await read('paused', base)).toEqual({ 0: 1, 1: 2 })
  slow.close()
})

test('the series log of a metric in the sealed hours is put together, and every series stays to be found', async () => {
  const base = 1_610_000_000 - (1_610_000_000 % HOUR_S)
  await write('indexed', base, { 0: 1 })
  const metric = (await store.uids.namesToUids('metric', ['indexed'])).get('indexed') ?? 0
  const tsuids = Array.from({ length: 70 }, (_, i) => encodeTsuid(metric, [[9, 1 + i]], DEFAULT_UID_WIDTHS))
  for (const tsuid of tsuids) await store.seriesLog.append(metric, [tsuid])
  expect(await sealAll()).toMatchObject({ hours: 1, indexed: 0, failures: [] })
  let items = 0
  for await (const page of store.seriesLog.readItems(metric)) items += page.length
  expect(items).toBe(1)
  expect((await store.index.find(metric, [{ tagk: 9 }])).series.map(({ tsuid }) => tsuid)).toEqual(tsuids)
})

test('an index that can’t be read is reported, and the hour is sealed all the same', async () => {
  const base = 1_620_000_000 - (1_620_000_000 % HOUR_S)
  await write('unindexed', base, { 0: 1 })
  const metric = (await store.uids.namesToUids('metric', ['unindexed'])).get('unindexed') ?? 0
  const client = openClient(dynamo.endpoint)
  const key = { pk: { B: seriesLogPk(metric, 3) }, sk: { B: Uint8Array.of(0) } }
  await client.send(new PutItemCommand({ TableName: TABLES.meta, Item: { ...key, series: { B: Uint8Array.of(99) } } }))
  client.destroy()
  const report = await sealAll()
  expect(report).toMatchObject({ hours: 1, failures: [{ baseTime: base }] })
  expect(report.failures[0]?.why).toContain(`metric ${metric}`)
  expect(await read('unindexed', base)).toEqual({ 0: 1 })
})

test('an hour that can’t be read is reported and keeps no other from being sealed', async () => {
  const base = 1_640_000_000 - (1_640_000_000 % HOUR_S)
  const key = { writtenAt: Date.now(), shard: 0, firstSequence: 0n, lastSequence: 0n }
  await store.ledger.openHour(0, base)
  await store.data.putBlock({ ...key, shelf: 0, baseTime: base }, Buffer.from('no block'))
  await write('after', base + 86_400, { 0: 1 })
  const report = await sealAll()
  expect(report).toMatchObject({ hours: 1, failures: [{ shelf: 0, baseTime: base }] })
  expect(report.failures[0]?.why).toContain('block')
  expect(await read('after', base + 86_400)).toEqual({ 0: 1 })
})

test('does not begin where the store has other UID widths', async () => {
  const other = open({ uidWidths: { metric: 4, tagk: 3, tagv: 4 } })
  await expect(seal(other, { until: Date.now() + 60_000, leaseMs: LEASE_MS })).rejects.toThrow('UID widths are 3,3,4')
  other.close()
})

/** Keys of the blocks of an hour, of all shelves. */
async function blocksOf(baseTime: number) {
  return (await Promise.all([0, 1, 2, 3].map((shelf) => store.data.blocksOf(shelf, baseTime)))).flat()
}

test('blocks that don’t expire are deleted once nobody can be reading them, and late ones afterwards', async () => {
  const baseTime = 1_500_001_200
  const metric = 'm.cleared'
  let now = Date.now()
  const clearing = (blocks: 'delete' | 'unknown' = 'delete') =>
    seal(store, { until: now + 600_000, leaseMs: LEASE_MS, backOff: false, blocks, clock: () => now })
  await write(metric, baseTime, { 1: 1, 2: 2 })
  expect(await clearing()).toMatchObject({ hours: 1 })
  now += 15 * 60_000
  await clearing()
  expect(await blocksOf(baseTime)).toHaveLength(1)
  now += 2 * 60_000
  await clearing('unknown')
  expect(await blocksOf(baseTime)).toHaveLength(1)
  await write(metric, baseTime, { 2: 20 })
  expect(await clearing()).toMatchObject({ lateHours: 1 })
  expect(await blocksOf(baseTime)).toHaveLength(2)
  now += 17 * 60_000
  expect((await clearing()).cleared).toBeGreaterThanOrEqual(2)
  expect(await blocksOf(baseTime)).toEqual([])
  expect(await read(metric, baseTime)).toEqual({ 1: 1, 2: 20 })
  await write(metric, baseTime, { 3: 3 })
  expect(await clearing()).toMatchObject({ lateHours: 1 })
  now += 17 * 60_000
  await clearing()
  expect(await blocksOf(baseTime)).toEqual([])
  expect(await read(metric, baseTime)).toEqual({ 1: 1, 2: 20, 3: 3 })
  const days = await Promise.all([0, 1, 2, 3].map((shelf) => store.ledger.pendingDays(shelf)))
  expect(days.flat().filter(({ day }) => day === baseTime - (baseTime % 86_400))).toEqual([])
})

test('a block that nobody noted yet outlives the clearing of its hour', async () => {
  const baseTime = 1_490_000_400
  const metric = 'm.unnoted'
  let now = Date.now()
  const clearing = () =>
    seal(store, { until: now + 600_000, leaseMs: LEASE_MS, backOff: false, blocks: 'delete', clock: () => now })
  await write(metric, baseTime, { 1: 1 })
  await clearing()
  now += 20 * 60_000
  const [first] = await blocksOf(baseTime)
  const shelf = first?.shelf ?? -1
  const [bytes = new Uint8Array()] = await store.data.readBlocks(shelf, baseTime)
  const key = { shelf, baseTime, writtenAt: now - 60_000, shard: 9, firstSequence: 1n, lastSequence: 1n }
  const sk = await store.data.putBlock(key, bytes)
  await clearing()
  expect((await blocksOf(baseTime)).map(({ shard }) => shard)).toEqual([9])
  await store.ledger.noteLate(shelf, baseTime, sk)
  expect(await clearing()).toMatchObject({ lateHours: 1 })
  now += 20 * 60_000
  await clearing()
  expect(await blocksOf(baseTime)).toEqual([])
  expect(await read(metric, baseTime)).toEqual({ 1: 1 })
})
