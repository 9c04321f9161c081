import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { UidWidths } from '../model/series.ts'
import { readKeys, writeKeys } from './block-keys.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { readIntegers, writeIntegers } from './column.ts'
import { readUid } from './tsuid.ts'

// Postings say which series of a metric have a tag. docs/format/postings.md draws them.

/** First byte of every page; version 1 is the series page, which has no days. */
const PAGE_VERSION = 2

/** First byte of every directory. */
const DIRECTORY_VERSION = 1

/** Series that one page may hold: what bounds the memory that decoding any page takes. */
export const MAX_PAGE_POSTINGS = 2 ** 20

const MAX_COLUMN_BYTES = 2 ** 27

/** The greatest day that a page can name, in 2149; as the last day it also stands for: nobody knows. */
export const LAST_DAY = 0xffff

/** A series and the days in which it may have points. */
export interface Posting {
  readonly tsuid: Uint8Array
  /** Days since 1970; 0 where nobody knows. */
  readonly firstDay: number
  /** Days since 1970, inclusive; LAST_DAY where nobody knows. */
  readonly lastDay: number
}

/** Bytes of a page's id. */
export const PAGE_ID_BYTES = 8

/** One page of a list, as the list's directory has it. */
export interface PageEntry {
  /** Every key in this page and in those behind it is at least this one; of the first page, empty. */
  readonly from: Uint8Array
  /** PAGE_ID_BYTES that name the page in its list. */
  readonly id: Uint8Array
  readonly series: number
}

/**
 * Encodes series with their days.
 * @param postings all of one metric, in the order of their list; days from 0 to LAST_DAY
 * @throws RangeError where they are too many, a day is not one, or a TSUID does not go with the widths
 */
export function encodePostings(postings: readonly Posting[], widths: UidWidths): Uint8Array {
  const count = postings.length
  if (count > MAX_PAGE_POSTINGS) throw new RangeError(`${count} series are too many for a page`)
  const columns = new ByteWriter(1024 + count * 4)
  writeKeys(
    columns,
    postings.map(({ tsuid }) => tsuid),
    widths,
  )
  const firstDays = new Float64Array(count)
  const lengths = new Float64Array(count)
  for (const [i, { firstDay, lastDay }] of postings.entries()) {
    if (
      !Number.isInteger(firstDay) ||
      !Number.isInteger(lastDay) ||
      firstDay < 0 ||
      lastDay < firstDay ||
      lastDay > LAST_DAY
    )
      throw new RangeError(`No days ${firstDay} to ${lastDay}`)
    firstDays[i] = firstDay
    lengths[i] = lastDay - firstDay
  }
  writeIntegers(columns, firstDays, count)
  writeIntegers(columns, lengths, count)
  return new ByteWriter(64 + columns.length)
    .u8(PAGE_VERSION)
    .u8(widths.metric)
    .u8(widths.tagk)
    .u8(widths.tagv)
    .varint(count)
    .varint(columns.length)
    .raw(deflateRawSync(columns.finish()))
    .finish()
}

/**
 * The mirror of encodePostings.
 * @throws CorruptDataError
 */
