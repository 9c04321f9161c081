import { CorruptDataError } from '../model/errors.ts'
import type { UidWidths } from '../model/series.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { readUid, tsuidLength, writeUid } from './tsuid.ts'

/** First byte of the sort key of a row of points; annotations of the same series and hour have another. */
const POINTS = 1

/** What the sort keys of all rows of points begin with. */
export const POINTS_SK: Uint8Array = Uint8Array.of(POINTS)

/** Salts stay below the first bytes by which blocks and the ledger are told from rows. */
export const MAX_SALT_BUCKETS = 0xf0

const BASE_TIME_BYTES = 4

/** How much of the end of a sort key is the part. */
export const PART_BYTES = 2

/** What names one part of a row: one series' points of one hour. */
export interface RowKey {
  /** saltOf the series. */
  readonly salt: number
  readonly tsuid: Uint8Array
  /** Seconds since 1970, the hour's start. */
  readonly baseTime: number
  /** Rows too large for one item are cut by time; part 0 always exists. */
  readonly part: number
}

/**
 * The salt of a series: its hash modulo the number of buckets, so that the rows of one metric's hour lie in that many
 * partitions.
 * @param tsuidHash hashTsuid of the series
 */
export function saltOf(tsuidHash: number, saltBuckets: number): number {
  return tsuidHash % saltBuckets
}

/**
 * The key of a row in tsdb. The partition key is OpenTSDB's row key up to the base time, `salt | metric UID | base time`; the
 * sort key is `1 | number of tags | tag UID pairs | part`. All big-endian.
 * @throws RangeError where a field does not fit its place
 */
export function encodeRowKey(row: RowKey, widths: UidWidths): { pk: Uint8Array; sk: Uint8Array } {
  const tags = (row.tsuid.length - widths.metric) / (widths.tagk + widths.tagv)
  if (!Number.isInteger(tags) || tags < 0 || tags > 255)
    throw new RangeError('The TSUID does not go with the UID widths')
  if (!(row.salt >= 0 && row.salt < MAX_SALT_BUCKETS)) throw new RangeError(`No salt ${row.salt}`)
  if (!(row.baseTime >= 0 && row.baseTime < 2 ** 32)) throw new RangeError(`No base time ${row.baseTime}`)
  if (!(row.part >= 0 && row.part < 2 ** 16)) throw new RangeError(`No part ${row.part}`)
  const pk = rowPk(row.salt, readUid(row.tsuid, 0, widths.metric), row.baseTime, widths)
  const sk = new ByteWriter(row.tsuid.length + 4)
    .u8(POINTS)
    .u8(tags)
    .raw(row.tsuid.subarray(widths.metric))
    .u16(row.part)
  return { pk, sk: sk.finish() }
}

/**
 * The partition key of the rows of a metric's hour that have the same salt.
 * @param metric its UID
 * @param baseTime seconds since 1970, the hour's start
 */
export function rowPk(salt: number, metric: number, baseTime: number, widths: UidWidths): Uint8Array {
  const uid = new Uint8Array(widths.metric)
  writeUid(uid, 0, widths.metric, metric)
  return new ByteWriter(1 + widths.metric + BASE_TIME_BYTES).u8(salt).raw(uid).u32(baseTime).finish()
}

/**
 * The mirror of encodeRowKey.
 * @throws CorruptDataError where the bytes are no row's key
 */
export function decodeRowKey(pk: Uint8Array, sk: Uint8Array, widths: UidWidths): RowKey {
  if (pk.length !== 1 + widths.metric + BASE_TIME_BYTES) {
    throw new CorruptDataError('row key', `a partition key of ${pk.length} bytes`, pk)
  }
  const head = new ByteReader(pk, 'row key')
  const salt = head.u8()
  const metric = head.raw(widths.metric)
  const baseTime = head.u32()
  const rest = new ByteReader(sk, 'row key')
  if (rest.u8() !== POINTS) rest.fail('another kind of item')
  const tags = rest.u8()
  const length = tsuidLength(tags, widths)
  const tsuid = new Uint8Array(length)
  tsuid.set(metric)
  tsuid.set(rest.raw(length - widths.metric), widths.metric)
  const part = rest.u16()
  if (rest.remaining > 0) rest.fail(`${rest.remaining} bytes too many`)
  return { salt, tsuid, baseTime, part }
}
