import { expect, it } from 'vitest'
import { type BlockSource, encodeBlock } from '../../../lib/codec/block.ts'
import { encodeTsuid, hashTsuid } from '../../../lib/codec/tsuid.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { type ReadableStore, StoredSeriesSource } from '../../../lib/query/stored-source.ts'
import { type ShelfLayout, shelfOf } from '../../../lib/store/layout.ts'
import type { LedgerHour } from '../../../lib/store/ledger.ts'
import type { StoredRow } from '../../../lib/store/rows.ts'
import { blockSeries } from '../../helpers/blocks.ts'
import { type HourPoint, hourPoints } from '../../helpers/points.ts'
import { NO_BUDGET } from '../../helpers/store.ts'

// What a reader reads of an hour whose shelves are in different states, and in which order.

const BASE_TIME = 1_356_998_400
const METRIC = 7
const SEALED_AT = (BASE_TIME + 3600) * 1000
const LAYOUT: ShelfLayout = { fromHour: 0, shelves: 2, saltBuckets: 1, splits: new Map([[METRIC, 8]]) }
const sourceOf = (arrival: number): BlockSource => ({ arrival, shard: 0, sequence: BigInt(arrival) })

/** A value of the only tag whose series lies on a shelf. */
function tagvOn(shelf: number): number {
  for (let tagv = 1; ; tagv++) if (shelfOf(LAYOUT, METRIC, hashTsuid(tsuidOf(tagv))) === shelf) return tagv
}

const tsuidOf = (tagv: number) => encodeTsuid(METRIC, [[1, tagv]], DEFAULT_UID_WIDTHS)

function hourOf(shelf: number, changes: Partial<LedgerHour>): LedgerHour {
  const counts = { late: 0, rounds: 1, roundEndedAt: SEALED_AT, leasedUntil: 0, fence: 1, rows: 1, rowBytes: 20 }
  return { shelf, baseTime: BASE_TIME, state: 'sealed', cleared: false, ...counts, ...changes }
}

function rowOf(tagv: number, arrival: number, points: readonly HourPoint[]): StoredRow {
  const row = { points: hourPoints(BASE_TIME, points), newest: sourceOf(arrival) }
  return { tsuid: tsuidOf(tagv), baseTime: BASE_TIME, bytes: 20, row }
}

function blockOf(tagv: number, arrival: number, points: readonly HourPoint[]): Uint8Array {
  const series = [blockSeries(BASE_TIME, METRIC, [[1, tagv]], points)]
  return encodeBlock({ baseTime: BASE_TIME, widths: DEFAULT_UID_WIDTHS, sources: [sourceOf(arrival)], series })
}

/** A store of one hour, which writes down what is asked of it. */
function storeOf(hours: readonly LedgerHour[], blocks: readonly Uint8Array[], rows: readonly StoredRow[]) {
  const asked: string[] = []
  const readRows = async (_of: unknown, _which: unknown, { consistent }: { consistent: boolean }) => {
    asked.push(consistent ? 'rows, consistently' : 'rows')
    return [...rows]
  }
  const store: ReadableStore = {
    layout: { readLayout: async () => [LAYOUT] },
    ledger: {
      readLedger: async () => {
        asked.push('ledger')
        return new Map([[BASE_TIME, [...hours]]])
      },
      readDayList: async () => undefined,
    },
    data: {
      async *readKeyedBlocks(_shelf, _baseTime, { from } = {}) {
        asked.push(from === undefined ? 'blocks' : 'late blocks')
        yield blocks.map((bytes, i) => ({ sk: Uint8Array.of(1, i), bytes }))
      },
      blockSks: async () => [],
      getBlocks: async () => [],
    },
    rows: { readRowsExact: readRows, readRowsRange: readRows },
    index: { find: async () => ({ series: [], total: 0 }) },
  }
  return { store, asked }
}

/** The values of each series that a reader sees. */
async function read(store: ReadableStore, now: number) {
  const source = new StoredSeriesSource(store, DEFAULT_UID_WIDTHS, () => now)
  const range = { from: BASE_TIME, to: BASE_TIME + 3600 }
  const series = await source.read(METRIC, range, () => true, NO_BUDGET)
  return new Map(series.map(({ tags, points }) => [tags[0]?.[1], [...points.values.subarray(0, points.count)]]))
}

it('of a shelf that is open sees its blocks alone, not the rows that a seal has left of it', async () => {
  const [sealed, open] = [tagvOn(0), tagvOn(1)]
  const hours = [hourOf(0, {}), hourOf(1, { state: 'open', rounds: 0, roundEndedAt: 0 })]
  const blocks = [blockOf(open, 5, [{ offsetMs: 0, value: 5 }])]
  const rows = [
    rowOf(sealed, 1, [{ offsetMs: 0, value: 1 }]),
    rowOf(open, 9, [
      { offsetMs: 0, value: 3 },
      { offsetMs: 60_000, value: 9 },
    ]),
  ]
  const { store } = storeOf(hours, blocks, rows)
  expect(await read(store, SEALED_AT)).toEqual(
    new Map([
      [sealed, [1]],
      [open, [5]],
    ]),
  )
})

it('of a shelf that is late reads the ledger, then the late blocks, then the rows', async () => {
  const tagv = tagvOn(0)
  const hours = [hourOf(0, { state: 'late', late: 1, earliestLate: Uint8Array.of(0) })]
  const blocks = [blockOf(tagv, 9, [{ offsetMs: 60_000, value: 9 }])]
  const { store, asked } = storeOf(hours, blocks, [rowOf(tagv, 1, [{ offsetMs: 0, value: 1 }])])
  expect(await read(store, SEALED_AT)).toEqual(new Map([[tagv, [1, 9]]]))
  expect(asked).toEqual(['ledger', 'late blocks', 'rows, consistently'])
})

it('of a shelf that is late sees the points of all its blocks, however many', async () => {
  const tagv = tagvOn(0)
  const hours = [hourOf(0, { state: 'late', late: 1, earliestLate: Uint8Array.of(0) })]
  const seconds = Array.from({ length: 200 }, (_, second) => second + 1)
  const blocks = seconds.map((second) => blockOf(tagv, second + 1, [{ offsetMs: second * 1000, value: second }]))
  // The first once more, later than all others.
  blocks.push(blockOf(tagv, 500, [{ offsetMs: 1000, value: 777 }]))
  const { store } = storeOf(hours, blocks, [rowOf(tagv, 1, [{ offsetMs: 0, value: 0 }])])
  expect(await read(store, SEALED_AT)).toEqual(new Map([[tagv, [0, 777, ...seconds.slice(1)]]]))
})

it('reads rows strongly consistently until ten minutes after any of the shelves was sealed', async () => {
  const minute = 60_000
  const hours = [hourOf(0, {}), hourOf(1, { roundEndedAt: SEALED_AT + 5 * minute })]
  for (const [now, rows] of [
    [SEALED_AT + minute, 'rows, consistently'],
    [SEALED_AT + 14 * minute, 'rows, consistently'],
    [SEALED_AT + 15 * minute, 'rows'],
  ] as const) {
    const { store, asked } = storeOf(hours, [], [])
    await read(store, now)
    expect(asked).toEqual(['ledger', rows])
  }
})