export function decodePostings(bytes: Uint8Array): Posting[] {
  const header = new ByteReader(bytes, 'postings page')
  const version = header.u8()
  if (version !== PAGE_VERSION) header.fail(`the unknown version ${version}`)
  const widths = { metric: header.u8(), tagk: header.u8(), tagv: header.u8() }
  for (const width of Object.values(widths)) if (width < 1 || width > 6) header.fail(`a UID width of ${width}`)
  const count = header.varint()
  const length = header.varint()
  if (count > MAX_PAGE_POSTINGS || length > MAX_COLUMN_BYTES) header.fail(`${count} series in ${length} bytes`)
  const reader = new ByteReader(inflate(header, length), 'postings columns')
  const { tsuids } = readKeys(reader, count, widths, undefined)
  const firstDays = readIntegers(reader, count)
  const lengths = readIntegers(reader, count)
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes too many`)
  return tsuids.map((tsuid, i) => {
    const firstDay = firstDays[i]!
    const lastDay = firstDay + lengths[i]!
    if (firstDay < 0 || lastDay < firstDay || lastDay > LAST_DAY) reader.fail(`the days ${firstDay} to ${lastDay}`)
    return { tsuid, firstDay, lastDay }
  })
}

function inflate(header: ByteReader, length: number): Uint8Array {
  const packed = header.raw(header.remaining)
  let columns: Uint8Array
  try {
    columns = inflateRawSync(packed, { maxOutputLength: Math.max(1, length) })
  } catch (error) {
    return header.fail(error instanceof Error ? error.message : String(error))
  }
  if (columns.length !== length) header.fail(`${columns.length} bytes of columns where ${length} should be`)
  return columns
}

/**
 * Encodes the directory of a list.
 * @param pages ascending by `from`, the first from the empty key on
 */
export function encodeDirectory(pages: readonly PageEntry[]): Uint8Array {
  const writer = new ByteWriter(16 + pages.length * 24).u8(DIRECTORY_VERSION).varint(pages.length)
  for (const { from, id, series } of pages) {
    if (id.length !== PAGE_ID_BYTES) throw new RangeError(`A page id of ${id.length} bytes`)
    writer.varint(from.length).raw(from).raw(id).varint(series)
  }
  return writer.finish()
}

/**
 * The mirror of encodeDirectory.
 * @throws CorruptDataError
 */
export function decodeDirectory(bytes: Uint8Array): PageEntry[] {
  const reader = new ByteReader(bytes, 'postings directory')
  const version = reader.u8()
  if (version !== DIRECTORY_VERSION) reader.fail(`the unknown version ${version}`)
  const count = reader.varint()
  const pages: PageEntry[] = []
  for (let i = 0; i < count; i++) {
    const from = reader.raw(reader.varint())
    const before = pages.at(-1)
    if (before === undefined ? from.length > 0 : Buffer.compare(before.from, from) >= 0)
      reader.fail('pages that are not in order')
    pages.push({ from, id: reader.raw(PAGE_ID_BYTES), series: reader.varint() })
  }
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes too many`)
  return pages
}

/**
 * What a list is ordered by: in the list of a tag key, the UID of its value and then the TSUID behind the metric; in the
 * list of all series of a metric, the TSUID behind the metric.
 * @param tagk the list's tag key; undefined: the list of all series
 * @throws RangeError for a series without the tag
 */
export function listKey(tsuid: Uint8Array, tagk: number | undefined, widths: UidWidths): Uint8Array {
  const rest = tsuid.subarray(widths.metric)
  if (tagk === undefined) return rest
  const at = tagvAt(tsuid, tagk, widths)
  if (at < 0) throw new RangeError(`The series has no tag with the key ${tagk}`)
  const key = new Uint8Array(widths.tagv + rest.length)
  key.set(tsuid.subarray(at, at + widths.tagv))
  key.set(rest, widths.tagv)
  return key
}

/** Where in a TSUID the UID of a tag's value starts; -1 where the series has no such tag. */
export function tagvAt(tsuid: Uint8Array, tagk: number, widths: UidWidths): number {
  for (let at = widths.metric; at < tsuid.length; at += widths.tagk + widths.tagv) {
    if (readUid(tsuid, at, widths.tagk) === tagk) return at + widths.tagk
  }
  return -1
}

/** The UIDs of the tag keys in a TSUID, ascending. */
export function tagKeysOf(tsuid: Uint8Array, widths: UidWidths): number[] {
  const tagks: number[] = []
  for (let at = widths.metric; at < tsuid.length; at += widths.tagk + widths.tagv)
    tagks.push(readUid(tsuid, at, widths.tagk))
  return tagks
}

/**
 * The shortest start of `key` that is above `before`, but never shorter than `least` bytes: what a directory keeps as the
 * lower bound of a page.
 * @param before the last key of the page before; less than `key`
 */
export function separator(before: Uint8Array, key: Uint8Array, least: number): Uint8Array {
  let same = 0
  while (same < before.length && same < key.length && before[same] === key[same]) same++
  return key.slice(0, Math.max(least, same + 1))
}
