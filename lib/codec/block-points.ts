import type { PointColumns } from '../model/points.ts'
import { readExtras } from './block-extras.ts'
import type { ByteReader } from './bytes.ts'
import { readBytes, readDoubles, readIntegers } from './column.ts'
import { MAX_SCALE, NO_SCALE, POWERS_OF_TEN } from './decimal.ts'
import { blankTexts } from './extras.ts'
import type { SeriesColumns } from './series-columns.ts'

// The points of a block, read; block-runs.ts writes them. What a series starts with and the differences that follow lie in columns of their own: the
// differences are small and alike, the starts are neither.

/** In the place of a series' kind: its points differ, and theirs follow. */
export const KINDS_VARY = 255

/** A series' points and the record that each came in. */
export interface SourcedPoints {
  readonly points: PointColumns
  readonly sources: Uint32Array
}

/** Where the entries of the series asked for start and end in a column, and how many entries the column has. */
interface Span {
  readonly from: number
  readonly to: number
  readonly total: number
}

/** @param entriesOf how many entries the column has of a series, by the series' index */
function spanOf(count: number, from: number, to: number, entriesOf: (index: number) => number): Span {
  const span = { from: 0, to: 0, total: 0 }
  for (let i = 0; i < count; i++) {
    const entries = entriesOf(i)
    if (i < from) span.from += entries
    if (i < to) span.to += entries
    span.total += entries
  }
  return span
}

/** What has to be known of all series to find the columns of some. */
interface Shape {
  readonly counts: Float64Array
  readonly kindOfSeries: Uint8Array
  readonly points: Span
  readonly varying: Span
}

/**
 * The mirror of writeRuns, for the series `from` (inclusive) to `to` (exclusive) of `count`; others' points are
 * stepped over.
 * @param total points that the block's header promises
 * @param sourceCount sources that the block has
 * @returns their points, series by series, and where each series starts
 * @throws CorruptDataError
 */
export function readPoints(
  reader: ByteReader,
  block: {
    readonly count: number
    readonly total: number
    readonly sourceCount: number
    readonly baseMs: number
    readonly hasExtras: boolean
  },
  from: number,
  to: number,
): Pick<SeriesColumns, 'starts' | 'points' | 'sources'> {
  const shape = readShape(reader, block.count, block.total, from, to)
  const length = shape.points.to - shape.points.from
  const kinds = readKinds(reader, shape, from, to, length)
  const times = readTimes(reader, shape, block.baseMs, from, to, length)
  const values = readValues(reader, shape, from, to, length)
  const sources = readSourceIndexes(reader, shape, block.sourceCount, from, to, length)
  const bigs = readBigs(reader, shape)
  const extras = block.hasExtras ? readExtras(reader, block.total, shape.points.from, times) : undefined
  if (extras !== undefined) blankTexts(values, kinds)

  const starts = new Uint32Array(to - from + 1)
  for (let i = from; i < to; i++) starts[i - from + 1] = starts[i - from]! + shape.counts[i]!
  return { starts, points: { count: length, times, values, kinds, bigs, ...extras }, sources }
}

function readShape(reader: ByteReader, count: number, total: number, from: number, to: number): Shape {
  const counts = readIntegers(reader, count)
  const kindOfSeries = readBytes(reader, count)
  for (let i = 0; i < count; i++) {
    counts[i]! += 1
    if (counts[i]! < 1) reader.fail(`a series of ${counts[i]} points`)
  }
  const points = spanOf(count, from, to, (i) => counts[i]!)
  if (points.total !== total) reader.fail(`${points.total} points where ${total} should be`)
  const varying = spanOf(count, from, to, (i) => (kindOfSeries[i] === KINDS_VARY ? counts[i]! : 0))
  return { counts, kindOfSeries, points, varying }
}

function readKinds(reader: ByteReader, shape: Shape, from: number, to: number, length: number): Uint8Array {
  const kindOfPoint = readBytes(reader, shape.varying.total, shape.varying.from, shape.varying.to)
  const kinds = new Uint8Array(length)
  let at = 0
  let varying = 0
  for (let i = from; i < to; i++) {
    const count = shape.counts[i]!
    const kind = shape.kindOfSeries[i]!
    if (kind === KINDS_VARY) for (let j = 0; j < count; j++) kinds[at++] = kindOfPoint[varying++]!
    else if (count === 1) kinds[at++] = kind
    else {
      kinds.fill(kind, at, at + count)
      at += count
    }
  }
  return kinds
}

