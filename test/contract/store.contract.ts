import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeTsuid } from '../../lib/codec/tsuid.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import type { KeyedBlock, SkRange } from '../../lib/store/data.ts'
import { openClient } from '../../lib/store/dynamo.ts'
import { StoreRefusedError, StoreUnavailableError } from '../../lib/store/errors.ts'
import { decodeBlockKey, placeSk, UNPLACED_FROM } from '../../lib/store/keys.ts'
import type { Reject } from '../../lib/store/rejects.ts'
import { type RunningDynamo, TABLES } from '../helpers/dynamo.ts'
import { failFirst, leaveOut, leaveOutKeys, loseAnswers } from '../helpers/dynamo-faults.ts'
import { randomFrom } from '../helpers/stage.ts'
import { hash, hex, range, sorted, useStores } from './stores.ts'

const HOUR = 1_356_998_400
const DAY = HOUR

/**
 * What the stores promise, whatever DynamoDB is behind them.
 * @param start starts one with the four empty tables
 */
export function storeContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`The store on ${name}`, () => {
    const { open, endpoint } = useStores(start)

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
          key: { ...key, baseTime, writtenAt: key.writtenAt + i },
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
        const puts = blocks.map((bytes, i) => ({ key: { ...key, baseTime, writtenAt: key.writtenAt - i }, bytes }))
        const sks = await store.data.putBlocks(puts)
        expect(await store.data.blockSks(1, baseTime)).toEqual([...sks].reverse())
        expect(await store.data.blockSks(2, baseTime)).toEqual([])
        const absent = Uint8Array.from([...(sks[0] ?? []), 1])
        const some = await store.data.getBlocks(1, baseTime, [...sks.slice(1, 3), absent])
        expect(some.map(({ bytes }) => bytes[0]).sort()).toEqual([1, 2])
        expect(some.every(({ sk, bytes }) => Buffer.compare(sk, sks[bytes[0]!] ?? sk) === 0)).toBe(true)
      })

      it('reads those of a range of places, or from one on, and those without a place behind all others', async () => {
        const store = open()
        const baseTime = HOUR + 5 * 3600
        const places = [
          undefined,
          { run: 1, number: 0 },
          { run: 0, number: 256 },
          { run: 0, number: 2 },
          { run: 0, number: 1 },
        ]
        const puts = places.map((place, i) => ({
          key: { ...key, baseTime, ...(place && { place }) },
          bytes: Buffer.from([i]),
          expiresAtS: HOUR + i,
        }))
        const sks = await store.data.putBlocks(puts)
        const read = async (range?: SkRange) => {
          const found: KeyedBlock[] = []
          for await (const page of store.data.readKeyedBlocks(1, baseTime, range)) found.push(...page)
          expect(await store.data.blockSks(1, baseTime, range)).toEqual(found.map(({ sk }) => sk))
          for (const { sk, bytes, expiresAtS } of found) {
            expect(sk).toEqual(sks[bytes[0]!])
            expect(expiresAtS).toBe(HOUR + bytes[0]!)
          }
          return found.map(({ bytes }) => bytes[0])
        }
        expect(await read()).toEqual([4, 3, 2, 1, 0])
        expect(await read({ from: placeSk({ run: 0, number: 2 }) })).toEqual([3, 2, 1, 0])
        const rest = { from: placeSk({ run: 0, number: 2 }), to: placeSk({ run: 1, number: 0 }) }
        expect(await read(rest)).toEqual([3, 2])
        expect(await read({ from: placeSk({ run: 0, number: 257 }), to: UNPLACED_FROM })).toEqual([1])
        expect(await read({ to: UNPLACED_FROM })).toEqual([4, 3, 2, 1])
        expect(await read({ from: UNPLACED_FROM })).toEqual([0])
        expect(await read({ from: placeSk({ run: 1, number: 1 }), to: placeSk({ run: 2, number: 0 }) })).toEqual([])
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
