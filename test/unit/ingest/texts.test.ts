import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { packBatch } from '../../../lib/codec/stream-record.ts'
import { consumeBatch, createConsumer } from '../../../lib/ingest/consume.ts'
import { DEFAULT_DEVICE_MAPPING, parseDeviceMapping } from '../../../lib/ingest/device-mapping.ts'
import { seal } from '../../../lib/ingest/seal.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { parseQueryParameters, runQuery, type SeenValues, StoredSeriesSource } from '../../../lib/query/index.ts'
import { openClient } from '../../../lib/store/dynamo.ts'
import type { Store } from '../../../lib/store/index.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { type HourPoint, hourPoints, plainPoints } from '../../helpers/points.ts'
import { NO_BUDGET, openTestStore } from '../../helpers/store.ts'

// Texts and times to live from the stream through blocks and rows to a reader.

/** After all that the tests do. */
const LATER_S = Math.floor(Date.now() / 1000) + 86_400
/** When they are done with. */
const PAST_S = 1_357_100_000

let dynamo: RunningDynamo
let store: Store
let sequence = 0
let metrics = 0
/** Each test has a metric and an hour of its own. */
let metric = ''
let hour = 1_356_998_400

beforeAll(async () => {
  dynamo = await startDynamo()
  store = openTestStore({ shelves: 1, endpoint: dynamo.endpoint })
})
afterAll(() => {
  store.close()
  return dynamo.stop()
})
beforeEach(() => {
  metric = `m${metrics++}`
  hour += 3600
})

/** @returns how many records are in the rejects, whole or for a part of them */
async function write(...points: HourPoint[]): Promise<number> {
  const consumer = createConsumer({
    store,
    mapping: parseDeviceMapping(DEFAULT_DEVICE_MAPPING),
    limits: DEFAULT_LIMITS,
    blockTtlDays: 0,
  })
  const series = [{ metric, tags: [['host', 'a'] as const] }]
  const batch = { series, seriesOf: new Uint32Array(points.length), points: hourPoints(hour, points) }
  let rejected = 0
  for (const bytes of packBatch(batch)) {
    const record = { sequence: String(sequence++), arrivalMs: (hour + 1800 + sequence) * 1000, shard: 0, bytes }
    const { failed, rejects } = await consumeBatch(consumer, [record])
    expect(failed).toBeUndefined()
    rejected += rejects
  }
  return rejected
}

/** Values by second of the hour, as seen at `nowS`. */
async function read(nowS: number, values: SeenValues): Promise<Record<string, unknown>> {
  const source = new StoredSeriesSource(store, DEFAULT_UID_WIDTHS, () => nowS * 1000, values)
  const uid = await store.uids.namesToUids('metric', [metric])
  const series = await source.read(uid.get(metric) ?? 0, { from: hour, to: hour + 3600 }, () => true, NO_BUDGET)
  return Object.fromEntries(
    series.flatMap(({ points }) => plainPoints(points)).map(({ time, value }) => [(time ?? 0) / 1000 - hour, value]),
  )
}

/** @returns how many points were sealed */
async function sealAll(): Promise<number> {
  const { points, failures } = await seal(store, { until: Date.now() + 60_000, leaseMs: 60_000, backOff: false })
  expect(failures).toEqual([])
  return points
}

/** What the one row of the hour says of when the store may forget it. */
async function ttlOfRow(): Promise<number | undefined> {
  const client = openClient(dynamo.endpoint)
  const { Items = [] } = await client.send(
    new ScanCommand({
      TableName: TABLES.data,
      FilterExpression: 'attribute_exists(#row)',
      ExpressionAttributeNames: { '#row': 'row' },
    }),
  )
  client.destroy()
  const base = new Uint8Array(4)
  new DataView(base.buffer).setUint32(0, hour)
  const own = Items.filter(({ pk }) =>
    Buffer.from(pk?.B ?? [])
      .subarray(-4)
      .equals(base),
  )
  expect(own).toHaveLength(1)
  const ttl = own[0]?.ttl?.N
  return ttl === undefined ? undefined : Number(ttl)
}

