import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { CorruptDataError } from '../model/errors.ts'
import { KIND_TEXT, type PointColumns } from '../model/points.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

// What few points have: texts and times to live. Rows, blocks and stream records that have neither say nothing of them, not even
// that. docs/format/row.md draws it.

/** Bytes of the texts of one row's part, block or stream record at most, once inflated: what bounds a reader's memory. */
export const MAX_TEXTS_BYTES = 2 ** 24
/** UTF-8 bytes of one text at most, so that a row's part holds at least one. */
export const MAX_TEXT_BYTES = 60_000
/** Fewer bytes are left as they are. */
const DEFLATE_FROM_BYTES = 32
const DEFLATE_LEVEL = 6

/**
 * Appends when points' times come, in runs of points that live equally long: how many runs, then of each how many points it
 * has, and 0 for points that are kept or how many seconds they live, zigzag, plus 1.
 * @param points their `expiries` may be absent: no runs
 */
export function writeExpiries(writer: ByteWriter, { count, times, expiries }: PointColumns): void {
  if (expiries === undefined) {
    writer.varint(0)
    return
  }
  const runs = new ByteWriter(64)
  let runCount = 0
  for (let i = 0; i < count; runCount++) {
    const start = i
    const life = lifeAt(times, expiries, i)
    while (i < count && lifeAt(times, expiries, i) === life) i++
    runs.varint(i - start).varint(life)
  }
  writer.varint(runCount).raw(runs.finish())
}

/**
 * The mirror of writeExpiries.
 * @param times of all points, in milliseconds since 1970
 * @returns undefined where there are no runs
 * @throws CorruptDataError
 */
export function readExpiries(reader: ByteReader, times: Float64Array): Float64Array | undefined {
  const runs = reader.varint()
  if (runs === 0) return undefined
  const expiries = new Float64Array(times.length)
  let at = 0
  for (let run = 0; run < runs; run++) {
    const count = reader.varint()
    const life = reader.varint()
    if (count === 0 || count > times.length - at) reader.fail(`a run of ${count} times to live`)
    for (const end = at + count; at < end; at++) {
      if (life === 0) continue
      const second = Math.floor(times[at]! / 1000) + unzigzag(life - 1)
      if (!(second > 0)) reader.fail(`a point whose time came at ${second}`)
      expiries[at] = second
    }
  }
  if (at !== times.length) reader.fail(`times to live of ${at} points`)
  return expiries
}

/** 0, or the seconds that a point lives in zigzag form plus 1. */
function lifeAt(times: Float64Array, expiries: Float64Array, index: number): number {
  const expiry = expiries[index]!
  if (expiry === 0) return 0
  const life = expiry - Math.floor(times[index]! / 1000)
  return 1 + (life < 0 ? -life * 2 - 1 : life * 2)
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/**
 * Appends the values of the points that are texts, in their order: `bytes <varint>`, then a text each, deflated where that is shorter.
 * It must be the last thing written: how many bytes are left tells whether it is deflated.
 */
export function writeTexts(writer: ByteWriter, points: PointColumns): void {
  const plain = new ByteWriter(256)
  for (let i = 0; i < points.count; i++) {
    if ((points.kinds[i]! & KIND_TEXT) !== 0) plain.text(points.texts?.get(i) ?? '')
  }
  const bytes = plain.finish()
  if (bytes.length > MAX_TEXTS_BYTES) throw new RangeError(`${bytes.length} bytes of texts`)
  const packed = bytes.length < DEFLATE_FROM_BYTES ? bytes : deflateRawSync(bytes, { level: DEFLATE_LEVEL })
  writer.varint(bytes.length).raw(packed.length < bytes.length ? packed : bytes)
}

/**
 * The mirror of writeTexts: reads all that the reader has left.
 * @param kinds of all points
 * @throws CorruptDataError
 */
export function readTexts(reader: ByteReader, kinds: Uint8Array): Map<number, string> {
  const length = reader.varint()
  if (length > MAX_TEXTS_BYTES) reader.fail(`${length} bytes of texts`)
  const bytes = reader.raw(reader.remaining)
  const plain = new ByteReader(bytes.length === length ? bytes : inflate(bytes, length), 'texts')
  const texts = new Map<number, string>()
  for (let i = 0; i < kinds.length; i++) if ((kinds[i]! & KIND_TEXT) !== 0) texts.set(i, plain.text())
  if (plain.remaining > 0) plain.fail(`${plain.remaining} bytes too many`)
  return texts
}

function inflate(bytes: Uint8Array, length: number): Uint8Array {
  let plain: Uint8Array
  try {
    plain = inflateRawSync(bytes, { maxOutputLength: Math.max(1, length) })
  } catch (cause) {
    throw new CorruptDataError('texts', cause instanceof Error ? cause.message : String(cause), bytes)
  }
  if (plain.length !== length) throw new CorruptDataError('texts', `${plain.length} bytes for ${length}`, bytes)
  return plain
}

/**
 * Points whose texts stand for the number before them, so that codes for numbers take next to nothing for them. The kinds are as they were.
 * @returns the points themselves where none is a text
 */
export function withoutTexts(points: PointColumns): PointColumns {
  if (points.texts === undefined || points.texts.size === 0) return points
  const values = points.values.slice(0, points.count)
  let before = 0
  for (let i = 0; i < values.length; i++) {
    if ((points.kinds[i]! & KIND_TEXT) !== 0) values[i] = before
    else before = values[i]!
  }
  return { ...points, values }
}

/** Makes the numbers that withoutTexts put in the place of texts NaN again. */
export function blankTexts(values: Float64Array, kinds: Uint8Array): void {
  for (let i = 0; i < kinds.length; i++) if ((kinds[i]! & KIND_TEXT) !== 0) values[i] = Number.NaN
}
