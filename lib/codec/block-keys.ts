import type { UidWidths } from '../model/series.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { readBytes, readIntegers, writeBytes, writeIntegers } from './column.ts'
import { readUid, tsuidLength, writeUid } from './tsuid.ts'

// The keys of a block's series. TSUIDs are taken apart into columns of UIDs, each as the difference from the entry before
// it: where thousands of series have one point each, keys are most of a block, and neighbours differ in one tag value.

/** Tag pairs that the series of one block may have in all: what bounds the memory that decoding any block takes. */
export const MAX_BLOCK_TAGS = 2 ** 23

/** Which series of a block were asked for, and their TSUIDs. */
export interface BlockKeys {
  /** Index of the first series in the block. */
  readonly from: number
  /** Index behind the last. */
  readonly to: number
  readonly tsuids: readonly Uint8Array[]
}

/**
 * Appends the keys of a block.
 * @param tsuids ascending as bytes
 * @throws RangeError where they are not, or one is not a metric and whole pairs
 */
export function writeKeys(writer: ByteWriter, tsuids: readonly Uint8Array[], widths: UidWidths): void {
  const pair = widths.tagk + widths.tagv
  const metricDeltas: number[] = []
  const seriesOfMetric: number[] = []
  const tagCounts = new Uint8Array(tsuids.length)
  let metric = 0
  let maxTags = 0
  let totalTags = 0
  let length = -1
  let tags = 0
  for (let i = 0; i < tsuids.length; i++) {
    const tsuid = tsuids[i]!
    // Nearly all are as long as the one before.
    if (tsuid.length !== length) {
      length = tsuid.length
      tags = (length - widths.metric) / pair
      if (!Number.isInteger(tags) || tags < 0 || tags > 255) {
        throw new RangeError(`A TSUID of ${length} bytes does not go with the UID widths`)
      }
      if (tags > maxTags) maxTags = tags
    }
    tagCounts[i] = tags
    totalTags += tags
    const own = readUid(tsuid, 0, widths.metric)
    if (i === 0 || own !== metric) {
      if (own < metric) throw new RangeError('The series of a block are not in the order of their TSUIDs')
      metricDeltas.push(own - metric)
      seriesOfMetric.push(0)
      metric = own
    }
    seriesOfMetric[seriesOfMetric.length - 1]!++
  }
  if (totalTags > MAX_BLOCK_TAGS) throw new RangeError(`${totalTags} tags are too many for a block`)
  writer.varint(metricDeltas.length)
  writeIntegers(writer, Float64Array.from(metricDeltas), metricDeltas.length)
  writeIntegers(writer, Float64Array.from(seriesOfMetric), seriesOfMetric.length)
  writeBytes(writer, tagCounts, tsuids.length)
  const column = new Float64Array(tsuids.length)
  for (let tag = 0; tag < maxTags; tag++) {
    const at = widths.metric + tag * pair
    writeIntegers(writer, column, fillDeltas(column, tsuids, at, widths.tagk))
    writeIntegers(writer, column, fillDeltas(column, tsuids, at + widths.tagk, widths.tagv))
  }
}

/** The UIDs at one place of every TSUID that is long enough, each less the one before it. @returns how many */
function fillDeltas(column: Float64Array, tsuids: readonly Uint8Array[], at: number, width: number): number {
  let count = 0
  let before = 0
  for (const tsuid of tsuids) {
    if (tsuid.length <= at) continue
    const uid = readUid(tsuid, at, width)
    column[count++] = uid - before
    before = uid
  }
  return count
}

/**
 * The mirror of writeKeys.
 * @param count series in the block
 * @param metric the UID of the one metric whose series are wanted; undefined: all
 * @throws CorruptDataError
 */
