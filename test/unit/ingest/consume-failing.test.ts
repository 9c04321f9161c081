import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { consumeBatch } from '../../../lib/ingest/consume.ts'
import { StoreRefusedError } from '../../../lib/store/errors.ts'
import type { Store } from '../../../lib/store/index.ts'
import { expected, input, readable, type TestPoint, useConsumers, WHOLE } from '../../helpers/consume.ts'
import { startDynamo, TABLES } from '../../helpers/dynamo.ts'

const HOUR_MS = 3_600_000

const { open, consumerOf, newDay, rejectsOf, endpoint } = useConsumers()

describe('consumeBatch, the store failing', () => {
  /** A store whose requests from the `n`-th on all fail, until healed. */
  function failing(n: number): { store: Store; heal: () => void; failed: () => boolean } {
    const client = new DynamoDBClient({ endpoint: endpoint(), maxAttempts: 1 })
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
