import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeStreamRecord } from '../../../lib/codec/stream-record.ts'
import { BlockEncoder, type EncodedBlock } from '../../../lib/ingest/blocks.ts'
import { consumeBatch } from '../../../lib/ingest/consume.ts'
import type { GroupedPoints } from '../../../lib/ingest/group.ts'
import { SEAL_GRACE_MS } from '../../../lib/ingest/write-blocks.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { TTL_ATTRIBUTE } from '../../../lib/store/dynamo.ts'
import {
  ARRIVAL_MS,
  batchOf,
  cut,
  expected,
  input,
  readable,
  type TestPoint,
  useConsumers,
  WHOLE,
} from '../../helpers/consume.ts'
import { TABLES } from '../../helpers/dynamo.ts'

const DAY_S = 86_400
const HOUR_MS = 3_600_000

const { open, consumerOf, newDay, rejectsOf, endpoint } = useConsumers()

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
    const client = new DynamoDBClient({ endpoint: endpoint() })
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
    const client = new DynamoDBClient({ endpoint: endpoint() })
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
