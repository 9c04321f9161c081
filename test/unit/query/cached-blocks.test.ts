import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { encodeBlock } from '../../../lib/codec/block.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { type AskedAhead, CachedBlocks } from '../../../lib/query/cached-blocks.ts'
import { HourBlocks, type LateBlocks } from '../../../lib/query/hour-blocks.ts'
import type { SkRange } from '../../../lib/store/data.ts'
import type { Store } from '../../../lib/store/index.ts'
import { type BlockPlace, blockPk } from '../../../lib/store/keys.ts'
import { blockSeries } from '../../helpers/blocks.ts'
import { type RunningDynamo, startDynamo } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'

const FIRST_HOUR = 1_356_998_400
const SHELF = 3

let dynamo: RunningDynamo
let store: Store
let baseTime = FIRST_HOUR
let requests: string[] = []

beforeAll(async () => {
  dynamo = await startDynamo()
  store = openTestStore({ endpoint: dynamo.endpoint, onConsumed: ({ operation }) => requests.push(operation) })
})
beforeEach(() => {
  baseTime += 3600
})
afterAll(async () => {
  store.close()
  await dynamo.stop()
})

/** A block of one point of each metric. */
function blockBytes(value: number, arrival: number, metrics: readonly number[] = [1]): Uint8Array {
  return encodeBlock({
    baseTime,
    widths: DEFAULT_UID_WIDTHS,
    sources: [{ arrival, shard: 0, sequence: BigInt(value) }],
    series: metrics.map((metric) =>
      blockSeries(baseTime, metric, [[1, 1]], [{ offsetMs: value * 1000, value: metric * value }]),
    ),
  })
}

/** Puts such a block. @param at its place, or, where it has none, milliseconds since 1970 by its writer's clock */
function put(value: number, at: BlockPlace | number, metrics: readonly number[] = [1], expiresAtS?: number) {
  const bytes = blockBytes(value, value, metrics)
  const where = typeof at === 'number' ? { writtenAt: baseTime * 1000 + at } : { writtenAt: baseTime * 1000, place: at }
  const key = { shelf: SHELF, baseTime, ...where, shard: 0, firstSequence: BigInt(value), lastSequence: BigInt(value) }
  return store.data.putBlock(key, bytes, expiresAtS)
}

const place = (run: number, number: number): BlockPlace => ({ run, number })

/** The values that a reader finds of a metric, ascending, and the requests that this took. */
async function read(blocks: CachedBlocks, metric = 1, ahead?: AskedAhead, late?: LateBlocks) {
  requests = []
  const values: number[] = []
  const hour = { shelf: SHELF, baseTime, ...(late && { late }) }
  for (const some of await blocks.readHour(hour, metric, () => undefined, ahead)) {
    for (const [i] of some.tsuids.entries()) {
      const { points } = some.pieceAt(i)
      values.push(...points.values.subarray(0, points.count))
    }
  }
  return { values: values.sort((a, b) => a - b), requests }
}

test('blocks that were read are not read again: one request asks for those behind them', async () => {
  const blocks = new CachedBlocks(store.data)
  for (const value of [1, 2, 3]) await put(value, place(0, value - 1))
  expect(await read(blocks)).toEqual({ values: [1, 2, 3], requests: ['Query'] })
  expect(await read(blocks)).toEqual({ values: [1, 2, 3], requests: ['Query'] })
  await put(4, place(0, 3))
  // A writer that came later, and one from before there were places, or close to the cut-off.
  await put(5, place(1, 0))
  await put(6, 1000)
  expect(await read(blocks)).toEqual({ values: [1, 2, 3, 4, 5, 6], requests: ['Query'] })
  expect(blocks.cacheCounts).toEqual({ hits: 3 + 3, misses: 3 + 3 })
})

test('what is asked for takes units for what is new, not for the hour', async () => {
  const units: number[] = []
  const counted = openTestStore({ endpoint: dynamo.endpoint, onConsumed: ({ readUnits }) => units.push(readUnits) })
  const blocks = new CachedBlocks(counted.data)
  await Promise.all(Array.from({ length: 300 }, (_, number) => put(number + 1, place(0, number))))
  await blocks.readHour({ shelf: SHELF, baseTime }, 1, () => undefined)
  await put(301, place(0, 300))
  await blocks.readHour({ shelf: SHELF, baseTime }, 1, () => undefined)
  counted.close()
  expect(units[0]).toBeGreaterThan(5)
  expect(units.slice(1)).toEqual([1])
})