function readTimes(
  reader: ByteReader,
  shape: Shape,
  baseMs: number,
  from: number,
  to: number,
  length: number,
): Float64Array {
  const { counts, points } = shape
  const unit = reader.varint()
  const firsts = readIntegers(reader, counts.length, from, to)
  const deltas = readIntegers(reader, points.total - counts.length, points.from - from, points.to - to)
  const times = new Float64Array(length)
  let at = 0
  let delta = 0
  for (let i = from; i < to; i++) {
    let time = baseMs + firsts[i - from]! * unit
    times[at++] = time
    for (let j = counts[i]!; j > 1; j--) {
      time += deltas[delta++]! * unit
      times[at++] = time
    }
  }
  return times
}

function readValues(reader: ByteReader, shape: Shape, from: number, to: number, length: number): Float64Array {
  const { counts } = shape
  const scales = readBytes(reader, counts.length)
  for (const scale of scales) if (scale > MAX_SCALE && scale !== NO_SCALE) reader.fail(`the scale ${scale}`)
  const isDouble = (i: number) => scales[i] === NO_SCALE
  const firstSpan = spanOf(counts.length, from, to, (i) => (isDouble(i) ? 0 : 1))
  const deltaSpan = spanOf(counts.length, from, to, (i) => (isDouble(i) ? 0 : counts[i]! - 1))
  const doubleSpan = spanOf(counts.length, from, to, (i) => (isDouble(i) ? counts[i]! : 0))
  const firsts = readIntegers(reader, firstSpan.total, firstSpan.from, firstSpan.to)
  const deltas = readIntegers(reader, deltaSpan.total, deltaSpan.from, deltaSpan.to)
  const doubles = readDoubles(reader, doubleSpan.total, doubleSpan.from, doubleSpan.to)
  const values = new Float64Array(length)
  let at = 0
  let first = 0
  let delta = 0
  let double = 0
  for (let i = from; i < to; i++) {
    const count = counts[i]!
    if (isDouble(i)) {
      for (let j = 0; j < count; j++) values[at++] = doubles[double++]!
      continue
    }
    const power = POWERS_OF_TEN[scales[i]!]!
    let scaled = firsts[first++]!
    values[at++] = power === 1 ? scaled : scaled / power
    for (let j = 1; j < count; j++) {
      scaled += deltas[delta++]!
      values[at++] = power === 1 ? scaled : scaled / power
    }
  }
  return values
}

function readSourceIndexes(
  reader: ByteReader,
  shape: Shape,
  sourceCount: number,
  from: number,
  to: number,
  length: number,
): Uint32Array {
  const { counts, points } = shape
  const firsts = readIntegers(reader, counts.length, from, to)
  const deltas = readIntegers(reader, points.total - counts.length, points.from - from, points.to - to)
  const sources = new Uint32Array(length)
  let at = 0
  let delta = 0
  let [least, greatest] = [0, 0]
  for (let i = from; i < to; i++) {
    let source = firsts[i - from]!
    for (let j = counts[i]!; j > 0; j--) {
      sources[at++] = source
      if (source < least) least = source
      if (source > greatest) greatest = source
      if (j > 1) source += deltas[delta++]!
    }
  }
  if (length > 0 && (least < 0 || greatest >= sourceCount))
    reader.fail(`a point of source ${greatest} of ${sourceCount}`)
  return sources
}

/** @returns those of the points asked for, by index from the first of these on */
function readBigs(reader: ByteReader, shape: Shape): ReadonlyMap<number, bigint> {
  const { from, to, total } = shape.points
  const count = reader.varint()
  if (count > total) reader.fail(`${count} big integers of ${total} points`)
  const indexes = readIntegers(reader, count)
  const bigs = new Map<number, bigint>()
  for (const index of indexes) {
    const value = reader.i64()
    if (index >= from && index < to) bigs.set(index - from, value)
  }
  return bigs
}
