import { DeleteItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { IncompleteRowError } from '../../lib/codec/errors.ts'
import { encodeRow } from '../../lib/codec/row.ts'
import { encodeRowKey } from '../../lib/codec/row-key.ts'
import { encodeTsuid } from '../../lib/codec/tsuid.ts'
import { KIND_FLOAT, KIND_MS, type PointColumns, PointColumnsBuilder } from '../../lib/model/points.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { openClient } from '../../lib/store/dynamo.ts'
import { ConditionFailedError } from '../../lib/store/errors.ts'
import { type RunningDynamo, TABLES } from '../helpers/dynamo.ts'
import { beforeNth, dieAfter, loseAnswers } from '../helpers/dynamo-faults.ts'
import { Actor, randomFrom, Stage } from '../helpers/stage.ts'
import { hash, range, useStores } from './stores.ts'

const HOUR = 1_356_998_400
const consistent = { consistent: true }

const tsuid = (metric: number, host: number) => encodeTsuid(metric, [[1, host]], DEFAULT_UID_WIDTHS)

/** Doubles that nothing compresses, a point a millisecond. */
function noise(count: number, seed: number): PointColumns {
  const random = randomFrom(seed)
  const columns = new PointColumnsBuilder(count)
  for (let i = 0; i < count; i++) columns.push(HOUR * 1000 + i, random(), KIND_FLOAT | KIND_MS)
  return columns
}

function put(metric: number, host: number, points: PointColumns, arrival = 1) {
  const row = { points, newest: { arrival: HOUR * 1000 + arrival, shard: 0, sequence: 5n } }
  return { tsuid: tsuid(metric, host), baseTime: HOUR, row }
}

const valuesOf = ({ points }: { points: PointColumns }) => Array.from(points.values.subarray(0, points.count))

/**
 * What the store of rows promises, whatever DynamoDB is behind it.
 * @param start starts one with the four empty tables
 */
export function rowsContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`Rows on ${name}`, () => {
    const { open, openFresh, endpoint } = useStores(start)

    it('come back by key and by metric and hour, those that are there and no others', async () => {
      const store = open()
      await store.rows.putRows(
        range(130, (host) => put(1, host, noise(3, host))),
        1,
      )
      await store.rows.putRows([put(2, 1, noise(3, 1))], 1)
      const inHour = await store.rows.readRowsRange(1, HOUR, { consistent: false })
      expect(inHour).toHaveLength(130)
      expect(await store.rows.readRowsRange(1, HOUR + 3600, consistent)).toEqual([])
      const exact = await store.rows.readRowsExact([HOUR, HOUR + 3600], [tsuid(1, 7), tsuid(1, 999)], consistent)
      expect(exact.map(({ baseTime, row }) => ({ baseTime, newest: row.newest, values: valuesOf(row) }))).toEqual([
        {
          baseTime: HOUR,
          newest: { arrival: HOUR * 1000 + 1, shard: 0, sequence: 5n },
          values: Array.from(noise(3, 7).values),
        },
      ])
    })

    it('lie under their salts', async () => {
      const { store, stop } = await openFresh({ saltBuckets: 5 })
      await store.rows.putRows(
        range(20, (host) => put(1, host, noise(1, host))),
        1,
      )
      expect(await store.rows.readRowsRange(1, HOUR, consistent)).toHaveLength(20)
      const hosts = range(20, (host) => tsuid(1, host))
      expect(await store.rows.readRowsExact([HOUR], hosts, consistent)).toHaveLength(20)
      await stop()
    })

    it('of many parts are read as one, also once they are replaced by fewer or more', async () => {
      const store = open()
      for (const [i, count] of [9_000, 17_000, 10, 9_500].entries()) {
        await store.rows.putRows([put(3, 1, noise(count, count)), put(3, 2, noise(5, 2))], i + 1)
        const byKey = await store.rows.readRowsExact([HOUR], [tsuid(3, 1)], consistent)
        const byHour = await store.rows.readRowsRange(3, HOUR, consistent)
        expect(byHour.map(({ row }) => row.points.count)).toEqual([count, 5])
        expect(byKey.map(({ row }) => row.points.count)).toEqual([count])
        expect(byKey.map(({ row }) => hash(new Uint8Array(Float64Array.from(valuesOf(row)).buffer)))).toEqual([
          hash(new Uint8Array(noise(count, count).values.slice(0, count).buffer)),
        ])
      }
    })

    it('leave no parts behind when they are rewritten with fewer', async () => {
      const store = open()
      const client = openClient(endpoint())
      const partsLeft = async () => {
        const { pk } = encodeRowKey({ salt: 0, tsuid: tsuid(5, 1), baseTime: HOUR, part: 0 }, DEFAULT_UID_WIDTHS)
        const input = {
          TableName: TABLES.data,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { B: pk } },
        }
        return (await client.send(new QueryCommand(input))).Count
      }
      const counts: number[] = []
      for (const [i, count] of [17_000, 40_000, 20_000, 10, 30_000, 5].entries()) {
        const own = put(5, 1, noise(count, count))
        await store.rows.putRows([own], i + 1)
        expect(await partsLeft()).toBe(encodeRow(own.row).length)
        counts.push(encodeRow(own.row).length)
      }
      client.destroy()
      expect(Math.max(...counts)).toBeGreaterThan(2)
    })

    it('of many parts keep all of them where answers are lost and the writer puts them again', async () => {
      const client = openClient(endpoint())
      loseAnswers(client)
      const store = open({ client })
      for (const [i, count] of [17_000, 40_000, 10, 17_000].entries()) {
        // Later leases alone ask what a row was before.
        await store.rows.putRows([put(6, 1, noise(count, count))], i + 2)
        const [row] = await open().rows.readRowsExact([HOUR], [tsuid(6, 1)], consistent)
        expect(row?.row.points.count).toBe(count)
      }
    })

    it('of which the store has forgotten a part are not there once the time of all points has come, and damaged before', async () => {
      const store = open()
      const client = openClient(endpoint())
      const nowS = Math.floor(Date.now() / 1000)
      for (const [host, expiry] of [
        [1, nowS - 1],
        [2, nowS + 1000],
      ] as const) {
        const points = noise(17_000, host)
        const expiring = { ...points, count: points.count, expiries: new Float64Array(points.count).fill(expiry) }
        await store.rows.putRows([put(7, host, expiring)], 1)
        const { pk, sk } = encodeRowKey({ salt: 0, tsuid: tsuid(7, host), baseTime: HOUR, part: 1 }, DEFAULT_UID_WIDTHS)
        await client.send(new DeleteItemCommand({ TableName: TABLES.data, Key: { pk: { B: pk }, sk: { B: sk } } }))
      }
      client.destroy()
      expect(await store.rows.readRowsExact([HOUR], [tsuid(7, 1)], consistent)).toEqual([])
      await expect(store.rows.readRowsExact([HOUR], [tsuid(7, 2)], consistent)).rejects.toThrow(IncompleteRowError)
    })

    it('can’t be written by who had the lease earlier', async () => {
      const store = open()
      await store.rows.putRows([put(4, 1, noise(2, 1)), put(4, 2, noise(9_000, 1))], 2)
      for (const count of [1, 9_500]) {
        for (const host of [1, 2]) {
          await expect(store.rows.putRows([put(4, host, noise(count, 9))], 1)).rejects.toThrow(ConditionFailedError)
        }
      }
      const rows = await store.rows.readRowsRange(4, HOUR, consistent)
      expect(rows.map(({ row }) => row.points.count)).toEqual([2, 9_000])
    })

    it('that were emptied can’t be put back by who had the lease earlier', async () => {
      const store = open()
      await store.rows.putRows([put(8, 1, noise(2, 1))], 1)
      await store.rows.emptyRows([put(8, 1, noise(2, 1))], 3)
      expect(await store.rows.readRowsRange(8, HOUR, consistent)).toEqual([])
      await expect(store.rows.putRows([put(8, 1, noise(2, 1))], 2)).rejects.toThrow(ConditionFailedError)
      expect(await store.rows.readRowsRange(8, HOUR, consistent)).toEqual([])
    })

    it('keep their parts when who had the lease earlier goes on with deleting what it has replaced', async () => {
      const later = open()
      await later.rows.putRows([put(9, 1, noise(17_000, 1))], 1)
      const client = openClient(endpoint())
      // Paused until a later holder has put its parts in the places of those that are to be deleted.
      beforeNth(client, 'DeleteItemCommand', 1, () => later.rows.putRows([put(9, 1, noise(18_000, 3))], 3))
      await open({ client }).rows.putRows([put(9, 1, noise(17_500, 2))], 2)
      const [row] = await later.rows.readRowsRange(9, HOUR, consistent)
      expect(row?.row.points.count).toBe(18_000)
    })

    it.each([
      true,
      false,
    ])('are the old ones or the new ones whenever their writer dies (answer: %s)', async (lastAnswer) => {
      const store = open()
      const metric = lastAnswer ? 10 : 11
      const [before, after] = [17_000, 18_000]
      let steps = 0
      for (let died = true; died; steps++) {
        const fence = 2 * steps + 1
        await store.rows.putRows([put(metric, 1, noise(before, 1))], fence)
        const client = openClient(endpoint())
        dieAfter(client, steps, lastAnswer)
        died = await open({ client })
          .rows.putRows([put(metric, 1, noise(after, 2))], fence + 1)
          .then(
            () => false,
            () => true,
          )
        const [row] = await store.rows.readRowsRange(metric, HOUR, consistent)
        expect([before, after]).toContain(row?.row.points.count)
      }
      // The layout, the claim, two parts, and the part that is replaced.
      expect(steps).toBeGreaterThanOrEqual(5)
    })

    it('are whole at every moment while they are written, and if their writer dies', async () => {
      const random = randomFrom(1)
      const versions = [0, 9_000, 17_000, 4, 9_500]
      for (let run = 0; run < 4; run++) {
        const metric = 100 + run
        const stage = new Stage(random)
        let written = 0
        const writer = new Actor('writer')
        const reader = new Actor('reader')
        const directed = (actor: Actor) => {
          const client = openClient(endpoint())
          stage.direct(client, actor)
          return open({ client })
        }
        const writing = stage.begin(writer, async () => {
          const store = directed(writer)
          for (let version = 1; version < versions.length; version++) {
            await store.rows.putRows([put(metric, 1, noise(versions[version] ?? 0, 1))], version)
            written = version
          }
        })
        const reading = stage.begin(reader, async () => {
          const store = directed(reader)
          for (let i = 0; i < 4; i++) {
            const before = written
            const [byHour] = await store.rows.readRowsRange(metric, HOUR, consistent)
            const [byKey] = await store.rows.readRowsExact([HOUR], [tsuid(metric, 1)], consistent)
            for (const found of [byHour, byKey]) {
              expect(versions.slice(before)).toContain(found?.row.points.count ?? 0)
            }
          }
        })
        await stage.play(Promise.all([writing, reading]), 0.01, () => {})
        const [last] = await open().rows.readRowsRange(metric, HOUR, consistent)
        expect(versions.slice(written, written + 2)).toContain(last?.row.points.count ?? 0)
      }
    })
  })
}
