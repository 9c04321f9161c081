// npm run bench -- codec [--data FILE] [--json]
import { deepStrictEqual, strictEqual } from 'node:assert'
import { type Block, type BlockSeries, decodeBlock, encodeBlock, encodeColumnBlock } from '../lib/codec/block.ts'
import { joinRuns } from '../lib/codec/block-runs.ts'
import { encodeChunk } from '../lib/codec/chunk/index.ts'
import { decodeRow, encodeRow, type Row } from '../lib/codec/row.ts'
import { compareTsuids, encodeTsuid } from '../lib/codec/tsuid.ts'
import { KIND_FLOAT, type PointColumns, PointColumnsBuilder } from '../lib/model/points.ts'
import { DEFAULT_UID_WIDTHS } from '../lib/model/series.ts'
import { type BenchRow, fileCases, patternCases, pointsOf, type RowCase } from './codec-cases.ts'
import type { Report } from './report.ts'
import { secondsOf } from './seconds.ts'

/** A host's metrics every 10 s: what the repository keeps of real data. */
const DATA = 'test/data/host-metrics.txt.gz'

/** Points of each series that a block holds. */
const BLOCK_POINTS = 30

/** Each figure is the best of so many rounds, each at least so long. */
const EFFORT = { rounds: 4, roundMs: 150 }

/** A record's sequence number as Kinesis makes them: one that AWS shows in its examples, of shard 6. */
const SEQUENCE = 49590338271490256608559692538361571095921575989136588898n
const SHARD = 6
/** Milliseconds from a row's last point to the arrival of its newest record. */
const ARRIVAL_MS = 2958

/** Series of the block that has a point of each. */
const LONE_SERIES = 10_000

/** What the bytes of rows and blocks cost a point, and how many points a second one core encodes and decodes. */
export async function run(report: Report, options: { readonly data?: string | undefined } = {}): Promise<void> {
  const cases = [...patternCases(), ...fileCases(options.data ?? DATA)]
  for (const each of cases) {
    measureRows(each, report)
    measureBlock(each.name, firstHour(each), report)
  }
  measureBlock(`one point of each of ${LONE_SERIES.toLocaleString('en-US')} series`, loneSeries(), report)
}

function measureRows({ name, rows: all }: RowCase, report: Report): void {
  const points = pointsOf(all)
  const rows = all.map(({ points: own }): Row => {
    const arrival = own.times[own.count - 1]! + ARRIVAL_MS
    return { points: own, newest: { arrival, shard: SHARD, sequence: SEQUENCE } }
  })
  const encoded = rows.map((row) => encodeRow(row))
  for (const [i, row] of rows.entries()) checkPoints(decodeRow(encoded[i]!, all[i]!.baseTimeS).points, row.points)

  const bytes = encoded.flat().reduce((total, { value }) => total + value.length, 0)
  const chunkBytes = all.reduce((total, row) => total + encodeChunk(row.points, row.baseTimeS).length, 0)
  const figure = (metric: string, value: number, unit: string) =>
    report({ bench: 'codec', case: name, metric, value, unit })
  figure('points', points, 'points')
  figure('points a row', points / rows.length, 'points')
  figure('row', bytes / points, 'bytes/point')
  figure('row, its chunk alone', chunkBytes / points, 'bytes/point')
  const encode = () => {
    for (const row of rows) encodeRow(row)
  }
  const decode = () => {
    for (let i = 0; i < rows.length; i++) decodeRow(encoded[i]!, all[i]!.baseTimeS)
  }
  figure('row encode', points / secondsOf(encode, EFFORT), 'points/s')
  figure('row decode', points / secondsOf(decode, EFFORT), 'points/s')
}

function measureBlock(name: string, block: Block, report: Report): void {
  const points = block.series.reduce((total, series) => total + series.points.count, 0)
  const bytes = encodeBlock(block)
  for (const [i, { points: decoded }] of decodeBlock(bytes).series.entries())
    checkPoints(decoded, block.series[i]!.points)
  const figure = (metric: string, value: number, unit: string) =>
    report({ bench: 'codec', case: name, metric, value, unit })
  figure('block', bytes.length / points, 'bytes/point')
  // As a consumer has them; the bytes are those of an object for each series.
  const columns = { ...block, tsuids: block.series.map(({ tsuid }) => tsuid), runs: joinRuns(block.series) }
  deepStrictEqual(encodeColumnBlock(columns), bytes)
  figure('block encode', points / secondsOf(() => encodeColumnBlock(columns), EFFORT), 'points/s')
  figure('block encode, an object for each series', points / secondsOf(() => encodeBlock(block), EFFORT), 'points/s')
  figure('block decode', points / secondsOf(() => decodeBlock(bytes), EFFORT), 'points/s')
}

/** A block of the first hour's first points: what a consumer's batch holds of them. */
function firstHour({ rows }: RowCase): Block {
  const baseTime = rows[0]?.baseTimeS ?? 0
  return blockOf(
    rows.filter((row) => row.baseTimeS === baseTime),
    baseTime,
  )
}

/** What a fleet sends that reports once a minute: nearly all of it is keys. */
function loneSeries(): Block {
  const baseTime = 1_356_998_400
  const series = Array.from({ length: LONE_SERIES }, (_, i): BlockSeries => {
    const points = new PointColumnsBuilder(1)
    points.push(baseTime * 1000 + (i % 60) * 1000, ((i * 7919) % 10_000) / 100, KIND_FLOAT)
    const [metric, host] = [i % 10, Math.floor(i / 10)]
    const tags = [[1, 1 + host] as const, [2, 1 + (host % 20)] as const]
    return { tsuid: encodeTsuid(1 + metric, tags, DEFAULT_UID_WIDTHS), points, sources: new Uint32Array(1) }
  })
  series.sort((a, b) => compareTsuids(a.tsuid, b.tsuid))
  return { ...blockOf([], baseTime), series }
}

function blockOf(rows: readonly BenchRow[], baseTime: number): Block {
  const series = rows.map(({ points }, index): BlockSeries => {
    const count = Math.min(points.count, BLOCK_POINTS)
    const tsuid = encodeTsuid(1 + index, [[1, 1]], DEFAULT_UID_WIDTHS)
    return { tsuid, points: { ...points, count }, sources: new Uint32Array(count) }
  })
  return {
    baseTime,
    widths: DEFAULT_UID_WIDTHS,
    sources: [{ arrival: baseTime * 1000, shard: 0, sequence: 1n }],
    series,
  }
}

/** Throws unless points are the same, bit for bit. */
function checkPoints(actual: PointColumns, expected: PointColumns): void {
  const { count } = expected
  strictEqual(actual.count, count)
  for (const column of ['times', 'values', 'kinds'] as const) {
    deepStrictEqual(actual[column].subarray(0, count), expected[column].subarray(0, count))
  }
  for (const [i, big] of actual.bigs) strictEqual(big, expected.bigs.get(i))
}
