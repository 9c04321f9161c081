// npm run bench -- codec [--data FILE] [--json]
import { deepStrictEqual, strictEqual } from 'node:assert'
import { type Block, type BlockSeries, decodeBlock, encodeBlock } from '../lib/codec/block.ts'
import { decodeChunk, encodeChunk } from '../lib/codec/chunk/index.ts'
import { encodeTsuid } from '../lib/codec/tsuid.ts'
import type { PointColumns } from '../lib/model/points.ts'
import { DEFAULT_UID_WIDTHS } from '../lib/model/series.ts'
import { type BenchRow, fileCases, patternCases, pointsOf, type RowCase } from './codec-cases.ts'
import type { Report } from './report.ts'

/** A host's metrics every 10 s: what the repository keeps of real data. */
const DATA = 'test/data/host-metrics.txt.gz'

/** Points of each series that a block holds. */
const BLOCK_POINTS = 30

/** Each figure is the best of so many rounds, each at least so long. */
const ROUNDS = 4
const ROUND_MS = 150

/** What the bytes of rows and blocks cost a point, and how many points a second one core encodes and decodes. */
export async function run(report: Report, options: { readonly data?: string | undefined } = {}): Promise<void> {
  const cases = [...patternCases(), ...fileCases(options.data ?? DATA)]
  for (const each of cases) {
    measureChunks(each, report)
    measureBlock(each, report)
  }
}

function measureChunks({ name, rows }: RowCase, report: Report): void {
  const points = pointsOf(rows)
  const chunks = rows.map((row) => encodeChunk(row.points, row.baseTimeS))
  for (const [i, row] of rows.entries()) checkPoints(decodeChunk(chunks[i]!, row.baseTimeS), row.points)

  const bytes = chunks.reduce((total, chunk) => total + chunk.length, 0)
  const figure = (metric: string, value: number, unit: string) =>
    report({ bench: 'codec', case: name, metric, value, unit })
  figure('points', points, 'points')
  figure('chunk', bytes / points, 'bytes/point')
  const encode = () => {
    for (const row of rows) encodeChunk(row.points, row.baseTimeS)
  }
  const decode = () => {
    for (let i = 0; i < rows.length; i++) decodeChunk(chunks[i]!, rows[i]!.baseTimeS)
  }
  figure('chunk encode', points / secondsOf(encode), 'points/s')
  figure('chunk decode', points / secondsOf(decode), 'points/s')
}

/** A block of the first hour's first points: what a consumer's batch holds of them. */
function measureBlock({ name, rows }: RowCase, report: Report): void {
  const baseTime = rows[0]?.baseTimeS ?? 0
  const block = blockOf(
    rows.filter((row) => row.baseTimeS === baseTime),
    baseTime,
  )
  const points = block.series.reduce((total, series) => total + series.points.count, 0)
  const bytes = encodeBlock(block)
  for (const [i, { points: decoded }] of decodeBlock(bytes).series.entries())
    checkPoints(decoded, block.series[i]!.points)
  const figure = (metric: string, value: number, unit: string) =>
    report({ bench: 'codec', case: name, metric, value, unit })
  figure('block', bytes.length / points, 'bytes/point')
  figure('block encode', points / secondsOf(() => encodeBlock(block)), 'points/s')
  figure('block decode', points / secondsOf(() => decodeBlock(bytes)), 'points/s')
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

/** Seconds of processor time that a run takes, in the best round: what else the machine does hardly counts. */
function secondsOf(run: () => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage()
    const end = performance.now() + ROUND_MS
    let runs = 0
    do {
      run()
      runs++
    } while (performance.now() < end)
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1e6 / runs)
  }
  return best
}
