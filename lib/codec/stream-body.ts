import { slicePoints } from '../model/pick-points.ts'
import { KIND_BIG, KIND_FLOAT, KIND_MS, KIND_TEXT, type PointBatch, type PointColumns } from '../model/points.ts'
import type { SeriesName } from '../model/series.ts'
import { type ByteReader, ByteWriter } from './bytes.ts'
import { readExpiries, writeExpiries } from './extras.ts'

// The inside of a stream record: dictionary, series table, then the points by column. docs/format/stream-record.md draws it.

/** The i-th point is of the i-th series: a collector's usual request, which needs no column. */
const SERIES_IN_ORDER = 0
const SERIES_INDEXES = 1

/** Times are multiples of a second. */
const UNIT_S = 1000
const UNIT_MS = 1

/** Largest magnitude that a zigzag varint of 53 bits holds; integers beyond it take eight bytes. */
const MAX_ZIGZAG = 2 ** 52 - 1
/** On the wire KIND_BIG says "eight bytes", which some integers that a double holds need too. */
const KIND_WIDE = KIND_BIG
/** Of these a kind has at most one. */
const EXCLUSIVE_KINDS = KIND_FLOAT | KIND_WIDE | KIND_TEXT

/**
 * Writes the names and the series that the points `from` to `to` use.
 * @returns for each of these points its index in the series that were written
 */
export function writeSeries(writer: ByteWriter, batch: PointBatch, from: number, to: number): Uint32Array {
  const [series, seriesOf] = usedSeries(batch, from, to)
  const names = new Dictionary()
  // by identity: points of a request that have the same tags share one list of them
  const tagSets = new Map<Tags, number>()
  const sets = new ByteWriter(64)
  const pairs = new ByteWriter(4 * series.length)
  for (const { metric, tags } of series) {
    let set = tagSets.get(tags)
    if (set === undefined) {
      set = tagSets.size
      tagSets.set(tags, set)
      sets.varint(tags.length)
      for (const [tagk, tagv] of tags) sets.varint(names.indexOf(tagk)).varint(names.indexOf(tagv))
    }
    pairs.varint(names.indexOf(metric)).varint(set)
  }
  names.write(writer)
  writer.varint(tagSets.size).raw(sets.finish())
  writer.varint(series.length).raw(pairs.finish())
  return seriesOf
}

type Tags = SeriesName['tags']

/** Numbers names in the order in which they come. */
class Dictionary {
  readonly #indexes = new Map<string, number>()

  indexOf(name: string): number {
    let index = this.#indexes.get(name)
    if (index === undefined) {
      index = this.#indexes.size
      this.#indexes.set(name, index)
    }
    return index
  }

