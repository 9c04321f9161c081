import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeStreamRecord } from '../../../lib/codec/stream-record.ts'
import { BlockEncoder, type EncodedBlock } from '../../../lib/ingest/blocks.ts'
import { type Consumer, consumeBatch, createConsumer } from '../../../lib/ingest/consume.ts'
import { parseDeviceMapping } from '../../../lib/ingest/device-mapping.ts'
import type { GroupedPoints } from '../../../lib/ingest/group.ts'
import { SEAL_GRACE_MS } from '../../../lib/ingest/write-blocks.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { TTL_ATTRIBUTE } from '../../../lib/store/dynamo.ts'
import { StoreRefusedError } from '../../../lib/store/errors.ts'
import type { Store, StoreConfig } from '../../../lib/store/index.ts'
import {
  ARRIVAL_MS,
  batchOf,
  cut,
  expected,
  input,
  readable,
  SHELVES,
  type TestPoint,
  WHOLE,
} from '../../helpers/consume.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'

const DAY_S = 86_400
const HOUR_MS = 3_600_000

let dynamo: RunningDynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(() => dynamo.stop())

function open(config: Partial<StoreConfig> = {}): Store {
  return openTestStore({ shelves: SHELVES, endpoint: dynamo.endpoint, ...config })
}

function consumerOf(store: Store, options: Partial<Consumer> = {}): Consumer {
  return createConsumer({
    store,
    limits: DEFAULT_LIMITS,
    mapping: parseDeviceMapping('{}'),
    blockTtlDays: 14,
    ...options,
  })
}

/** A day that no other test writes to, in seconds. */
let day = 12_000 * DAY_S
const newDay = () => {
  day += 10 * DAY_S
  return day
}

async function rejectsOf(store: Store): Promise<Map<bigint, { reason: string; bytes: Uint8Array }>> {
  const found = new Map<bigint, { reason: string; bytes: Uint8Array }>()
  for await (const { sequence, reason, bytes } of store.rejects.list(ARRIVAL_MS / 1000)) {
    found.set(sequence, { reason, bytes })
  }
  return found
}

