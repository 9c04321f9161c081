import { strictEqual } from 'node:assert'
import { decodeRow, encodeRow, type RowPart } from '../lib/codec/row.ts'
import { encodeTsuid } from '../lib/codec/tsuid.ts'
import { DEFAULT_LIMITS } from '../lib/model/limits.ts'
import { KIND_FLOAT, type PointColumns, PointColumnsBuilder } from '../lib/model/points.ts'
import { DEFAULT_UID_WIDTHS } from '../lib/model/series.ts'
import { Budget } from '../lib/query/budget.ts'
import { computeGroup, parseQueryParameters, type Query, scanRange } from '../lib/query/index.ts'
import { type Fleet, pointCount, seriesValues } from './cases.ts'
import type { Report } from './report.ts'
import { secondsOf } from './seconds.ts'

const BASE_S = 1_356_998_400
const SERIES = 1000
/** Best of so many rounds, each at least so long. */
const EFFORT = { rounds: 6, roundMs: 400 }

/** A thousand series' hour at a step; a third of them counters, a third gauges of two decimals, a third hardly moving. */
function fleetOf(stepS: number): Fleet {
  return {
    name: `1,000 series, a point every ${stepS} s`,
    hosts: SERIES,
    metrics: 1,
    stepS,
    steps: 3600 / stepS,
    pointsPerRequest: 0,
    seed: 20261122,
  }
}

/** Points a second that one core takes from encoded rows to the answer's columns, without any I/O. */
export function measureEngine(report: Report): void {
  for (const stepS of [1, 10, 60]) measureSum(report, fleetOf(stepS))
}

function measureSum(report: Report, fleet: Fleet): void {
  const series = Array.from({ length: fleet.hosts }, (_, host) => pointsOf(fleet, host))
  const rows = series.map((points) => encodeRow({ points, newest: { arrival: BASE_S * 1000, shard: 0, sequence: 1n } }))
  const query = parseQueryParameters(
    new URLSearchParams({ start: String(BASE_S), end: String(BASE_S + 3599), m: 'sum:1m-avg:m' }),
    BASE_S * 1000,
  )
  checkAnswer(answer(query, rows), series)

  const points = pointCount(fleet)
  const figure = (metric: string, value: number) =>
    report({ bench: 'query', case: fleet.name, metric, value, unit: 'points/s/core' })
  const decoded = decode(rows)
  figure('sum of 1m-avg, from rows', points / secondsOf(() => answer(query, rows), EFFORT))
  figure('of which decoding', points / secondsOf(() => decode(rows), EFFORT))
  figure('of which downsampling and adding up', points / secondsOf(() => compute(query, decoded), EFFORT))
}

function answer(query: Query, rows: readonly (readonly RowPart[])[]): PointColumns {
  return compute(query, decode(rows))
}

function decode(rows: readonly (readonly RowPart[])[]): PointColumns[] {
  return rows.map((parts) => decodeRow(parts, BASE_S).points)
}

function compute(query: Query, series: readonly PointColumns[]): PointColumns {
  const [sub] = query.queries
  if (sub === undefined) throw new Error('A query without sub-queries')
  const stored = series.map((points, i) => ({ tsuid: TSUIDS[i]!, tags: [], points }))
  const scan = scanRange(query.start, query.end, sub.downsample)
  return computeGroup(stored, query, sub, scan, new Budget(DEFAULT_LIMITS, Date.now))
}

const TSUIDS = Array.from({ length: SERIES }, (_, i) => encodeTsuid(1, [[1, i + 1]], DEFAULT_UID_WIDTHS))

function pointsOf(fleet: Fleet, host: number): PointColumns {
  const kind = host % 3 === 1 ? KIND_FLOAT : 0
  const points = new PointColumnsBuilder(fleet.steps)
  for (const [i, value] of seriesValues(fleet, { host, metric: host % 3 }).entries()) {
    points.push((BASE_S + i * fleet.stepS) * 1000, value, kind)
  }
  return points
}

/** Throws unless the answer is what plain loops over what was encoded give. */
function checkAnswer(result: PointColumns, series: readonly PointColumns[]): void {
  const minutes = new Map<number, number>()
  for (const { count, times, values } of series) {
    const sums = new Map<number, [number, number]>()
    for (let i = 0; i < count; i++) {
      const minute = Math.floor(times[i]! / 60_000) * 60_000
      const [sum, n] = sums.get(minute) ?? [0, 0]
      sums.set(minute, [sum + values[i]!, n + 1])
    }
    for (const [minute, [sum, n]] of sums) minutes.set(minute, (minutes.get(minute) ?? 0) + sum / n)
  }
  strictEqual(result.count, minutes.size)
  for (let i = 0; i < result.count; i++) strictEqual(result.values[i], minutes.get(result.times[i]!))
}
