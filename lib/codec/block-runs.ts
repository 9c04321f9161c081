import { joinPoints } from '../model/pick-points.ts'
import { KINDS_VARY, type SourcedPoints } from './block-points.ts'
import type { ByteWriter } from './bytes.ts'
import { writeBytes, writeDoubles, writeIntegers } from './column.ts'
import { NO_SCALE, scaleOfRange, toScaled } from './decimal.ts'

/** Points of many series in columns, series by series, ascending by time within each. */
export interface PointRuns {
  /** Milliseconds since 1970. */
  readonly times: Float64Array
  readonly values: Float64Array
  readonly kinds: Uint8Array
  /** For each point, the record it came in, as an index into the block's sources. */
  readonly sources: Uint32Array
  /** Index of each series' first point, from 0, and last the number of points. */
  readonly starts: Uint32Array
  /** By index into the columns. */
  readonly bigs: ReadonlyMap<number, bigint>
}

/** Series one behind the other, copied. */
export function joinRuns(series: readonly SourcedPoints[]): PointRuns {
  const { count, times, values, kinds, bigs } = joinPoints(series.map(({ points }) => points))
  const starts = new Uint32Array(series.length + 1)
  const sources = new Uint32Array(count)
  let at = 0
  for (const [i, own] of series.entries()) {
    sources.set(own.sources.subarray(0, own.points.count), at)
    at += own.points.count
    starts[i + 1] = at
  }
  return { times, values, kinds, sources, starts, bigs }
}

/**
 * Appends the points of all series of a block, in columns.
 * @param baseMs milliseconds since 1970 at which the block's hour starts
 */
export function writeRuns(writer: ByteWriter, runs: PointRuns, baseMs: number): void {
  writeShape(writer, runs)
  writeTimes(writer, runs, baseMs)
  writeValues(writer, runs)
  writeSources(writer, runs)
  writeBigs(writer, runs)
}

function writeShape(writer: ByteWriter, { starts, kinds }: PointRuns): void {
  const series = starts.length - 1
  const counts = new Float64Array(series)
  const kindOfSeries = new Uint8Array(series)
  const kindOfPoint = new Uint8Array(kinds.length)
  let varying = 0
  for (let i = 0; i < series; i++) {
    const from = starts[i]!
    const to = starts[i + 1]!
    const first = kinds[from]!
    let same = from + 1
    while (same < to && kinds[same] === first) same++
    counts[i] = to - from - 1
    kindOfSeries[i] = same === to ? first : KINDS_VARY
    if (same < to) for (let j = from; j < to; j++) kindOfPoint[varying++] = kinds[j]!
  }
  writeIntegers(writer, counts, series)
  writeBytes(writer, kindOfSeries, series)
  writeBytes(writer, kindOfPoint, varying)
}

function writeTimes(writer: ByteWriter, { starts, times }: PointRuns, baseMs: number): void {
  const series = starts.length - 1
  const firsts = new Float64Array(series)
  const deltas = new Float64Array(times.length - series)
  let wholeSeconds = true
  let at = 0
  for (let i = 0; i < series; i++) {
    let before = times[starts[i]!]! - baseMs
    firsts[i] = before
    wholeSeconds &&= isWholeSeconds(before)
    for (let j = starts[i]! + 1; j < starts[i + 1]!; j++) {
      const offset = times[j]! - baseMs
      deltas[at++] = offset - before
      wholeSeconds &&= isWholeSeconds(offset)
      before = offset
    }
  }
  if (wholeSeconds) {
    for (let i = 0; i < series; i++) firsts[i]! /= 1000
    for (let i = 0; i < at; i++) deltas[i]! /= 1000
  }
  writer.varint(wholeSeconds ? 1000 : 1)
  writeIntegers(writer, firsts, series)
  writeIntegers(writer, deltas, at)
}

function writeValues(writer: ByteWriter, { starts, values, kinds }: PointRuns): void {
  const series = starts.length - 1
  const scales = new Uint8Array(series)
  const firsts = new Float64Array(series)
  const deltas = new Float64Array(values.length - series)
  const doubles = new Float64Array(values.length)
  let scaled = 0
  let deltaCount = 0
  let doubleCount = 0
  for (let i = 0; i < series; i++) {
    const from = starts[i]!
    const to = starts[i + 1]!
    const scale = scaleOfRange(values, kinds, from, to)
    scales[i] = scale
    if (scale === NO_SCALE) {
      for (let j = from; j < to; j++) doubles[doubleCount++] = values[j]!
      continue
    }
    let before = toScaled(values[from]!, scale)
    firsts[scaled++] = before
    for (let j = from + 1; j < to; j++) {
      const value = toScaled(values[j]!, scale)
      deltas[deltaCount++] = value - before
      before = value
    }
  }
  writeBytes(writer, scales, series)
  writeIntegers(writer, firsts, scaled)
  writeIntegers(writer, deltas, deltaCount)
  writeDoubles(writer, doubles, doubleCount)
}

function writeSources(writer: ByteWriter, { starts, sources }: PointRuns): void {
  const series = starts.length - 1
  const firsts = new Float64Array(series)
  const deltas = new Float64Array(sources.length - series)
  let at = 0
  for (let i = 0; i < series; i++) {
    let before = sources[starts[i]!]!
    firsts[i] = before
    for (let j = starts[i]! + 1; j < starts[i + 1]!; j++) {
      deltas[at++] = sources[j]! - before
      before = sources[j]!
    }
  }
  writeIntegers(writer, firsts, series)
  writeIntegers(writer, deltas, at)
}

function writeBigs(writer: ByteWriter, { bigs }: PointRuns): void {
  const sorted = [...bigs].sort((a, b) => a[0] - b[0])
  writer.varint(sorted.length)
  writeIntegers(
    writer,
    Float64Array.from(sorted, ([index]) => index),
    sorted.length,
  )
  for (const [, big] of sorted) writer.i64(big)
}

/** Offsets within an hour fit 32 bits; others are just written in milliseconds. */
function isWholeSeconds(offsetMs: number): boolean {
  return (offsetMs | 0) === offsetMs && (offsetMs | 0) % 1000 === 0
}