describe('consumeBatch', () => {
  const point = fc.tuple(
    fc.constantFrom('cpu', 'mem', 'net'),
    fc.constantFrom('a', 'b', 'c'),
    // Few instants in some hours, so that points collide.
    fc.integer({ min: 0, max: 12 }).map((n) => n * 0.4 * HOUR_MS),
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    ),
  )

  test('makes every point readable, the last of an instant, whatever is delivered again in whatever batches', async () => {
    const store = open()
    const records = fc.array(fc.array(point, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 6 })
    const places = fc.array(fc.nat(), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(records, places, places, async (lists, first, again) => {
        const base = newDay()
        const moved = lists.map((list) =>
          list.map(([metric, host, time, value]): TestPoint => [metric, host, time + base * 1000, value]),
        )
        const inputs = moved.map((list, i) => input(i, list))
        for (const boundaries of [first, again]) {
          const consumer = consumerOf(store, { clock: () => base * 1000 })
          for (const batch of cut(inputs, boundaries)) {
            const points = batch.reduce((sum, one) => sum + (moved[inputs.indexOf(one)]?.length ?? 0), 0)
            expect(await consumeBatch(consumer, batch)).toEqual({ points, rejects: 0 })
          }
        }
        expect(await readable(store, base, base)).toEqual(expected(moved))
      }),
      { numRuns: 15 },
    )
  })

  test('stores JSON points, packed points and device messages of one batch', async () => {
    const store = open()
    const base = newDay()
    const at = base * 1000
    const json = (value: number) => JSON.stringify({ metric: 'json', timestamp: base, value, tags: { host: 'a' } })
    const payload = Buffer.from(JSON.stringify({ ts: base, temp: 21.5 })).toString('base64')
    const device = JSON.stringify({ payload, topic: 'plant/hall', clientId: 'esp32', time: ARRIVAL_MS })
    const result = await consumeBatch(consumerOf(store), [
      input(0, [['packed', 'a', at, 9007199254740993n]]),
      input(1, json(1)),
      input(2, `[${json(2)},${json(3)}]\n${json(4)}`),
      input(3, device),
    ])
    expect(result).toEqual({ points: 6, rejects: 0 })
    expect(await readable(store, base, base)).toEqual(
      new Map([
        [`packed a ${at}`, '9007199254740993'],
        [`json a ${at}`, '4'],
        [`iot.temp plant/hall esp32 ${at}`, '21.5'],
      ]),
    )
  })

  test('keeps what it cannot read or store with the reason, and stores the rest', async () => {
    const store = open()
    const base = newDay()
    const damaged = encodeStreamRecord({ firstIndex: 0, batch: batchOf([['m', 'a', 0, 1]]) }).slice(0, -1)
    const noPoint = JSON.stringify({ metric: 'm', timestamp: base, value: 'x', tags: { host: 'a' } })
    const illegal = batchOf([
      ['m', 'a', base * 1000, 1],
      ['m!', 'a', base * 1000, 1],
      ['m', 'b', 2 ** 42, 1],
    ])
    const records = [
      input(100, damaged),
      input(101, '{"metric":'),
      input(102, noPoint),
      input(103, encodeStreamRecord({ firstIndex: 40, batch: illegal })),
      input(104, ''),
      input(105, [['m', 'c', base * 1000, 5]]),
    ]
    expect(await consumeBatch(consumerOf(store), records)).toEqual({ points: 2, rejects: 5 })
    const rejects = await rejectsOf(store)
    const reasonOf = (i: number) => rejects.get(BigInt(records[i]!.sequence))?.reason
    expect(reasonOf(0)).toContain("Can't read stream record")
    expect(reasonOf(1)).toContain('Unable to parse the given JSON')
    expect(reasonOf(2)).toBe('point 0: Unable to parse value to a number')
    expect(reasonOf(3)?.split('\n')).toEqual([
      'point 42: The time 4398046511104 ms is not within 1970 to 2106',
      'point 41: Invalid metric name ("m!"): illegal character: !',
    ])
    expect(reasonOf(4)).toBe('The record is empty')
    expect(reasonOf(5)).toBeUndefined()
    for (const { sequence, bytes } of records.slice(0, 5)) {
      expect(Buffer.from(rejects.get(BigInt(sequence))!.bytes).equals(Buffer.from(bytes))).toBe(true)
    }
    expect(await readable(store, base, base)).toEqual(
      new Map([
        [`m a ${base * 1000}`, '1'],
        [`m c ${base * 1000}`, '5'],
      ]),
    )
  })

  test('rejects a record that cannot be encoded, and stores those around it', async () => {
    class Fragile extends BlockEncoder {
      override encodeAll(points: GroupedPoints): EncodedBlock[] {
        if (points.values.includes(666)) throw new RangeError('made up by the test')
        return super.encodeAll(points)
      }
    }
    const store = open()
    const base = newDay()
    const syncId = Buffer.alloc(16, 2)
    const consumer = { ...consumerOf(store), encoder: new Fragile(DEFAULT_UID_WIDTHS) }
    const lists = [1, 2, 666, 4, 5].map((value, i): TestPoint[] => [['m', `host-${i}`, base * 1000, value]])
    const records = lists.map((list, i) => input(150 + i, list, i === 2 ? { syncId, syncParts: WHOLE } : {}))
    expect(await consumeBatch(consumer, records)).toEqual({ points: 4, rejects: 1 })
    expect(await readable(store, base, base)).toEqual(expected(lists.filter((_, i) => i !== 2)))
    const reason = "It can't be encoded: made up by the test"
    expect((await rejectsOf(store)).get(BigInt(records[2]!.sequence))?.reason).toBe(`point 0: ${reason}`)
    expect(await store.acks.read(syncId)).toEqual({ stored: 0, errors: [{ index: 0, message: reason }] })
  })

  test('gives no UIDs to names of series that cannot be stored', async () => {
    const store = open()
    await consumeBatch(consumerOf(store), [input(200, [['bad metric', 'only-of-bad', 0, 1]])])
    expect(await store.uids.namesToUids('tagv', ['only-of-bad'])).toEqual(new Map())
  })

  test('acknowledges a synchronous put with the points it could not store, once the others are readable', async () => {
    const store = open()
    const base = newDay()
    const syncId = Buffer.alloc(16, 1)
    const points: TestPoint[] = [
      ['m', 'a', base * 1000, 1],
      ['m?', 'a', base * 1000, 1],
    ]
    const part = (index: number) => ({ syncId, syncParts: { index, count: 2 }, firstIndex: index * 10 })
    await consumeBatch(consumerOf(store), [input(300, points, part(0))])
    expect(await store.acks.read(syncId)).toBeUndefined()
    await consumeBatch(consumerOf(store), [input(301, points, part(1))])
    const message = 'Invalid metric name ("m?"): illegal character: ?'
    expect(await store.acks.read(syncId)).toEqual({
      stored: 2,
      errors: [
        { index: 1, message },
        { index: 11, message },
      ],
    })
    expect((await readable(store, base, base)).size).toBe(1)
  })

  test('notes each series once, whichever instance sees it first', async () => {
    const client = new DynamoDBClient({ endpoint: dynamo.endpoint })
    const countLogged = async () => {
      const scan = { TableName: TABLES.meta, FilterExpression: 'attribute_exists(series)', ConsistentRead: true }
      return (await client.send(new ScanCommand(scan))).Count ?? 0
    }
    const base = newDay() * 1000
    const before = await countLogged()
    const consumer = consumerOf(open())
    await consumeBatch(consumer, [
      input(400, [
        ['noted', 'a', base, 1],
        ['noted', 'b', base, 1],
      ]),
    ])
    expect(await countLogged()).toBe(before + 1)
    await consumeBatch(consumer, [input(401, [['noted', 'a', base, 1]])])
    await consumeBatch(consumerOf(open()), [input(402, [['noted', 'b', base, 1]])])
    expect(await countLogged()).toBe(before + 1)
    await consumeBatch(consumerOf(open()), [
      input(403, [
        ['noted', 'b', base, 1],
        ['noted', 'c', base, 1],
      ]),
    ])
    expect(await countLogged()).toBe(before + 2)
    client.destroy()
  })

  test('lets blocks expire after as many days as it is told, or never', async () => {
    const client = new DynamoDBClient({ endpoint: dynamo.endpoint })
    const now = newDay() * 1000
    const expiries = async () => {
      const scan = {
        TableName: TABLES.data,
        FilterExpression: 'attribute_exists(#block)',
        ExpressionAttributeNames: { '#block': 'block' },
        ConsistentRead: true,
      }
      const { Items = [] } = await client.send(new ScanCommand(scan))
      return Items.map((item) => item[TTL_ATTRIBUTE]?.N)
    }
    const before = await expiries()
    expect(before).not.toContain(undefined)
    for (const [i, blockTtlDays] of [0, 2].entries()) {
      await consumeBatch(consumerOf(open(), { blockTtlDays, clock: () => now }), [
        input(450 + i, [['ttl', 'a', now, i]]),
      ])
    }
    const after = await expiries()
    expect(after).toHaveLength(before.length + 2)
    expect(after).toContain(undefined)
    expect(after).toContain(String(now / 1000 + 2 * DAY_S))
    client.destroy()
  })

  test('counts blocks that come after the cut-off of their hour as late, every time, and no others', async () => {
    const store = open()
    const base = newDay()
    const cutOffMs = base * 1000 + HOUR_MS + SEAL_GRACE_MS
    const lateAt = async (now: number, i: number) => {
      await consumeBatch(consumerOf(store, { clock: () => now }), [input(500 + i, [['late', 'a', base * 1000, i]])])
      const [hour] = (await store.ledger.readLedger([0, 1, 2], base, base)).get(base) ?? []
      return hour?.late
    }
    expect(await lateAt(cutOffMs - 1, 0)).toBe(0)
    expect(await lateAt(cutOffMs, 1)).toBe(1)
    expect(await lateAt(cutOffMs + 1, 2)).toBe(2)
  })

  test('counts blocks as late whose hour is cut off while they are put', async () => {
    const base = newDay()
    const cutOffMs = base * 1000 + HOUR_MS + SEAL_GRACE_MS
    let now = cutOffMs - 1
    const onConsumed = ({ operation }: { operation: string }) => {
      if (operation === 'BatchWriteItem') now = cutOffMs
    }
    const store = open({ onConsumed })
    // The series log and the UIDs are written before.
    await consumeBatch(consumerOf(store, { clock: () => 0 }), [input(510, [['cut', 'a', base * 1000, 0]])])
    now = cutOffMs - 1
    await consumeBatch(consumerOf(store, { clock: () => now }), [input(511, [['cut', 'a', base * 1000, 1]])])
    expect(now).toBe(cutOffMs)
    const [hour] = (await store.ledger.readLedger([0, 1, 2], base, base)).get(base) ?? []
    expect(hour?.late).toBe(1)
  })

  test('stores points strewn over many hours', async () => {
    const store = open()
    const base = newDay()
    const points = Array.from({ length: 60 }, (_, i): TestPoint => ['wide', 'a', base * 1000 + i * HOUR_MS, i])
    expect(await consumeBatch(consumerOf(store), [input(600, points)])).toEqual({ points: 60, rejects: 0 })
    expect(await readable(store, base, base + 2 * DAY_S)).toEqual(expected([points]))
  })
})

