import { describe, expect, it } from 'vitest'
import { openClient } from '../../lib/store/dynamo.ts'
import { layoutAt } from '../../lib/store/layout.ts'
import { changeLayout } from '../../lib/store/layout-record.ts'
import type { RunningDynamo } from '../helpers/dynamo.ts'
import { beforeNth } from '../helpers/dynamo-faults.ts'
import { range, useStores } from './stores.ts'

const HOUR = 1_356_998_400
const DAY = HOUR

/** What the ledger says of an hour that has blocks and nothing else yet. */
const OPEN = {
  state: 'open',
  late: 0,
  rounds: 0,
  roundEndedAt: 0,
  leasedUntil: 0,
  fence: 0,
  rows: 0,
  rowBytes: 0,
  cleared: false,
}

/**
 * What the ledger, its leases and the layout promise, whatever DynamoDB is behind them.
 * @param start starts one with the four empty tables
 */
export function ledgerContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`The ledger on ${name}`, () => {
    const { open, openFresh, endpoint } = useStores(start)

    describe('the ledger', () => {
      it('names the hours that were opened, by shelf, over days, and no others', async () => {
        const store = open()
        await store.ledger.openHour(10, DAY)
        await store.ledger.openHour(11, DAY)
        await store.ledger.openHours([
          { shelf: 10, baseTime: DAY + 23 * 3600 },
          { shelf: 10, baseTime: DAY + 86_400 + 3600 },
          { shelf: 12, baseTime: DAY },
        ])
        const ledger = await open().ledger.readLedger([10, 11, 13], DAY + 100, DAY + 86_400)
        expect([...ledger]).toEqual([
          [DAY, [10, 11].map((shelf) => ({ ...OPEN, shelf, baseTime: DAY }))],
          [DAY + 23 * 3600, [{ ...OPEN, shelf: 10, baseTime: DAY + 23 * 3600 }]],
          [DAY + 86_400 + 3600, [{ ...OPEN, shelf: 10, baseTime: DAY + 86_400 + 3600 }]],
        ])
        expect((await store.ledger.readLedger([10], DAY - 86_400, DAY - 1)).size).toBe(0)
      })

      it('names none before 1970 and none that keys have no room for, however far a reader looks', async () => {
        const { store, stop } = await openFresh()
        const lastHour = 2 ** 32 - (2 ** 32 % 3600)
        await store.ledger.openHours([
          { shelf: 9, baseTime: 0 },
          { shelf: 9, baseTime: lastHour },
        ])
        expect([...(await store.ledger.readLedger([9], -3 * 86_400, 3600)).keys()]).toEqual([0])
        expect([...(await store.ledger.readLedger([9], lastHour, 2 ** 53)).keys()]).toEqual([lastHour])
        expect((await store.ledger.readLedger([9], 2 ** 33, 2 ** 34)).size).toBe(0)
        await store.ledger.completeDayList([], 0)
        const list = await store.ledger.readDayList([9], -(2 ** 53), 2 ** 53)
        expect([list?.has(9, 0), list?.has(9, 86_400)]).toEqual([true, false])
        await stop()
      })

      it('notes an hour once per instance, and a late block every time', async () => {
        const store = open()
        await store.ledger.openHour(20, DAY)
        await store.ledger.openHour(20, DAY)
        // The day's item, and its place among the days to seal.
        expect(store.stats.requests).toBe(2)
        const early = Uint8Array.of(0, 5)
        const late = Uint8Array.of(0xff)
        for (const sk of [late, early, late, early]) await store.ledger.noteLate(20, DAY, sk)
        const [hour] = (await store.ledger.readLedger([20], DAY, DAY)).get(DAY) ?? []
        expect(hour).toEqual({ ...OPEN, shelf: 20, baseTime: DAY, late: 4, earliestLate: early })
      })

      it('gives each who opens an hour a run of its own, without gaps, and the blocks of a run their numbers', async () => {
        const hours = [DAY, DAY + 3600].map((baseTime) => ({ shelf: 22, baseTime }))
        const [hour = expect.unreachable(), other = expect.unreachable()] = hours
        const { ledger } = open()
        const first = await ledger.openHours([hour, { ...hour }])
        expect([1, 2, 3].map(() => first.take(hour))).toEqual([0, 1, 2].map((number) => ({ run: 0, number })))
        const again = await ledger.openHours(hours)
        expect([again.take({ ...hour }), again.take(other), first.take(hour)]).toEqual([
          { run: 0, number: 3 },
          { run: 0, number: 0 },
          { run: 0, number: 4 },
        ])
        const others = await Promise.all(range(5, () => open().ledger.openHours(hours)))
        for (const each of hours) {
          const runs = others.map((runs) => runs.take(each))
          expect(runs.map(({ run }) => run).sort()).toEqual([1, 2, 3, 4, 5])
          expect(runs.every(({ number }) => number === 0)).toBe(true)
        }
        ledger.endRuns([hour])
        const next = await ledger.openHours(hours)
        expect([next.take(hour), next.take(other)]).toEqual([
          { run: 6, number: 0 },
          { run: 0, number: 1 },
        ])
        expect(() => next.take({ shelf: 23, baseTime: DAY })).toThrow('not open')
      })

      it('counts every late block and keeps the earliest key when many writers note them at once', async () => {
        await open().ledger.openHour(21, DAY)
        const writers = Array.from({ length: 6 }, () => open())
        await Promise.all(writers.map((store, i) => store.ledger.noteLate(21, DAY, Uint8Array.of(200 - i * 30))))
        const [hour] = (await open().ledger.readLedger([21], DAY, DAY)).get(DAY) ?? []
        expect(hour).toEqual({ ...OPEN, shelf: 21, baseTime: DAY, late: 6, earliestLate: Uint8Array.of(50) })
      })
    })

    describe('the list of days', () => {
      const day = (n: number) => DAY + n * 86_400

      it('names days to seal and days that were sealed, once the store was gone through', async () => {
        const { ledger } = open()
        await ledger.openHours([0, 1, 700].flatMap((n) => [50, 51].map((shelf) => ({ shelf, baseTime: day(n) }))))
        const [, second] = await ledger.pendingDays(50)
        if (second === undefined) return expect.unreachable()
        await ledger.endPending(second)
        expect(await ledger.readDayList([50], 0, day(800))).toBeUndefined()
        await ledger.completeDayList([50, 51], day(2))
        const days = async () => {
          const list = await ledger.readDayList([50, 51], 0, day(800))
          return range(800, (n) => n).filter((n) => list?.has(50, day(n)))
        }
        expect(await days()).toEqual([0, 1, 700])
        for (const pending of await ledger.pendingDays(50)) await ledger.endPending(pending)
        expect(await ledger.pendingDays(50)).toEqual([])
        expect(await days()).toEqual([0, 1, 700])
        await ledger.openHour(50, day(3))
        expect(await days()).toEqual([0, 1, 3, 700])
      })

      it.each([
        'its first hour',
        'a late block',
      ])('names a day that somebody finds to be done with while %s is noted', async (what) => {
        const other = open()
        const shelf = what === 'a late block' ? 71 : 70
        // As sealing does.
        const endDone = async () => {
          for (const day of await other.ledger.pendingDays(shelf)) {
            const hours = await other.ledger.readDays([day])
            if (hours.every(({ state }) => state === 'sealed')) await other.ledger.endPending(day)
          }
        }
        if (what === 'a late block') {
          await other.ledger.openHour(shelf, HOUR)
          const lease = await other.ledger.lease({ shelf, baseTime: HOUR }, 'one', 1, 1)
          await other.ledger.markSealed(lease ?? expect.unreachable(), { rows: 0, blockBytes: 0, rowBytes: 0 }, 2)
          await endDone()
          expect(await other.ledger.pendingDays(shelf)).toEqual([])
        }
        const client = openClient(endpoint())
        beforeNth(client, 'UpdateItemCommand', 2, endDone)
        const { ledger } = open({ client })
        await (what === 'a late block' ? ledger.noteLate(shelf, HOUR, Uint8Array.of(1)) : ledger.openHour(shelf, HOUR))
        expect(await other.ledger.pendingDays(shelf)).toMatchObject([{ shelf, day: DAY }])
      })

      it('spares readers the days that have no points', async () => {
        let requests = 0
        let readUnits = 0
        const { ledger } = open({
          onConsumed: (consumed) => {
            requests++
            readUnits += consumed.readUnits
          },
        })
        await ledger.openHour(52, day(9))
        await ledger.completeDayList([52], day(10))
        for (const pending of await ledger.pendingDays(52)) await ledger.endPending(pending)
        ;[requests, readUnits] = [0, 0]
        const list = await ledger.readDayList([52], 0, day(20_000))
        expect([...(await ledger.readLedger([52], 0, day(20_000), list)).keys()]).toEqual([day(9)])
        expect(requests).toBeLessThan(5)
        expect(readUnits).toBeLessThan(100)
      })
    })

    describe('leases', () => {
      const counts = { rows: 2, blockBytes: 300, rowBytes: 100 }
      const hourOf = async (shelf: number) => (await open().ledger.readLedger([shelf], DAY, DAY)).get(DAY)?.[0]

      it('are given to one at a time, each with a greater fence, and end by themselves', async () => {
        const { ledger } = open()
        const hour = { shelf: 40, baseTime: DAY }
        await ledger.openHour(40, DAY)
        const first = await ledger.lease(hour, 'a', 1000, 500)
        expect(first).toMatchObject({ fence: 1, state: 'open', leasedUntil: 1500 })
        expect(await ledger.lease(hour, 'b', 1499, 500)).toBeUndefined()
        expect(await ledger.lease(hour, 'b', 1500, 500)).toMatchObject({ fence: 2, leasedUntil: 2000 })
        if (first === undefined) return expect.unreachable()
        expect(await ledger.markSealed(first, counts, 1600)).toBe(false)
        await ledger.release(first)
        expect(await hourOf(40)).toMatchObject({ state: 'open', leasedUntil: 2000 })
      })

      it('seal an hour unless a late block was noted since, and a note afterwards makes it late', async () => {
        const { ledger } = open()
        const hour = { shelf: 41, baseTime: DAY }
        await ledger.openHour(41, DAY)
        const lost = await ledger.lease(hour, 'a', 1000, 500)
        if (lost === undefined) return expect.unreachable()
        await ledger.noteLate(41, DAY, Uint8Array.of(7))
        expect(await ledger.markSealed(lost, counts, 1100)).toBe(false)
        await ledger.postpone(lost, 1100)
        expect(await hourOf(41)).toMatchObject({ state: 'open', rounds: 1, roundEndedAt: 1100, leasedUntil: 0 })
        const lease = await ledger.lease(hour, 'a', 1200, 500)
        if (lease === undefined) return expect.unreachable()
        expect(await ledger.markSealed(lease, counts, 1300)).toBe(true)
        expect(await hourOf(41)).toEqual({
          ...OPEN,
          ...hour,
          state: 'sealed',
          late: 1,
          rounds: 2,
          fence: 2,
          roundEndedAt: 1300,
          rows: counts.rows,
          rowBytes: counts.rowBytes,
        })
        await ledger.noteLate(41, DAY, Uint8Array.of(9))
        expect(await hourOf(41)).toMatchObject({ state: 'late', late: 2, earliestLate: Uint8Array.of(9) })
      })

      it('keep a day on the list of those to seal that was noted again since the list was read', async () => {
        const { ledger } = open()
        await ledger.openHour(42, DAY)
        await ledger.openHour(42, DAY + 86_400)
        const [day] = await ledger.pendingDays(42)
        expect(await ledger.pendingDays(42)).toMatchObject([{ day: DAY }, { day: DAY + 86_400 }])
        if (day === undefined) return expect.unreachable()
        await ledger.noteLate(42, DAY, Uint8Array.of(1))
        await ledger.endPending(day)
        expect(await ledger.pendingDays(42)).toHaveLength(2)
        for (const each of await ledger.pendingDays(42)) await ledger.endPending(each)
        expect(await ledger.pendingDays(42)).toEqual([])
      })
    })

    describe('the layout', () => {
      it('is the configured one until a writer comes, then the first writer’s for everybody', async () => {
        const { store, endpoint, stop } = await openFresh({ shelves: 8 })
        expect((await store.layout.readLayout())[0].shelves).toBe(8)
        const late = open({ endpoint, shelves: 2 })
        expect((await late.layout.readLayout())[0].shelves).toBe(2)
        expect((await store.layout.ensureLayout())[0].shelves).toBe(8)
        expect((await late.layout.ensureLayout())[0].shelves).toBe(8)
        expect(await late.layout.readLayout()).toEqual([{ fromHour: 0, shelves: 8, saltBuckets: 1, splits: new Map() }])
        await stop()
      })

      it('never changes for an hour that a writer asked for, whoever knows what', async () => {
        const { store, endpoint, stop } = await openFresh({ shelves: 1 })
        const hour = Math.floor(Date.now() / 3_600_000) * 3600 + 100 * 3600
        const change = { shelves: 2, splits: new Map<number, number>() }
        await store.layout.ensureLayout([hour - 7200])
        const other = open({ endpoint })
        const before = await other.layout.readRecord()
        if (before === undefined) return expect.unreachable()
        await store.layout.ensureLayout([hour])
        // What it knows is from before the hour was settled.
        expect(await other.layout.replace(before, changeLayout(before, hour - 3600, change))).toBe(false)
        const after = await other.layout.readRecord()
        if (after === undefined) return expect.unreachable()
        expect(await other.layout.replace(after, changeLayout(after, hour - 3600, change))).toBe(true)
        // What the writer knows is from before the change: of the hour it is right, of others it has to look again.
        const requests = store.stats.requests
        expect(layoutAt(await store.layout.ensureLayout([hour]), hour).shelves).toBe(1)
        expect(store.stats.requests).toBe(requests)
        const history = await store.layout.ensureLayout([hour - 3600, hour + 3600])
        expect([-1, 0, 1].map((i) => layoutAt(history, hour + i * 3600).shelves)).toEqual([2, 1, 2])
        await stop()
      })

      it('is right for readers of hours that nobody had settled when they last looked', async () => {
        const { store, endpoint, stop } = await openFresh({ shelves: 1 })
        const hour = Math.floor(Date.now() / 3_600_000) * 3600 + 100 * 3600
        await store.layout.ensureLayout([hour - 7200])
        const reader = open({ endpoint })
        await reader.layout.readLayout()
        const record = await store.layout.readRecord()
        if (record === undefined) return expect.unreachable()
        await store.layout.replace(record, changeLayout(record, hour, { shelves: 2, splits: new Map() }))
        await store.layout.ensureLayout([hour])
        const range = { from: hour, to: hour + 3600 }
        expect(layoutAt(await reader.layout.readLayout(range), hour).shelves).toBe(2)
        await stop()
      })

      it('is read once a minute', async () => {
        let now = 0
        const store = open({ clock: () => now })
        await store.layout.ensureLayout()
        const before = store.stats.requests
        now = 59_999
        await store.layout.readLayout()
        expect(store.stats.requests).toBe(before)
        now = 60_000
        await store.layout.readLayout()
        expect(store.stats.requests).toBe(before + 1)
      })
    })
  })
}
