import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeTsuid } from '../../lib/codec/tsuid.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { openClient } from '../../lib/store/dynamo.ts'
import { StoreRefusedError, StoreUnavailableError } from '../../lib/store/errors.ts'
import { decodeBlockKey } from '../../lib/store/keys.ts'
import { layoutAt } from '../../lib/store/layout.ts'
import { changeLayout } from '../../lib/store/layout-record.ts'
import type { Reject } from '../../lib/store/rejects.ts'
import { type RunningDynamo, TABLES } from '../helpers/dynamo.ts'
import { beforeNth, failFirst, leaveOut, leaveOutKeys, loseAnswers } from '../helpers/dynamo-faults.ts'
import { randomFrom } from '../helpers/stage.ts'
import { hash, hex, range, sorted, useStores } from './stores.ts'

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
 * What the stores promise, whatever DynamoDB is behind them.
 * @param start starts one with the four empty tables
 */
export function storeContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`The store on ${name}`, () => {
    const { open, openFresh, endpoint } = useStores(start)

    describe('blocks', () => {
      const key = { shelf: 1, writtenAt: HOUR * 1000, shard: 7, firstSequence: 1n, lastSequence: 2n ** 180n }

      it('gives back every block of an hour and shelf, in order of writing, over many pages', async () => {
        const store = open()
        const blocks = Array.from({ length: 12 }, () => randomBytes(280_000))
        for (const [i, bytes] of blocks.entries()) {
          await store.data.putBlock({ ...key, baseTime: HOUR, writtenAt: key.writtenAt + i }, bytes)
        }
        const read = await store.data.readBlocks(1, HOUR)
        expect(read.map(hash)).toEqual(blocks.map(hash))
        expect(await store.data.readBlocks(2, HOUR)).toEqual([])
        expect(await store.data.readBlocks(1, HOUR + 3600)).toEqual([])
      })

      it('keeps one of a block put twice, and both of two blocks whose keys differ in the content alone', async () => {
        const store = open()
        const baseTime = HOUR + 7200
        const sks = []
        for (const text of ['one', 'one', 'two'])
          sks.push(await store.data.putBlock({ ...key, baseTime }, Buffer.from(text)))
        expect(sks[0]).toEqual(sks[1])
        const read = (await store.data.readBlocks(1, baseTime)).map((bytes) => Buffer.from(bytes).toString())
        expect(read.sort()).toEqual(['one', 'two'])
        expect(decodeBlockKey(Uint8Array.of(0xff, 0, 1, 0, 0, 0, 0), sks[0] ?? new Uint8Array())).toMatchObject({
          writtenAt: key.writtenAt,
          lastSequence: 2n ** 180n,
        })
      })

      it('puts many blocks in few requests', async () => {
        const store = open()
        const baseTime = HOUR + 3 * 3600
        const puts = Array.from({ length: 60 }, (_, i) => ({
          key: { ...key, baseTime, writtenAt: i },
          bytes: Buffer.from(`block ${i}`),
          expiresAtS: HOUR + 86_400,
        }))
        const sks = await store.data.putBlocks(puts)
        expect(store.stats.requests).toBe(3)
        expect(new Set(sks.map((sk) => Buffer.from(sk).toString('hex'))).size).toBe(60)
        expect(await store.data.readBlocks(1, baseTime)).toHaveLength(60)
      })

      it("names an hour's blocks by their keys, over several pages, and reads some of them", async () => {
        const store = open()
        const baseTime = HOUR + 4 * 3600
        const blocks = Array.from({ length: 6 }, (_, i) => Buffer.alloc(250_000, i))
        const puts = blocks.map((bytes, i) => ({ key: { ...key, baseTime, writtenAt: 6 - i }, bytes }))
        const sks = await store.data.putBlocks(puts)
        expect(await store.data.blockSks(1, baseTime)).toEqual([...sks].reverse())
        expect(await store.data.blockSks(2, baseTime)).toEqual([])
        const absent = Uint8Array.from([...(sks[0] ?? []), 1])
        const some = await store.data.getBlocks(1, baseTime, [...sks.slice(1, 3), absent])
        expect(some.map(({ bytes }) => bytes[0]).sort()).toEqual([1, 2])
        expect(some.every(({ sk, bytes }) => Buffer.compare(sk, sks[bytes[0]!] ?? sk) === 0)).toBe(true)
      })
    })

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

    describe('acknowledgements', () => {
      it('are there once every part is, with the errors of all in order', async () => {
        const store = open()
        const id = randomBytes(16)
        expect(await store.acks.read(id)).toBeUndefined()
        await store.acks.write(id, { index: 1, count: 2 }, { stored: 5, errors: [{ index: 9, message: 'ü' }] })
        expect(await store.acks.read(id)).toBeUndefined()
        const first = { stored: 3, errors: [{ index: 2, message: 'No metric UIDs are left' }] }
        await store.acks.write(id, { index: 0, count: 2 }, first)
        await store.acks.write(id, { index: 0, count: 2 }, first)
        expect(await store.acks.read(id)).toEqual({
          stored: 8,
          errors: [
            { index: 2, message: 'No metric UIDs are left' },
            { index: 9, message: 'ü' },
          ],
        })
      })

      it('keep every failed point however long the messages are', async () => {
        const store = open()
        const id = randomBytes(16)
        const errors = range(20_000, (index) => ({ index, message: randomBytes(40).toString('base64') }))
        await store.acks.write(id, { index: 0, count: 1 }, { stored: 0, errors })
        const read = await store.acks.read(id)
        expect(read?.errors.map(({ index }) => index)).toEqual(errors.map(({ index }) => index))
        expect(read?.errors[0]).toEqual(errors[0])
      })
    })

    describe('the series log', () => {
      it('gives back every series of a metric once, also when its items are larger than one may be', async () => {
        const store = open()
        const random = randomFrom(1)
        const series = range(60_000, () =>
          encodeTsuid(
            77,
            range(3, (tag) => [tag + 1, Math.floor(random() * 2 ** 32)] as const),
            DEFAULT_UID_WIDTHS,
          ),
        )
        await store.seriesLog.append(77, series)
        await store.seriesLog.appendAll([
          [77, series.slice(0, 10).map((tsuid) => ({ tsuid, firstDay: 7, lastDay: 9 }))],
          [78, [{ tsuid: encodeTsuid(78, [[1, 1]], DEFAULT_UID_WIDTHS), firstDay: 0, lastDay: 0 }]],
        ])
        const expected = [...new Set(series.map(hex))].sort()
        expect((await store.seriesLog.read(77)).map(hex)).toEqual(expected)
        expect((await store.seriesLog.read(78)).map(hex)).toEqual(['00004e00000100000001'])
        expect(await store.seriesLog.read(79)).toEqual([])
      })
    })

    describe('rejects', () => {
      it('come back whole with their reasons, in order of arrival, also above 400 KB', async () => {
        const store = open({ clock: () => DAY * 1000 })
        const rejects = [900_000, 10, 0, 400_000].map((size, i) => ({
          arrival: DAY * 1000 + i,
          shard: 1,
          sequence: 2n ** 180n + BigInt(i),
          reason: `reason ${i}`,
          bytes: randomBytes(size),
        }))
        for (const reject of [...rejects, ...rejects].reverse()) await store.rejects.put(reject)
        const listed = []
        for await (const reject of store.rejects.list(DAY + 5)) listed.push(reject)
        const summary = (all: readonly Reject[]) => all.map((reject) => ({ ...reject, bytes: hash(reject.bytes) }))
        expect(summary(listed)).toEqual(summary(rejects))
        for await (const reject of store.rejects.list(DAY + 86_400)) expect.unreachable(String(reject.reason))
      })
    })

    describe('when DynamoDB fails', () => {
      it('tries again after throttling, failures and broken connections, and counts it', async () => {
        const client = openClient(endpoint())
        const fail = failFirst(client, 4)
        const store = open({ client })
        await store.data.putBlock(
          { shelf: 30, baseTime: HOUR, writtenAt: 1, shard: 0, firstSequence: 0n, lastSequence: 0n },
          Buffer.from('x'),
        )
        expect(fail.left()).toBe(0)
        expect(store.stats).toMatchObject({ requests: 1, retries: 4 })
        expect(await store.data.readBlocks(30, HOUR)).toHaveLength(1)
      })

      it('asks again for what a batch left out', async () => {
        const client = openClient(endpoint())
        const leave = leaveOut(client, 3)
        const store = open({ client })
        const puts = range(30, (i) => ({
          key: { shelf: 31, baseTime: HOUR, writtenAt: i, shard: 0, firstSequence: 0n, lastSequence: 0n },
          bytes: Buffer.from(`block ${i}`),
        }))
        await store.data.putBlocks(puts)
        expect(leave.left()).toBe(0)
        expect(await store.data.readBlocks(31, HOUR)).toHaveLength(30)
      })

      it('asks again for the keys that were not read', async () => {
        const client = openClient(endpoint())
        const leave = leaveOutKeys(client, 3)
        const store = open({ client })
        const puts = range(30, (i) => ({
          key: { shelf: 32, baseTime: HOUR, writtenAt: i, shard: 0, firstSequence: 0n, lastSequence: 0n },
          bytes: Buffer.from(`block ${i}`),
        }))
        const read = await store.data.getBlocks(32, HOUR, await store.data.putBlocks(puts))
        expect(leave.left()).toBe(0)
        expect(read.map(({ bytes }) => Buffer.from(bytes).toString()).sort()).toEqual(
          puts.map(({ bytes }) => bytes.toString()).sort(),
        )
      })

      it('assigns no name twice when answers are lost', async () => {
        const client = openClient(endpoint())
        const names = range(10, (i) => `lost answer ${i}`)
        loseAnswers(client)
        const uids = await open({ client }).uids.assign('tagk', names)
        const stored = await open().uids.namesToUids('tagk', names)
        expect(sorted(uids)).toEqual(sorted(stored))
        expect(new Set(stored.values()).size).toBe(10)
      })

      it('gives up at the deadline with an error that says what failed and why', async () => {
        const client = openClient(endpoint())
        failFirst(client, Number.POSITIVE_INFINITY)
        const store = open({ client, deadlineMs: 100 })
        const failure = await store.data.readBlocks(1, HOUR).catch((error: unknown) => error)
        expect(failure).toBeInstanceOf(StoreUnavailableError)
        expect(failure).toMatchObject({ statusCode: 503, message: expect.stringContaining('Query') })
      })

      it('says so when nothing listens', async () => {
        const store = open({ endpoint: 'http://127.0.0.1:9', deadlineMs: 60 })
        await expect(store.uids.assign('metric', ['a'])).rejects.toThrow(StoreUnavailableError)
      })

      it('does not try again what will never succeed', async () => {
        const store = open({ tables: { ...TABLES, data: 'not-there' } })
        await expect(store.data.readBlocks(1, HOUR)).rejects.toThrow(StoreRefusedError)
        expect(store.stats.retries).toBe(0)
      })
    })
  })
}