describe('consumeBatch, the store failing', () => {
  /** A store whose requests from the `n`-th on all fail, until healed. */
  function failing(n: number): { store: Store; heal: () => void; failed: () => boolean } {
    const client = new DynamoDBClient({ endpoint: dynamo.endpoint, maxAttempts: 1 })
    let requests = 0
    let healed = false
    client.middlewareStack.add(
      (send) => async (args) => {
        if (!healed && requests++ >= n) {
          throw Object.assign(new Error('made up by the test'), {
            name: 'InternalServerError',
            $metadata: { httpStatusCode: 500 },
          })
        }
        return send(args)
      },
      { step: 'initialize', name: 'failFrom' },
    )
    return {
      store: open({ client, deadlineMs: 1 }),
      heal: () => {
        healed = true
      },
      failed: () => requests > n,
    }
  }

  test('fails from the first record, acknowledges nothing, and is made good by a delivery in other batches', async () => {
    let n = 0
    let wentWell = false
    for (; !wentWell; n++) {
      const base = newDay()
      const syncId = Buffer.alloc(16, n + 10)
      const lists = [0, 1, 2].map((record): TestPoint[] => [
        [`new.metric.${n}`, `host-${n}-${record}`, base * 1000, record],
        ['cpu', 'a', base * 1000, record],
        ['cpu', 'b', base * 1000 + 3 * HOUR_MS, record],
      ])
      const records = [
        ...lists.map((list, i) => input(1000 * (n + 1) + i, list, i === 1 ? { syncId, syncParts: WHOLE } : {})),
        input(1000 * (n + 1) + 3, 'no JSON'),
      ]
      const { store, heal, failed } = failing(n)
      const consumer = consumerOf(store)
      const result = await consumeBatch(consumer, records)
      wentWell = result.failed === undefined
      expect(wentWell).toBe(!failed())
      const healthy = open()
      if (!wentWell) {
        expect(result.failed?.from).toBe(records[0]?.sequence)
        expect(await healthy.acks.read(syncId)).toBeUndefined()
        // What is readable by then is right, if not all.
        const all = new Map(lists.flat().map((one) => [`${one[0]} ${one[1]} ${one[2]}`, one[3]]))
        for (const key of (await readable(healthy, base, base)).keys()) expect(all.has(key)).toBe(true)
      }
      heal()
      for (const batch of [records.slice(0, 1), records.slice(1, 3), records.slice(2)]) {
        expect((await consumeBatch(consumer, batch)).failed).toBeUndefined()
      }
      expect(await readable(healthy, base, base)).toEqual(expected(lists))
      expect(await healthy.acks.read(syncId)).toEqual({ stored: 3, errors: [] })
      expect((await rejectsOf(healthy)).has(BigInt(records[3]!.sequence))).toBe(true)
    }
    // Layout, epoch, names, log, ledger, blocks, notes, rejects and acks each had their turn to fail.
    expect(n).toBeGreaterThan(10)
  })

  test('throws where the store refuses, so that the failure shows', async () => {
    const store = open({ tables: { ...TABLES, data: 'no-such-table' } })
    await expect(consumeBatch(consumerOf(store), [input(0, [['m', 'a', 0, 1]])])).rejects.toThrow(StoreRefusedError)
  })
})

