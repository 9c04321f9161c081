import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { encodeTsuid } from '../../../lib/codec/tsuid.ts'
import { KIND_FLOAT, PointColumnsBuilder } from '../../../lib/model/points.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { CachedRows, rowVersion } from '../../../lib/query/cached-rows.ts'
import type { RowBlock } from '../../../lib/query/plan-rows.ts'
import type { Store } from '../../../lib/store/index.ts'
import type { Lease, LedgerHour } from '../../../lib/store/ledger.ts'
import { type RunningDynamo, startDynamo } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'

const FIRST_HOUR = 1_356_998_400
const METRIC = 1
const SHELF = 3
const OWNER = 'somebody'
const tsuidOf = (host: number) => encodeTsuid(METRIC, [[1, host]], DEFAULT_UID_WIDTHS)
const [A, B, C] = [tsuidOf(1), tsuidOf(2), tsuidOf(3)]

let dynamo: RunningDynamo
let store: Store
let baseTime = FIRST_HOUR
let requests = 0
let now = 1_000_000_000
let rows: CachedRows

beforeAll(async () => {
  dynamo = await startDynamo()
  store = openTestStore({
    endpoint: dynamo.endpoint,
    // GetItem is for the layout
    onConsumed: ({ operation }) => {
      if (operation !== 'GetItem') requests++
    },
  })
})
beforeEach(() => {
  baseTime += 3600
  rows = new CachedRows(store.rows, () => now)
})
afterAll(async () => {
  store.close()
  await dynamo.stop()
})

/** Takes the hour's lease, as whoever writes rows does. */
async function lease(): Promise<Lease> {
  const taken = await store.ledger.lease({ shelf: SHELF, baseTime }, OWNER, now, 60_000)
  if (taken === undefined) throw new Error('Somebody else has the lease')
  return taken
}

/** Writes a row of one point under a lease. */
async function write({ fence }: Lease, tsuid: Uint8Array, value: number): Promise<void> {
  const points = new PointColumnsBuilder(1)
  points.push(baseTime * 1000, value, KIND_FLOAT)
  const newest = { arrival: baseTime * 1000 + value, shard: 0, sequence: 1n }
  await store.rows.putRows([{ tsuid, baseTime, row: { points, newest } }], fence)
}

/** Rewrites a row as sealing does. */
async function seal(tsuid: Uint8Array, value: number): Promise<void> {
  await store.ledger.openHour(SHELF, baseTime)
  const taken = await lease()
  await write(taken, tsuid, value)
  expect(await store.ledger.markSealed(taken, { rows: 1, blockBytes: 1, rowBytes: 1 }, now)).toBe(true)
}

async function ledgerHour(): Promise<LedgerHour[]> {
  return (await store.ledger.readLedger([SHELF], baseTime, baseTime)).get(baseTime) ?? []
}

const exact = (...tsuids: Uint8Array[]): RowBlock => ({
  read: 'exact',
  baseTimes: [baseTime],
  tsuids,
  consistent: false,
})
const range = (): RowBlock => ({ read: 'range', baseTimes: [baseTime], tsuids: undefined, consistent: false })

/** Values that a query finds, ascending, and the requests that this took besides that for the ledger. */
async function read(block: RowBlock) {
  const versions = new Map([[baseTime, rowVersion(await ledgerHour())]])
  requests = 0
  let bytes = 0
  const found = await rows.read(METRIC, block, versions, (read) => {
    bytes += read
  })
  expect(bytes, 'kept bytes count like those that are read').toBe(found.reduce((sum, row) => sum + row.bytes, 0))
  return { values: found.map(({ row }) => row.points.values[0]).sort(), requests }
}

it('reads rows once, those that are not there too', async () => {
  await seal(A, 1)
  expect(await read(exact(A, B))).toEqual({ values: [1], requests: 1 })
  expect(await read(exact(A, B))).toEqual({ values: [1], requests: 0 })
  expect(await read(exact(B))).toEqual({ values: [], requests: 0 })
  expect(await read(exact(A, C))).toEqual({ values: [1], requests: 1 })
  expect(await read(exact(A, B, C))).toEqual({ values: [1], requests: 0 })
  expect(await read(range())).toEqual({ values: [1], requests: 1 })
  expect(await read(range())).toEqual({ values: [1], requests: 0 })
  expect(rows.cacheCounts).toEqual({ hits: 4, misses: 3 })
})

it('knows from all rows of an hour which series have none', async () => {
  await seal(A, 1)
  await seal(B, 2)
  expect(await read(range())).toEqual({ values: [1, 2], requests: 1 })
  expect(await read(exact(B, C))).toEqual({ values: [2], requests: 0 })
})

it('reads the rows anew once somebody has written some of them', async () => {
  await seal(A, 1)
  expect((await read(range())).values).toEqual([1])
  expect((await read(exact(A))).values).toEqual([1])
  await seal(A, 5)
  expect(await read(exact(A))).toEqual({ values: [5], requests: 1 })
  expect(await read(range())).toEqual({ values: [5], requests: 1 })
})

it('reads the rows anew after a lease that changed nothing that sealing notes, as a deletion that was stopped', async () => {
  await seal(A, 1)
  await seal(B, 2)
  expect((await read(range())).values).toEqual([1, 2])
  const taken = await lease()
  await store.rows.emptyRows([{ tsuid: A, baseTime }], taken.fence)
  await store.ledger.release(taken)
  expect(await read(range())).toEqual({ values: [2], requests: 1 })
})

it('keeps nothing of what it reads while somebody may be writing', async () => {
  await seal(A, 1)
  const taken = await lease()
  expect(await read(range())).toEqual({ values: [1], requests: 1 })
  await write(taken, A, 7)
  expect(await read(range())).toEqual({ values: [7], requests: 1 })
  expect(await read(exact(A))).toEqual({ values: [7], requests: 1 })
  await store.ledger.release(taken)
  expect(await read(exact(A))).toEqual({ values: [7], requests: 1 })
  expect(await read(exact(A))).toEqual({ values: [7], requests: 0 })
})

it('does not keep what it read before a lease as if it had been read after it', async () => {
  await seal(A, 1)
  const versions = new Map([[baseTime, rowVersion(await ledgerHour())]])
  // between reading the ledger and the rows
  await seal(A, 2)
  await rows.read(METRIC, range(), versions, () => undefined)
  await seal(A, 3)
  expect(await read(range())).toEqual({ values: [3], requests: 1 })
})

it('reads the rows anew after a quarter of an hour', async () => {
  await seal(A, 1)
  await read(range())
  now += 15 * 60_000 - 1
  expect((await read(range())).requests).toBe(0)
  now += 1
  expect((await read(range())).requests).toBe(1)
})

it('forgets the hours that were not asked for the longest time where it has no room for all', async () => {
  rows = new CachedRows(store.rows, () => now, 2000)
  const hours: number[] = []
  for (const value of [1, 2, 3]) {
    await seal(A, value)
    await read(range())
    hours.push(baseTime)
    baseTime += 3600
  }
  baseTime = hours[2]!
  expect((await read(range())).requests).toBe(0)
  baseTime = hours[0]!
  expect(await read(range())).toEqual({ values: [1], requests: 1 })
  baseTime = hours[2]!
})