test('each run is asked for what follows its first block that is missing, wherever those that are known lie', async () => {
  const blocks = new CachedBlocks(store.data)
  await put(1, place(0, 0))
  await put(3, place(0, 2))
  await put(5, place(2, 0))
  expect(await read(blocks)).toEqual({ values: [1, 3, 5], requests: ['Query'] })
  // Put before the others, and there only now: of a run that is known, and of one that is not.
  await put(2, place(0, 1))
  await put(4, place(1, 0))
  expect(await read(blocks)).toEqual({ values: [1, 2, 3, 4, 5], requests: ['Query', 'Query', 'Query'] })
  expect(await read(blocks)).toEqual({ values: [1, 2, 3, 4, 5], requests: ['Query', 'Query', 'Query'] })
})

test('an hour that very many writers opened is listed', async () => {
  const blocks = new CachedBlocks(store.data)
  await put(1, place(64, 0))
  await read(blocks)
  await put(2, place(3, 0))
  expect(await read(blocks)).toEqual({ values: [1, 2], requests: ['Query', 'BatchGetItem'] })
})

test('of blocks without a place, the hour is asked for the keys, and for what is new', async () => {
  const blocks = new CachedBlocks(store.data)
  await put(1, place(0, 0))
  for (const value of [2, 3]) await put(value, 1000 + value)
  expect(await read(blocks)).toEqual({ values: [1, 2, 3], requests: ['Query'] })
  expect(await read(blocks)).toEqual({ values: [1, 2, 3], requests: ['Query', 'Query'] })
  await put(4, 1004)
  await put(5, place(0, 1))
  expect(await read(blocks)).toEqual({ values: [1, 2, 3, 4, 5], requests: ['Query', 'Query', 'BatchGetItem'] })
  expect(await read(blocks)).toEqual({ values: [1, 2, 3, 4, 5], requests: ['Query', 'Query'] })
})

test('an hour is read anew once the store may have forgotten blocks of it', async () => {
  let now = baseTime * 1000
  const blocks = new CachedBlocks(store.data, { clock: () => now })
  const range = { from: baseTime, to: baseTime + 3600 }
  await put(1, place(0, 0), [1], baseTime + 10 * 3600)
  await put(2, place(0, 1))
  expect((await read(blocks)).values).toEqual([1, 2])
  const { pk } = { pk: blockPk(SHELF, baseTime) }
  const [sk = new Uint8Array()] = await store.data.blockSks(SHELF, baseTime)
  const gone = { shelf: SHELF, baseTime, writtenAt: 0, shard: 0, firstSequence: 1n, lastSequence: 1n }
  await store.data.deleteBlocks([{ ...gone, item: { pk, sk } }])
  now += 10 * 3600 * 1000
  expect(blocks.askAhead([SHELF], range, 24).size).toBe(0)
  expect((await read(blocks)).values).toEqual([2])
})

test('hours that blocks are kept of are asked ahead, within the range and on the shelves that a query reads', async () => {
  const blocks = new CachedBlocks(store.data)
  const range = { from: baseTime, to: baseTime + 3600 }
  await put(1, 1000)
  expect(blocks.askAhead([SHELF], range, 24).size, 'nothing is kept yet').toBe(0)
  await read(blocks)
  expect(blocks.askAhead([SHELF + 1], range, 24).size).toBe(0)
  expect(blocks.askAhead([SHELF], { from: baseTime + 3600, to: baseTime + 7200 }, 24).size).toBe(0)
  expect(blocks.askAhead([SHELF], range, 0).size).toBe(0)
  await put(2, 1002)
  requests = []
  const ahead = blocks.askAhead([SHELF], range, 24)
  await vi.waitFor(() => expect(requests).toEqual(['Query', 'Query']))
  expect(await read(blocks, 1, ahead)).toEqual({ values: [1, 2], requests: ['BatchGetItem'] })
  expect(ahead.size, 'an answer is for one reader').toBe(0)
  blocks.forget({ shelf: SHELF, baseTime })
  expect(blocks.askAhead([SHELF], range, 24).size).toBe(0)
})