  write(writer: ByteWriter): void {
    writer.varint(this.#indexes.size)
    for (const name of this.#indexes.keys()) writer.text(name)
  }
}

/** Mirror of writeSeries; series that were written with one tag set share it again. */
export function readSeries(reader: ByteReader): SeriesName[] {
  const names: string[] = new Array(countOf(reader, 1, 'names'))
  for (let i = 0; i < names.length; i++) names[i] = reader.text()
  const name = (): string => {
    const index = reader.varint()
    return names[index] ?? reader.fail(`name ${index} of ${names.length}`)
  }
  const tagSets: Tags[] = new Array(countOf(reader, 1, 'tag sets'))
  for (let i = 0; i < tagSets.length; i++) tagSets[i] = readTags(reader, name)
  const series: SeriesName[] = new Array(countOf(reader, 2, 'series'))
  for (let i = 0; i < series.length; i++) {
    const metric = name()
    const set = reader.varint()
    series[i] = { metric, tags: tagSets[set] ?? reader.fail(`tag set ${set} of ${tagSets.length}`) }
  }
  return series
}

function readTags(reader: ByteReader, name: () => string): Tags {
  const tags: (readonly [string, string])[] = new Array(countOf(reader, 2, 'tags'))
  let before = ''
  for (let i = 0; i < tags.length; i++) {
    const tagk = name()
    if (i > 0 && tagk <= before) reader.fail('tags that are not in order')
    tags[i] = [tagk, name()]
    before = tagk
  }
  return tags
}

/** The whole batch as it is; of a part of it, only the series that it has, numbered anew. */
function usedSeries(batch: PointBatch, from: number, to: number): [readonly SeriesName[], Uint32Array] {
  if (from === 0 && to === batch.points.count) return [batch.series, batch.seriesOf]
  const series: SeriesName[] = []
  const indexes = new Map<number, number>()
  const seriesOf = new Uint32Array(to - from)
  for (let i = from; i < to; i++) {
    const old = batch.seriesOf[i]!
    let index = indexes.get(old)
    if (index === undefined) {
      index = series.length
      indexes.set(old, index)
      series.push(batch.series[old]!)
    }
    seriesOf[i - from] = index
  }
  return [series, seriesOf]
}

/**
 * Writes the points `from` to `to` by column.
 * @param seriesOf for each of these points its series, as writeSeries returned it
 * @param withExtras whether any of them may be a text or have a time that comes
 */
export function writePoints(
  writer: ByteWriter,
  points: PointColumns,
  seriesOf: Uint32Array,
  from: number,
  to: number,
  withExtras: boolean,
): void {
  const count = to - from
  writer.varint(count)
  writeSeriesColumn(writer, seriesOf, count)
  writeTimes(writer, points.times, from, to)
  writeKinds(writer, points, from, to)
  for (let i = from; i < to; i++) {
    const kind = wireKind(points, i)
    const value = points.values[i]!
    if ((kind & KIND_FLOAT) !== 0) writer.f64(value)
    else if ((kind & KIND_TEXT) !== 0) writer.text(points.texts?.get(i) ?? '')
    else if ((kind & KIND_WIDE) !== 0) writer.i64(points.bigs.get(i) ?? BigInt(value))
    else writer.zigzag(value)
  }
  if (withExtras) writeExpiries(writer, slicePoints(points, from, to))
}

/** Mirror of writeSeriesColumn to the values. */
export function readPoints(reader: ByteReader, series: readonly SeriesName[], withExtras: boolean): PointBatch {
  const count = countOf(reader, 1, 'points')
  const seriesOf = readSeriesColumn(reader, count, series.length)
  const times = readTimes(reader, count)
  const kinds = readKinds(reader, count, withExtras)
  const values = new Float64Array(count)
  const bigs = new Map<number, bigint>()
  const texts = new Map<number, string>()
  for (let i = 0; i < count; i++) {
    const kind = kinds[i]!
    if ((kind & KIND_FLOAT) !== 0) values[i] = reader.f64()
    else if ((kind & KIND_TEXT) !== 0) {
      values[i] = Number.NaN
      texts.set(i, reader.text())
    } else if ((kind & KIND_WIDE) !== 0) {
      const exact = reader.i64()
      const nearest = Number(exact)
      values[i] = nearest
      if (Number.isSafeInteger(nearest)) kinds[i] = kind & ~KIND_BIG
      else bigs.set(i, exact)
    } else values[i] = reader.zigzag()
  }
  if (!withExtras) return { series, seriesOf, points: { count, times, values, kinds, bigs } }
  const expiries = readExpiries(reader, times)
  return { series, seriesOf, points: { count, times, values, kinds, bigs, texts, ...(expiries && { expiries }) } }
}

function writeSeriesColumn(writer: ByteWriter, seriesOf: Uint32Array, count: number): void {
  let inOrder = true
  for (let i = 0; inOrder && i < count; i++) inOrder = seriesOf[i] === i
  writer.u8(inOrder ? SERIES_IN_ORDER : SERIES_INDEXES)
  if (inOrder) return
  for (let i = 0; i < count; i++) writer.varint(seriesOf[i]!)
}

function readSeriesColumn(reader: ByteReader, count: number, seriesCount: number): Uint32Array {
  const form = reader.u8()
  if (form > SERIES_INDEXES) reader.fail(`series column of form ${form}`)
  if (form === SERIES_IN_ORDER && count > seriesCount) reader.fail(`${count} points of ${seriesCount} series in order`)
  const seriesOf = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    const index = form === SERIES_IN_ORDER ? i : reader.varint()
    if (index >= seriesCount) reader.fail(`series ${index} of ${seriesCount}`)
    seriesOf[i] = index
  }
  return seriesOf
}

/** Unit, the first time, then differences. */
function writeTimes(writer: ByteWriter, times: Float64Array, from: number, to: number): void {
  let unit = UNIT_S
  for (let i = from; unit === UNIT_S && i < to; i++) if (times[i]! % UNIT_S !== 0) unit = UNIT_MS
  writer.u8(unit === UNIT_S ? 1 : 0)
  let before = 0
  for (let i = from; i < to; i++) {
    const time = times[i]! / unit
    writer.zigzag(time - before)
    before = time
  }
}

function readTimes(reader: ByteReader, count: number): Float64Array {
  const form = reader.u8()
  if (form > 1) reader.fail(`time unit ${form}`)
  const unit = form === 1 ? UNIT_S : UNIT_MS
  const times = new Float64Array(count)
  let time = 0
  for (let i = 0; i < count; i++) {
    time += reader.zigzag()
    if (time < 0 || !Number.isSafeInteger(time * unit)) reader.fail(`time ${time}`)
    times[i] = time * unit
  }
  return times
}

function wireKind(points: PointColumns, i: number): number {
  const kind = points.kinds[i]!
  const isWide = (kind & (KIND_FLOAT | KIND_TEXT)) === 0 && Math.abs(points.values[i]!) > MAX_ZIGZAG
  return isWide ? kind | KIND_WIDE : kind
}

/** Runs of one kind: the kind, then how many points have it. */
function writeKinds(writer: ByteWriter, points: PointColumns, from: number, to: number): void {
  for (let i = from; i < to; ) {
    const kind = wireKind(points, i)
    let end = i + 1
    while (end < to && wireKind(points, end) === kind) end++
    writer.u8(kind).varint(end - i)
    i = end
  }
}

function readKinds(reader: ByteReader, count: number, withTexts: boolean): Uint8Array {
  const kinds = new Uint8Array(count)
  for (let i = 0; i < count; ) {
    const kind = reader.u8()
    if (!isWireKind(kind) || (!withTexts && (kind & KIND_TEXT) !== 0)) reader.fail(`kind ${kind}`)
    const run = reader.varint()
    if (run === 0 || run > count - i) reader.fail(`a run of ${run} kinds where ${count - i} are left`)
    kinds.fill(kind, i, i + run)
    i += run
  }
  return kinds
}

function isWireKind(kind: number): boolean {
  const exclusive = kind & EXCLUSIVE_KINDS
  return (kind & ~(EXCLUSIVE_KINDS | KIND_MS)) === 0 && (exclusive & (exclusive - 1)) === 0
}

/** Reads a count of things of at least `bytesEach` bytes, so that no more memory is taken than the bytes at hand justify. */
function countOf(reader: ByteReader, bytesEach: number, what: string): number {
  const count = reader.varint()
  if (count * bytesEach > reader.remaining) reader.fail(`${count} ${what} in ${reader.remaining} bytes`)
  return count
}
