// npm run bench -- cardinality [--json]
import { strictEqual } from 'node:assert'
import { encodeRow } from '../lib/codec/row.ts'
import { encodeRowKey } from '../lib/codec/row-key.ts'
import { FOLD_SERIES, foldSeriesLog } from '../lib/ingest/index-series.ts'
import type { PointColumns } from '../lib/model/points.ts'
import { planRows, type RowHour, type RowPlan } from '../lib/query/plan-rows.ts'
import { Dynamo, type Item, keyOf, numberOf, openClient } from '../lib/store/dynamo.ts'
import type { Store } from '../lib/store/index.ts'
import { mulberry32 } from './cases.ts'
import { BENCH_TABLES, setFunctionEnvironment, startEmulators } from './emulators.ts'
import { hostTsuid, openCountingStore, TAG_KEYS, type Units, WIDTHS } from './index-units.ts'
import type { Report } from './report.ts'

const HOSTS = [1000, 10_000, 100_000]
const HOURS = 720
const POINTS_A_ROW = 60
const FIRST_HOUR = 1_356_998_400
const WANTED_HOST = 321

/**
 * What it costs to read one host of N, 30 days of one metric at an hour a row, by DynamoDB's own count: the index, the plan
 * and the rows. Beside it what a scan of all hosts' rows would cost: of one hour, which has the rows of every host here, and
 * 720 times that, which is reckoned, not measured.
 */
export async function run(report: Report): Promise<void> {
  const emulators = await startEmulators()
  setFunctionEnvironment(emulators)
  const { store, take } = openCountingStore(emulators.dynamo)
  const writer = new Dynamo({ client: openClient(emulators.dynamo), retry: { deadlineMs: 20_000 } })
  try {
    await store.layout.ensureLayout()
    const values = rowValues()
    for (const [i, hosts] of HOSTS.entries()) {
      const metric = i + 1
      await indexHosts(store, metric, hosts)
      await writer.batchPut(BENCH_TABLES.data, everyHostOnce(metric, hosts, values))
      await writer.batchPut(BENCH_TABLES.data, oneHostAlways(metric, values))
      await measure(report, store, take, metric, hosts)
    }
  } finally {
    store.close()
    writer.close()
    await emulators.stop()
  }
}

async function indexHosts(store: Store, metric: number, hosts: number): Promise<void> {
  const tsuids = Array.from({ length: hosts }, (_, host) => hostTsuid(metric, host))
  await store.seriesLog.append(metric, tsuids)
  await foldSeriesLog({ ...store, widths: WIDTHS }, metric)
}

async function measure(report: Report, store: Store, take: () => Units, metric: number, hosts: number): Promise<void> {
  const figure = (what: string, value: number, unit: string) =>
    report({ bench: 'cardinality', case: `one of ${hosts.toLocaleString('en-US')} hosts`, metric: what, value, unit })
  const hours: RowHour[] = Array.from({ length: HOURS }, (_, i) => ({
    baseTime: FIRST_HOUR + i * 3600,
    saltBuckets: 1,
    consistent: false,
  }))
  take()
  const startedAt = performance.now()
  const plan = await planRows(store.index, WIDTHS, {
    metric,
    constraints: [{ tagk: TAG_KEYS.host, tagvs: new Set([1000 + WANTED_HOST]) }],
    wanted: () => true,
    hours,
  })
  const index = take()
  const rows = await readPlan(store, metric, plan)
  const read = take()
  strictEqual(rows, HOURS)
  figure('rows read', rows, 'rows')
  figure('keys asked for', plan.stats.keys, 'keys')
  figure('hours read by range', plan.stats.rangeHours, 'hours')
  figure('index: series looked through in the log', hosts < FOLD_SERIES ? hosts : 0, 'series')
  figure('index: read units', index.readUnits, 'units')
  figure('index: requests', index.requests, 'requests')
  figure('rows: read units', read.readUnits, 'units')
  figure('rows: requests', read.requests, 'requests')
  figure('time', (performance.now() - startedAt) / 1000, 's')

  const scanned = await store.rows.readRowsRange(metric, FIRST_HOUR, { consistent: false })
  const scan = take()
  strictEqual(scanned.length, hosts)
  figure('scan of 1 hour: rows read', scanned.length, 'rows')
  figure('scan of 1 hour: read units', scan.readUnits, 'units')
  figure('scan of 1 hour: requests', scan.requests, 'requests')
  figure('scan of 720 hours, reckoned: rows read', scanned.length * HOURS, 'rows')
  figure('scan of 720 hours, reckoned: read units', scan.readUnits * HOURS, 'units')
}

/** @returns rows read */
async function readPlan(store: Store, metric: number, plan: RowPlan): Promise<number> {
  let rows = 0
  for (const { read, baseTimes, tsuids = [], consistent } of plan.blocks) {
    const found =
      read === 'exact'
        ? await store.rows.readRowsExact(baseTimes, tsuids, { consistent })
        : (await Promise.all(baseTimes.map((at) => store.rows.readRowsRange(metric, at, { consistent })))).flat()
    rows += found.length
  }
  return rows
}

/** Values of rows to choose from: an hour of a gauge, a point a minute. */
function rowValues(): Uint8Array[] {
  const random = mulberry32(1)
  return Array.from({ length: 16 }, () => {
    const points: PointColumns = {
      count: POINTS_A_ROW,
      times: Float64Array.from({ length: POINTS_A_ROW }, (_, i) => (FIRST_HOUR + i * 60) * 1000),
      values: Float64Array.from({ length: POINTS_A_ROW }, () => Math.round(random() * 10_000) / 100),
      kinds: new Uint8Array(POINTS_A_ROW).fill(1),
      bigs: new Map(),
    }
    const newest = { arrival: FIRST_HOUR * 1000, shard: 0, sequence: 1n }
    const [part] = encodeRow({ points, newest })
    if (part === undefined) throw new Error('A row without parts')
    return part.value
  })
}

function everyHostOnce(metric: number, hosts: number, values: readonly Uint8Array[]): Item[] {
  return Array.from({ length: hosts }, (_, host) => rowItem(metric, host, FIRST_HOUR, values))
}

function oneHostAlways(metric: number, values: readonly Uint8Array[]): Item[] {
  return Array.from({ length: HOURS }, (_, hour) => rowItem(metric, WANTED_HOST, FIRST_HOUR + hour * 3600, values))
}

/** As RowStore writes it, many at a time and without its lease. */
function rowItem(metric: number, host: number, baseTime: number, values: readonly Uint8Array[]): Item {
  const key = encodeRowKey({ salt: 0, tsuid: hostTsuid(metric, host), baseTime, part: 0 }, WIDTHS)
  return { ...keyOf(key), row: { B: values[(host + baseTime / 3600) % values.length]! }, fence: numberOf(1) }
}
