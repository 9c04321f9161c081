import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { parseTimestamp, parseValue } from '../lib/ingest/validate.ts'
import { KIND_FLOAT, KIND_MS, type PointColumns, PointColumnsBuilder } from '../lib/model/points.ts'
import { mulberry32 } from './cases.ts'

/** Points of one series in one hour. */
export interface BenchRow {
  readonly series: string
  readonly baseTimeS: number
  readonly points: PointColumns
}

/** Rows that are measured together. */
export interface RowCase {
  readonly name: string
  readonly rows: readonly BenchRow[]
}

const BASE_S = 1_356_998_400
const HOUR_MS = 3_600_000
const ROWS_A_PATTERN = 20

/** What draws numbers from 0 up to 1. */
type Random = () => number

/** Milliseconds after the hour's start, ascending; each pattern has random numbers of its own. */
const TIMES: Readonly<Record<string, (random: Random) => number[]>> = {
  't=1s': () => steps(1000, () => 0),
  't=10s': () => steps(10_000, () => 0),
  't=60s': () => steps(60_000, () => 0),
  't=jitter': (random) => steps(10_000, () => Math.floor(random() * 40)),
  't=gap-jitter': (random) =>
    steps(10_000, () => Math.floor(random() * 40)).filter((_, i) => i % 90 < 80 && random() > 0.02),
}

function steps(stepMs: number, jitterMs: () => number): number[] {
  return Array.from({ length: HOUR_MS / stepMs }, (_, i) => i * stepMs + jitterMs())
}

/** A value after another. */
const VALUES: Readonly<Record<string, (random: Random) => () => number | bigint>> = {
  'v=constant': () => () => 24_684_092n,
  'v=counter': (random) => walk(1_000_000n, () => BigInt(Math.floor(random() * 1000))),
  'v=gauge': (random) => walk(5000n, () => BigInt(Math.floor(random() * 21) - 10)),
  'v=seldom': (random) => walk(100n, () => (random() < 0.01 ? 1n : 0n)),
  'v=decimal': (random) => {
    let hundredths = 4200
    return () => {
      hundredths += Math.floor(random() * 41) - 20
      return hundredths / 100
    }
  },
  'v=double': (random) => () => random() * 100,
  'v=big': (random) => walk(2n ** 62n, () => BigInt(Math.floor(random() * 1e6))),
}

function walk(from: bigint, step: () => bigint): () => bigint {
  let value = from
  return () => {
    value += step()
    return value
  }
}

/** Hours of every pattern of times with decimals, and of every pattern of values at 10 s. */
export function patternCases(): RowCase[] {
  const names = [
    ...Object.keys(TIMES).map((times) => [times, 'v=decimal'] as const),
    ...Object.keys(VALUES).map((values) => ['t=10s', values] as const),
  ]
  return [...new Map(names.map((pair) => [pair.join(' '), pair]))].map(([name, [times, values]]) => ({
    name,
    rows: Array.from({ length: ROWS_A_PATTERN }, (_, row) => patternRow(times, values, row)),
  }))
}

function patternRow(times: string, values: string, seed: number): BenchRow {
  const offsets = TIMES[times]?.(mulberry32(seed * 2)) ?? []
  const next = VALUES[values]?.(mulberry32(seed * 2 + 1))
  const points = new PointColumnsBuilder(offsets.length)
  for (const offset of offsets) {
    const value = next?.() ?? 0
    const kind = offset % 1000 === 0 ? 0 : KIND_MS
    const time = BASE_S * 1000 + offset
    if (typeof value === 'bigint') points.pushInteger(time, value, kind)
    else points.push(time, value, kind | KIND_FLOAT)
  }
  return { series: `${values} host=${seed}`, baseTimeS: BASE_S, points }
}

/**
 * Hourly rows of OpenTSDB import lines, `metric timestamp value tag=value ...`, gzipped: whole, and thinned to the points
 * at whole 10 and 60 s where that makes a difference.
 */
export function fileCases(path: string): RowCase[] {
  const lines = gunzipSync(readFileSync(path)).toString('utf8').split('\n')
  const cases: RowCase[] = []
  for (const everyS of [1, 10, 60]) {
    const rows = rowsOf(lines, everyS)
    const name = `${path.replace(/^.*\//, '')} every=${everyS}s`
    // What comes every 10 s is the same whole and thinned to 10 s.
    if (cases.length > 0 && pointsOf(rows) === pointsOf(cases.at(-1)?.rows ?? [])) cases.pop()
    if (rows.length > 0) cases.push({ name, rows })
  }
  return cases
}

function rowsOf(lines: readonly string[], everyS: number): BenchRow[] {
  const rows = new Map<string, { series: string; baseTimeS: number; points: PointColumnsBuilder }>()
  for (const line of lines) {
    const [metric, timestamp, value, ...tags] = line.split(' ')
    if (metric === undefined || timestamp === undefined || value === undefined) continue
    const { time, kind } = parseTimestamp(timestamp)
    if (time % (everyS * 1000) !== 0) continue
    const baseTimeS = Math.floor(time / HOUR_MS) * 3600
    const series = [metric, ...tags].join(' ')
    const key = `${baseTimeS} ${series}`
    const row = rows.get(key) ?? { series, baseTimeS, points: new PointColumnsBuilder(64) }
    if (!rows.has(key)) rows.set(key, row)
    const parsed = parseValue(value)
    if (parsed.big !== undefined) row.points.pushInteger(time, parsed.big, kind)
    else row.points.push(time, parsed.value, kind | (parsed.float ? KIND_FLOAT : 0))
  }
  return [...rows.values()]
}

/** How many points rows have together. */
export function pointsOf(rows: readonly BenchRow[]): number {
  return rows.reduce((total, { points }) => total + points.count, 0)
}