const POINTS: readonly HourPoint[] = [
  { offsetMs: 0, value: 1n },
  { offsetMs: 10_000, value: 'on' },
  { offsetMs: 20_000, value: 2.5, expiry: LATER_S + 60 },
  { offsetMs: 30_000, value: 'off', expiry: LATER_S + 120 },
]

describe('texts and times to live', () => {
  it('are read from blocks and from rows by who asks for all values, and not seen by who knows numbers alone', async () => {
    await write(...POINTS)
    for (const where of ['blocks', 'rows']) {
      if (where === 'rows') expect(await sealAll()).toBe(4)
      expect(await read(LATER_S, 'all')).toEqual({ 0: 1, 10: 'on', 20: 2.5, 30: 'off' })
      expect(await read(LATER_S, 'numbers')).toEqual({ 0: 1, 20: 2.5 })
      expect(await read(LATER_S + 60, 'all')).toEqual({ 0: 1, 10: 'on', 30: 'off' })
      expect(await read(LATER_S + 120, 'numbers')).toEqual({ 0: 1 })
    }
  })

  it('reject texts that are too long, and store the others', async () => {
    const rejected = await write(
      { offsetMs: 0, value: 'x'.repeat(32_768) },
      { offsetMs: 1000, value: 'x'.repeat(32_769) },
      { offsetMs: 2000, value: 'ü'.repeat(20_000) },
      { offsetMs: 3000, value: 'on' },
    )
    expect(Object.keys(await read(LATER_S, 'all'))).toEqual(['0', '3'])
    expect(rejected).toBe(1)
  })

  it('leave queries of OpenTSDB with the numbers', async () => {
    await write(...POINTS)
    const deps = {
      names: store.uids,
      source: new StoredSeriesSource(store, DEFAULT_UID_WIDTHS, () => LATER_S * 1000),
      limits: DEFAULT_LIMITS,
      clock: Date.now,
    }
    const parameters = new URLSearchParams({ start: `${hour}`, end: `${hour + 3600}`, m: `sum:${metric}` })
    const { results } = await runQuery(deps, parseQueryParameters(parameters, Date.now()))
    expect(results.map(({ points }) => plainPoints(points).map(({ value }) => value))).toEqual([[1, 2.5]])
  })

  it('let a number and a text at one instant take each other’s place, the later arrival staying', async () => {
    await write({ offsetMs: 0, value: 'on', expiry: LATER_S + 60 })
    await write({ offsetMs: 0, value: 7n })
    expect(await read(LATER_S + 90, 'all')).toEqual({ 0: 7 })
    await sealAll()
    await write({ offsetMs: 0, value: 'off' })
    expect(await read(LATER_S + 90, 'all')).toEqual({ 0: 'off' })
    expect(await read(LATER_S + 90, 'numbers')).toEqual({})
    await sealAll()
    expect(await read(LATER_S + 90, 'all')).toEqual({ 0: 'off' })
  })

  it('are not sealed once their time has come, nor is a row of nothing', async () => {
    await write(...POINTS.map((point) => (point.value === 2.5 ? { ...point, expiry: PAST_S } : point)))
    expect(await sealAll()).toBe(3)
    expect(await read(PAST_S - 1, 'all')).toEqual({ 0: 1, 10: 'on', 30: 'off' })
  })

  it('free the space of a row by themselves where the time of all its points comes', async () => {
    const [, , , text] = POINTS
    await write({ offsetMs: 0, value: 1n, expiry: LATER_S + 60 }, ...(text === undefined ? [] : [text]))
    await sealAll()
    expect(await ttlOfRow()).toBe(LATER_S + 120)
    // And no longer where one is added that is kept.
    await write({ offsetMs: 1000, value: 1n })
    await sealAll()
    expect(await ttlOfRow()).toBeUndefined()
    expect(await read(LATER_S, 'all')).toEqual({ 0: 1, 1: 1, 30: 'off' })
  })

  it('make no row where the time of all has come', async () => {
    await write({ offsetMs: 0, value: 1n, expiry: PAST_S }, { offsetMs: 1000, value: 'on', expiry: PAST_S })
    expect(await read(PAST_S - 1, 'all')).toEqual({ 0: 1, 1: 'on' })
    expect(await sealAll()).toBe(0)
    expect(await read(PAST_S - 1, 'all')).toEqual({})
  })
})