export function readKeys(reader: ByteReader, count: number, widths: UidWidths, metric: number | undefined): BlockKeys {
  const metricCount = reader.varint()
  if (metricCount > count) reader.fail(`${metricCount} metrics of ${count} series`)
  const metrics = readIntegers(reader, metricCount)
  const seriesOfMetric = readIntegers(reader, metricCount)
  let from = metric === undefined ? 0 : -1
  let to = metric === undefined ? count : -1
  let seen = 0
  for (let i = 0; i < metricCount; i++) {
    metrics[i]! += i === 0 ? 0 : metrics[i - 1]!
    if (seriesOfMetric[i]! < 1) reader.fail('a metric without series')
    if (metrics[i] === metric) {
      from = seen
      to = seen + seriesOfMetric[i]!
    }
    seen += seriesOfMetric[i]!
  }
  if (seen !== count) reader.fail(`${seen} series of metrics where ${count} should be`)
  if (from < 0) return { from: 0, to: 0, tsuids: [] }

  const tagCounts = readBytes(reader, count)
  const maxTags = checkTagCounts(reader, tagCounts)
  const tsuids = allocate(tagCounts, from, to, widths)
  for (let i = 0, index = 0, end = 0; i < metricCount; i++) {
    checkUid(reader, metrics[i]!, 256 ** widths.metric)
    for (end += seriesOfMetric[i]!; index < end; index++) {
      if (index >= from && index < to) putUid(tsuids[index - from]!, 0, widths.metric, metrics[i]!)
    }
  }
  for (let tag = 0; tag < maxTags; tag++) {
    const at = widths.metric + tag * (widths.tagk + widths.tagv)
    readDeltas(reader, tagCounts, tag, tsuids, from, at, widths.tagk)
    readDeltas(reader, tagCounts, tag, tsuids, from, at + widths.tagk, widths.tagv)
  }
  return { from, to, tsuids }
}

function checkTagCounts(reader: ByteReader, tagCounts: Uint8Array): number {
  let max = 0
  let total = 0
  for (let i = 0; i < tagCounts.length; i++) {
    const tags = tagCounts[i]!
    total += tags
    if (tags > max) max = tags
  }
  if (total > MAX_BLOCK_TAGS) reader.fail(`${total} tags in a block`)
  return max
}

/** Room for the TSUIDs of series `from` to `to`, side by side in one buffer. */
function allocate(tagCounts: Uint8Array, from: number, to: number, widths: UidWidths): Uint8Array[] {
  let length = 0
  for (let i = from; i < to; i++) length += tsuidLength(tagCounts[i]!, widths)
  const bytes = new Uint8Array(length)
  const tsuids: Uint8Array[] = []
  for (let i = from, at = 0; i < to; i++) {
    const end = at + tsuidLength(tagCounts[i]!, widths)
    tsuids.push(bytes.subarray(at, end))
    at = end
  }
  return tsuids
}

/** The mirror of fillDeltas: puts UIDs into the TSUIDs wanted, which start at series `from`. */
function readDeltas(
  reader: ByteReader,
  tagCounts: Uint8Array,
  tag: number,
  tsuids: readonly Uint8Array[],
  from: number,
  at: number,
  width: number,
): void {
  let entries = 0
  for (let i = 0; i < tagCounts.length; i++) if (tagCounts[i]! > tag) entries++
  const deltas = readIntegers(reader, entries)
  let uid = 0
  let entry = 0
  const to = from + tsuids.length
  const limit = 256 ** width
  for (let i = 0; i < to; i++) {
    if (tagCounts[i]! <= tag) continue
    uid += deltas[entry++]!
    if (i < from) continue
    checkUid(reader, uid, limit)
    putUid(tsuids[i - from]!, at, width, uid)
  }
}

function checkUid(reader: ByteReader, uid: number, limit: number): void {
  if (uid < 0 || uid >= limit) reader.fail(`the UID ${uid}, which must be below ${limit}`)
}

/** writeUid of a UID known to fit; up to 4 bytes, which is what stores use, without a division. */
function putUid(tsuid: Uint8Array, at: number, width: number, uid: number): void {
  if (width > 4) {
    writeUid(tsuid, at, width, uid)
    return
  }
  let rest = uid | 0
  for (let i = at + width - 1; i >= at; i--) {
    tsuid[i] = rest
    rest >>>= 8
  }
}
