import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tsuidFromHex, tsuidToHex } from '../../../lib/codec/tsuid.ts'
import {
  type DeleteOptions,
  DeleteUnfinishedError,
  deletePoints,
  HourStillOpenError,
  sealForDelete,
} from '../../../lib/ingest/delete.ts'
import { seal } from '../../../lib/ingest/seal.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { StoredSeriesSource } from '../../../lib/query/stored-source.ts'
import { openClient } from '../../../lib/store/dynamo.ts'
import type { Store } from '../../../lib/store/index.ts'
import { type RunningDynamo, startDynamo } from '../../helpers/dynamo.ts'
import { beforeNth } from '../../helpers/dynamo-faults.ts'
import { NO_BUDGET, openTestStore } from '../../helpers/store.ts'
import { PointWriter } from '../../helpers/stored-points.ts'

const HOUR_S = 3600
const HOUR = 1_356_998_400
const OPTIONS: DeleteOptions = { until: Number.POSITIVE_INFINITY, leaseMs: 60_000, pause: () => sleep(5) }

let dynamo: RunningDynamo
let store: Store
let writer: PointWriter

beforeAll(async () => {
  dynamo = await startDynamo()
  store = openTestStore({ endpoint: dynamo.endpoint })
  writer = new PointWriter(dynamo.endpoint)
})
afterAll(async () => {
  writer?.close()
  store?.close()
  await dynamo?.stop()
})

/** Stores points of a metric: by host, values at seconds after the first hour's start. */
async function put(
  metric: string,
  points: Readonly<Record<string, Readonly<Record<number, number>>>>,
): Promise<number> {
  const json = Object.entries(points).flatMap(([host, values]) =>
    Object.entries(values).map(([offset, value]) => ({
      metric,
      timestamp: HOUR + Number(offset),
      value,
      tags: { host },
    })),
  )
  await writer.write(JSON.stringify(json))
  return uidOf(metric)
}

async function uidOf(metric: string): Promise<number> {
  return (await store.uids.namesToUids('metric', [metric])).get(metric) ?? 0
}

/** Every series of a metric: its TSUID, and values by seconds after the first hour's start. */
async function read(metric: string) {
  const source = new StoredSeriesSource(store, DEFAULT_UID_WIDTHS)
  const range = { from: HOUR, to: HOUR + 5 * HOUR_S }
  const series = await source.read(await uidOf(metric), range, () => true, NO_BUDGET)
  return series.map(({ tsuid, points }) => ({
    tsuid: tsuidToHex(tsuid),
    values: Object.fromEntries(
      Array.from({ length: points.count }, (_, i) => [points.times[i]! / 1000 - HOUR, points.values[i]!]),
    ),
  }))
}

const valuesOf = async (metric: string) => (await read(metric)).map(({ values }) => values)

/** Deletes from and to seconds after the first hour's start. */
async function remove(metric: string, from: number, to: number, tsuids?: readonly string[], options = OPTIONS) {
  const range = { start: (HOUR + from) * 1000, end: (HOUR + to) * 1000 }
  await sealForDelete(store, [await uidOf(metric)], range, options)
  const wanted = tsuids ?? (await read(metric)).map(({ tsuid }) => tsuid)
  return deletePoints(store, wanted.map(tsuidFromHex), range, options)
}