test('a block whose writer has a slow clock is found though its key comes before those that are known', async () => {
  const blocks = new CachedBlocks(store.data)
  await put(5, 3_000_000)
  expect((await read(blocks)).values).toEqual([5])
  await put(6, 1)
  expect((await read(blocks)).values).toEqual([5, 6])
})

test('blocks kept for one metric answer for another, each with its own points', async () => {
  const blocks = new CachedBlocks(store.data)
  await put(7, 1, [1, 2])
  await put(8, 2, [2])
  expect((await read(blocks, 1)).values).toEqual([7])
  expect((await read(blocks, 2)).values).toEqual([14, 16])
  expect((await read(blocks, 3)).values).toEqual([])
  expect((await read(blocks, 1)).values).toEqual([7])
})

test('of the late blocks of an hour, those that were read are not read again until it is sealed anew', async () => {
  const blocks = new CachedBlocks(store.data)
  const readLate = (late: LateBlocks) => read(blocks, 1, undefined, late)
  await put(1, place(0, 0))
  const early = await put(2, 1000)
  const first = await put(3, 3000)
  await put(4, 4000)
  expect((await read(blocks)).values, 'while it is open').toEqual([1, 2, 3, 4])
  expect(await readLate({ from: first, rounds: 1 })).toEqual({ values: [3, 4], requests: ['Query'] })
  expect(await readLate({ from: first, rounds: 1 })).toEqual({ values: [3, 4], requests: ['Query'] })
  await put(5, 3500)
  expect(await readLate({ from: first, rounds: 1 })).toEqual({ values: [3, 4, 5], requests: ['Query', 'BatchGetItem'] })
  expect(await readLate({ from: early, rounds: 1 })).toEqual({ values: [2, 3, 4, 5], requests: ['Query'] })
  expect(blocks.cacheCounts).toEqual({ hits: 2 + 2, misses: 4 + 2 + 1 + 4 })
  // Sealed once more, and the block that follows is the earliest: nothing of the others may be seen.
  const last = await put(6, 6000)
  expect(await readLate({ from: last, rounds: 2 })).toEqual({ values: [6], requests: ['Query'] })
  expect(await readLate({ from: last, rounds: 3 })).toEqual({ values: [6], requests: ['Query'] })
  expect(blocks.cacheCounts.hits).toBe(2 + 2)
})

test('an hour of which many blocks without a place are new is read anew, in pages', async () => {
  const blocks = new CachedBlocks(store.data)
  await put(1, 1)
  await read(blocks)
  const values = Array.from({ length: 60 }, (_, i) => i + 1)
  await Promise.all(values.slice(1).map((value) => put(value, value)))
  expect(await read(blocks)).toEqual({ values, requests: ['Query', 'Query', 'Query'] })
  expect(await read(blocks)).toEqual({ values, requests: ['Query', 'Query'] })
})

test('an hour of which too many blocks are to be known is read whole each time', async () => {
  const blocks = new CachedBlocks(store.data, { placeBytes: 1100 })
  for (const value of [1, 2, 3, 4]) await put(value, value)
  expect(await read(blocks)).toEqual({ values: [1, 2, 3, 4], requests: ['Query'] })
  expect(await read(blocks)).toEqual({ values: [1, 2, 3, 4], requests: ['Query'] })
  expect(blocks.cacheCounts.hits).toBe(0)
})

test('of an hour too large to be kept, a metric that was asked for goes on with what is new, and another is read from all of it', async () => {
  const blocks = new CachedBlocks(store.data, { blockBytes: 0 })
  for (const value of [1, 2, 3]) await put(value, place(0, value - 1), [1, 2])
  expect((await read(blocks)).values).toEqual([1, 2, 3])
  await put(4, place(0, 3), [1, 2])
  expect((await read(blocks)).values).toEqual([1, 2, 3, 4])
  expect(blocks.cacheCounts).toEqual({ hits: 3, misses: 3 + 1 })
  expect((await read(blocks, 2)).values).toEqual([2, 4, 6, 8])
  expect(blocks.cacheCounts).toEqual({ hits: 3, misses: 3 + 1 + 4 })
  await put(5, place(0, 4), [1, 2])
  expect((await read(blocks)).values).toEqual([1, 2, 3, 4, 5])
  // The fifth block, which the other metric found, is gone too.
  expect((await read(blocks, 2)).values).toEqual([2, 4, 6, 8, 10])
  expect(blocks.cacheCounts).toEqual({ hits: 3 + 4, misses: 3 + 1 + 4 + 1 + 5 })
})