describe('consumeBatch, UIDs running out', () => {
  test('rejects the points whose names got none, says so in the acknowledgement, and stores the others', async () => {
    const small = await startDynamo()
    const store = open({ endpoint: small.endpoint, uidWidths: { metric: 3, tagk: 3, tagv: 1 } })
    const consumer = consumerOf(store)
    const points = (count: number, from: number) =>
      Array.from({ length: count }, (_, i): TestPoint => ['m', `host-${from + i}`, 0, from + i])
    expect(await consumeBatch(consumer, [input(0, points(250, 0))])).toEqual({ points: 250, rejects: 0 })
    const syncId = Buffer.alloc(16, 9)
    // One old name, then ten new ones where there is room for five.
    const record = input(1, points(11, 249), { syncId, syncParts: WHOLE })
    const result = await consumeBatch(consumer, [record, input(2, points(1, 0))])
    expect(result.rejects).toBe(1)
    expect(result.points).toBeGreaterThan(1)
    const ack = await store.acks.read(syncId)
    expect((ack?.stored ?? 0) + (ack?.errors.length ?? 0)).toBe(11)
    expect(ack?.errors.at(-1)).toEqual({ index: 10, message: expect.stringContaining('No tagv UIDs are left') })
    expect((await rejectsOf(store)).get(BigInt(record.sequence))?.reason).toContain('No tagv UIDs are left')
    expect((await readable(store, 0, 0)).size).toBe(249 + (ack?.stored ?? 0))
    await small.stop()
  })
})
