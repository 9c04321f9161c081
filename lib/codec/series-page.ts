import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { UidWidths } from '../model/series.ts'
import { readKeys, writeKeys } from './block-keys.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

/** First byte of every page; the next version is the postings page. Readers understand each version ever written. */
export const SERIES_PAGE_VERSION = 1

/** Series that one page may hold: what bounds the memory that decoding any page takes. */
export const MAX_PAGE_SERIES = 2 ** 20

const MAX_COLUMN_BYTES = 2 ** 27

/**
 * Encodes a list of series, in the columns that blocks keep their keys in: docs/format/block.md.
 * @param tsuids ascending as bytes
 * @throws RangeError where they are not in order, too many, or don't go with the widths
 */
export function encodeSeriesPage(tsuids: readonly Uint8Array[], widths: UidWidths): Uint8Array {
  if (tsuids.length > MAX_PAGE_SERIES) throw new RangeError(`${tsuids.length} series are too many for a page`)
  const columns = new ByteWriter(1024 + tsuids.length * 4)
  writeKeys(columns, tsuids, widths)
  return new ByteWriter(64 + columns.length)
    .u8(SERIES_PAGE_VERSION)
    .u8(widths.metric)
    .u8(widths.tagk)
    .u8(widths.tagv)
    .varint(tsuids.length)
    .varint(columns.length)
    .raw(deflateRawSync(columns.finish()))
    .finish()
}

/**
 * The mirror of encodeSeriesPage.
 * @throws CorruptDataError
 */
export function decodeSeriesPage(bytes: Uint8Array): readonly Uint8Array[] {
  const header = new ByteReader(bytes, 'series page')
  const version = header.u8()
  if (version !== SERIES_PAGE_VERSION) header.fail(`the unknown version ${version}`)
  const widths = { metric: header.u8(), tagk: header.u8(), tagv: header.u8() }
  for (const width of Object.values(widths)) if (width < 1 || width > 6) header.fail(`a UID width of ${width}`)
  const count = header.varint()
  const length = header.varint()
  if (count > MAX_PAGE_SERIES || length > MAX_COLUMN_BYTES) header.fail(`${count} series in ${length} bytes`)
  let columns: Uint8Array
  try {
    columns = inflateRawSync(header.raw(header.remaining), { maxOutputLength: Math.max(1, length) })
  } catch (error) {
    return header.fail(error instanceof Error ? error.message : String(error))
  }
  return readKeys(new ByteReader(columns, 'series page columns'), count, widths, undefined).tsuids
}