test('the hour that was not asked for the longest time is the first to have its blocks shed', async () => {
  const blocks = new CachedBlocks(store.data, { blockBytes: 1100 })
  const other = { shelf: SHELF + 1, baseTime }
  await put(1, place(0, 0), [1, 2])
  await read(blocks)
  expect(await read(blocks, 2)).toEqual({ values: [2], requests: ['Query'] })
  expect(blocks.cacheCounts).toEqual({ hits: 1, misses: 1 })
  const key = {
    ...other,
    writtenAt: baseTime * 1000,
    place: place(0, 0),
    shard: 0,
    firstSequence: 1n,
    lastSequence: 1n,
  }
  await store.data.putBlock(key, blockBytes(1, 1))
  for (const metric of [1, 2, 3]) await blocks.readHour(other, metric, () => undefined)
  // Two of the other hour's reads found its block kept.
  expect(blocks.cacheCounts).toEqual({ hits: 1 + 2, misses: 1 + 1 })
  await read(blocks, 3)
  expect(blocks.cacheCounts).toEqual({ hits: 1 + 2, misses: 1 + 1 + 1 })
})

test('a block that comes while another metric is read from the whole hour is not missed by it', async () => {
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  let gated = false
  const slow = {
    async *readKeyedBlocks(shelf: number, hour: number, range?: SkRange) {
      const pages = []
      for await (const page of store.data.readKeyedBlocks(shelf, hour, range)) pages.push(page)
      if (gated && range === undefined) await gate
      yield* pages
    },
    blockSks: store.data.blockSks.bind(store.data),
    getBlocks: store.data.getBlocks.bind(store.data),
  }
  const blocks = new CachedBlocks(slow, { blockBytes: 0 })
  await put(1, place(0, 0), [1, 2])
  await read(blocks)
  gated = true
  const reading = read(blocks, 2)
  await vi.waitFor(() => expect(requests).toEqual(['Query']))
  await put(2, place(0, 1), [1, 2])
  expect((await read(blocks)).values).toEqual([1, 2])
  open()
  expect((await reading).values).toEqual([2])
  gated = false
  expect((await read(blocks, 2)).values).toEqual([2, 4])
})

test('each block is decoded once for a reader, also where nothing decoded can be kept', async () => {
  const pages = Array.from({ length: 12 }, (_, i) => [{ sk: Uint8Array.of(1, i), bytes: blockBytes(i + 1, i) }])
  const inPages = {
    async *readKeyedBlocks(_shelf: number, _baseTime: number, { to }: SkRange = {}) {
      if (to === undefined) yield* pages
    },
    blockSks: async () => pages.flat().map(({ sk }) => sk),
    getBlocks: async () => [],
  }
  const blocks = new CachedBlocks(inPages, { seriesBytes: 0 })
  const decoding = vi.spyOn(HourBlocks.prototype, 'decode')
  const decodingRead = vi.spyOn(HourBlocks.prototype, 'decodeRead')
  await blocks.readHour({ shelf: SHELF, baseTime }, 1, () => undefined)
  expect(decodingRead.mock.calls.flatMap(([, read]) => read).length).toBe(pages.length)
  expect(decoding).not.toHaveBeenCalled()
  await blocks.readHour({ shelf: SHELF, baseTime }, 1, () => undefined)
  expect(decodingRead).toHaveBeenCalledTimes(pages.length)
  expect(decoding.mock.calls.reduce((sum, [, from, to]) => sum + to - from, 0)).toBe(pages.length)
  decoding.mockRestore()
  decodingRead.mockRestore()
})

test('readers at the same time, and one that stops half way, take nothing from each other', async () => {
  const blocks = new CachedBlocks(store.data)
  for (const value of [1, 2]) await put(value, value)
  await read(blocks)
  await put(3, 3)
  const stopped = blocks.readHour({ shelf: SHELF, baseTime }, 1, () => {
    throw new Error('enough')
  })
  await expect(stopped).rejects.toThrow('enough')
  const [one, two] = await Promise.all([read(blocks), read(blocks)])
  expect(one.values).toEqual([1, 2, 3])
  expect(two.values).toEqual([1, 2, 3])
})