describe('deleting points', () => {
  test('takes those of the range from its series, to the point, and no others', async () => {
    const values = { 0: 1, 10: 2, 3599: 3, 3600: 4, 7200: 5 }
    await put('d.exact', { a: values, b: values })
    const [a] = await read('d.exact')
    expect(await remove('d.exact', 10, 3600, [a?.tsuid ?? ''])).toBe(3)
    expect(await valuesOf('d.exact')).toEqual([{ 0: 1, 7200: 5 }, values])
  })

  test('can be repeated, which changes nothing', async () => {
    await put('d.again', { a: { 0: 1, 10: 2 } })
    expect(await remove('d.again', 5, 20)).toBe(1)
    expect(await remove('d.again', 5, 20)).toBe(0)
    expect(await valuesOf('d.again')).toEqual([{ 0: 1 }])
  })

  test('of all points of a row takes the row out of sight, and points that are put later are there', async () => {
    await put('d.empty', { a: { 0: 1, 10: 2 }, b: { 0: 3 } })
    expect(await remove('d.empty', 0, 3599)).toBe(3)
    expect(await read('d.empty')).toEqual([])
    await put('d.empty', { a: { 10: 9 } })
    expect(await valuesOf('d.empty')).toEqual([{ 10: 9 }])
    await seal(store, { until: Number.POSITIVE_INFINITY, leaseMs: 1000, backOff: false })
    expect(await valuesOf('d.empty')).toEqual([{ 10: 9 }])
  })

  test('is not undone by late blocks of other points, before or after they are sealed', async () => {
    await put('d.late', { a: { 0: 1, 10: 2, 20: 3 } })
    await remove('d.late', 10, 10)
    await put('d.late', { a: { 30: 4 } })
    expect(await valuesOf('d.late')).toEqual([{ 0: 1, 20: 3, 30: 4 }])
    await seal(store, { until: Number.POSITIVE_INFINITY, leaseMs: 1000, backOff: false })
    expect(await valuesOf('d.late')).toEqual([{ 0: 1, 20: 3, 30: 4 }])
  })

  test('is not undone by who found the hour to be sealed before', async () => {
    await put('d.stale', { a: { 0: 1, 10: 2 } })
    const client = openClient(dynamo.endpoint)
    // What is due has been read by then; the first thing that is written is a lease, or that a day is done with.
    beforeNth(client, 'UpdateItemCommand', 1, () => remove('d.stale', 10, 10))
    const slow = openTestStore({ client })
    await seal(slow, { until: Number.POSITIVE_INFINITY, leaseMs: 1000, backOff: false })
    slow.close()
    expect(await valuesOf('d.stale')).toEqual([{ 0: 1 }])
  })

  test('seals late blocks first, so that theirs are deleted too', async () => {
    await put('d.lately', { a: { 0: 1 } })
    await seal(store, { until: Number.POSITIVE_INFINITY, leaseMs: 1000, backOff: false })
    await put('d.lately', { a: { 10: 2 } })
    expect(await remove('d.lately', 0, 3599)).toBe(2)
    expect(await read('d.lately')).toEqual([])
  })

  test('rewrites rows of many parts, and empties them', async () => {
    // Nothing compresses these, so that they take more than a part holds.
    const point = (ms: number) =>
      `{"metric":"d.parts","timestamp":${HOUR * 1000 + ms},"value":${Math.sin(ms)},"tags":{"host":"a"}}`
    await writer.write(`[${Array.from({ length: 20_000 }, (_, i) => point(100 * i))}]`)
    expect(await remove('d.parts', 1, 1999.8)).toBe(19_989)
    expect(Object.keys((await valuesOf('d.parts'))[0] ?? {})).toHaveLength(11)
    expect(await remove('d.parts', 0, 3599)).toBe(11)
    expect(await read('d.parts')).toEqual([])
  })

  test('of an hour that still takes points is refused before anything is deleted', async () => {
    await put('d.open', { a: { 0: 1, 3600: 2 } })
    const clock = () => (HOUR + 2 * HOUR_S + 60) * 1000
    const refused = remove('d.open', 0, 3600, undefined, { ...OPTIONS, clock })
    await expect(refused).rejects.toThrow(HourStillOpenError)
    await expect(refused).rejects.toMatchObject({
      statusCode: 409,
      details: expect.stringContaining(`end=${HOUR + 3599}), or delete them after 2013-01-01T02:06:00.000Z`),
    })
    expect(await valuesOf('d.open')).toEqual([{ 0: 1, 3600: 2 }])
    expect(await remove('d.open', 0, 3599, undefined, { ...OPTIONS, clock })).toBe(1)
  })

  test('that has no time left says so, gives its lease back and is ended by the next', async () => {
    await put('d.time', { a: { 0: 1, 3600: 2 } })
    const metric = await uidOf('d.time')
    const range = { start: HOUR * 1000, end: (HOUR + 2 * HOUR_S) * 1000 }
    await sealForDelete(store, [metric], range, OPTIONS)
    const tsuids = (await read('d.time')).map(({ tsuid }) => tsuidFromHex(tsuid))
    let looks = 0
    // Time is up in the middle: after the first hour, once the second one's lease is taken.
    const clock = () => Date.now() + (looks++ < 8 ? 0 : 1_000_000)
    const hurried = deletePoints(store, tsuids, range, { ...OPTIONS, until: Date.now() + 500_000, clock })
    await expect(hurried).rejects.toThrow(DeleteUnfinishedError)
    await deletePoints(store, tsuids, range, OPTIONS)
    expect(await read('d.time')).toEqual([])
  })

  test('waits while somebody else works on the hour', async () => {
    const metric = await put('d.busy', { a: { 0: 1 } })
    await remove('d.busy', 100, 200)
    const shelves = [0, 1, 2, 3]
    const hours = (await store.ledger.readLedger(shelves, HOUR, HOUR)).get(HOUR) ?? []
    const leases = await Promise.all(hours.map((hour) => store.ledger.lease(hour, 'somebody', Date.now(), 60_000)))
    expect(metric).toBeGreaterThan(0)
    const removed = remove('d.busy', 0, 3599)
    await Promise.all(leases.map((lease) => lease && store.ledger.release(lease)))
    expect(await removed).toBe(1)
  })
})
