import { KIND_TEXT, type PointColumns } from '../model/points.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { readIntegers, writeIntegers } from './column.ts'
import { MAX_TEXTS_BYTES } from './extras.ts'

// The columns of a block that few blocks have: texts and when points' times come. Both name their points by index.

/** Appends the texts and expiries of all series' points. */
export function writeExtras(writer: ByteWriter, series: readonly { readonly points: PointColumns }[]): void {
  const textIndexes: number[] = []
  const texts: Buffer[] = []
  const expiryIndexes: number[] = []
  const lives: number[] = []
  let start = 0
  for (const { points } of series) {
    for (let i = 0; i < points.count; i++) {
      if ((points.kinds[i]! & KIND_TEXT) !== 0) {
        textIndexes.push(start + i)
        texts.push(Buffer.from(points.texts?.get(i) ?? '', 'utf8'))
      }
      const expiry = points.expiries?.[i] ?? 0
      if (expiry === 0) continue
      expiryIndexes.push(start + i)
      lives.push(expiry - Math.floor(points.times[i]! / 1000))
    }
    start += points.count
  }
  writeIndexes(writer, textIndexes)
  writeIntegers(
    writer,
    Float64Array.from(texts, ({ length }) => length),
    texts.length,
  )
  if (texts.reduce((sum, { length }) => sum + length, 0) > MAX_TEXTS_BYTES)
    throw new RangeError('Too long texts for a block')
  for (const text of texts) writer.raw(text)
  writeIndexes(writer, expiryIndexes)
  writeIntegers(writer, Float64Array.from(lives), lives.length)
}

/**
 * The mirror of writeExtras, for some of the points.
 * @param total points of the block
 * @param from index of the first point asked for
 * @param times of the points asked for, in milliseconds since 1970
 * @throws CorruptDataError
 */
export function readExtras(
  reader: ByteReader,
  total: number,
  from: number,
  times: Float64Array,
): Pick<PointColumns, 'texts' | 'expiries'> {
  const to = from + times.length
  const texts = new Map<number, string>()
  const textIndexes = readIndexes(reader, total)
  const lengths = readIntegers(reader, textIndexes.length)
  for (let i = 0; i < textIndexes.length; i++) {
    const index = textIndexes[i]!
    const bytes = reader.raw(lengths[i]!)
    if (index < from || index >= to) continue
    texts.set(index - from, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  }
  let expiries: Float64Array | undefined
  const expiryIndexes = readIndexes(reader, total)
  const lives = readIntegers(reader, expiryIndexes.length)
  for (let i = 0; i < expiryIndexes.length; i++) {
    const index = expiryIndexes[i]!
    if (index < from || index >= to) continue
    const expiry = Math.floor(times[index - from]! / 1000) + lives[i]!
    if (!(expiry > 0)) reader.fail(`a point whose time came at ${expiry}`)
    expiries ??= new Float64Array(times.length)
    expiries[index - from] = expiry
  }
  return { ...(texts.size > 0 && { texts }), ...(expiries && { expiries }) }
}

/** How many, then how far each is from the one before; the first from -1. */
function writeIndexes(writer: ByteWriter, indexes: readonly number[]): void {
  writer.varint(indexes.length)
  writeIntegers(
    writer,
    Float64Array.from(indexes, (index, i) => index - (indexes[i - 1] ?? -1)),
    indexes.length,
  )
}

function readIndexes(reader: ByteReader, total: number): Float64Array {
  const count = reader.varint()
  if (count > total) reader.fail(`${count} indexes of ${total} points`)
  const indexes = readIntegers(reader, count)
  let index = -1
  for (let i = 0; i < count; i++) {
    if (indexes[i]! < 1) reader.fail('indexes that do not ascend')
    index += indexes[i]!
    indexes[i] = index
  }
  if (index >= total) reader.fail(`the point ${index} of ${total}`)
  return indexes
}
