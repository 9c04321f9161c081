import { hasExtras, KIND_BIG, KIND_TEXT, type PointColumns } from './points.ts'

/**
 * Points that are still to be seen: without those whose time has come and, where `numbersOnly`, without texts.
 * @param nowS seconds since 1970
 * @returns the points themselves where none is to be left out
 */
export function visiblePoints(points: PointColumns, nowS: number, numbersOnly = false): PointColumns {
  const { count, texts, expiries, kinds } = points
  const dropTexts = numbersOnly && texts !== undefined && texts.size > 0
  if (!dropTexts && expiries === undefined) return points
  const indexes = new Uint32Array(count)
  let kept = 0
  for (let i = 0; i < count; i++) {
    const expiry = expiries === undefined ? 0 : expiries[i]!
    if ((expiry === 0 || expiry > nowS) && !(dropTexts && (kinds[i]! & KIND_TEXT) !== 0)) indexes[kept++] = i
  }
  return kept === count ? points : pickPoints(points, indexes.subarray(0, kept))
}

/** The second since 1970 at which the time of all points has come; undefined where one is kept for ever. */
export function lastExpiry({ count, expiries }: PointColumns): number | undefined {
  if (expiries === undefined) return undefined
  let last = 0
  for (let i = 0; i < count; i++) {
    if (expiries[i] === 0) return undefined
    last = Math.max(last, expiries[i]!)
  }
  return last
}

/**
 * Some of the points.
 * @param indexes of those wanted, in the order in which they are wanted, each once
 */
export function pickPoints(from: PointColumns, indexes: Uint32Array): PointColumns {
  const count = indexes.length
  const times = new Float64Array(count)
  const values = new Float64Array(count)
  const kinds = new Uint8Array(count)
  const bigs = new Map<number, bigint>()
  for (let i = 0; i < count; i++) {
    const index = indexes[i]!
    times[i] = from.times[index]!
    values[i] = from.values[index]!
    kinds[i] = from.kinds[index]!
    const big = (kinds[i]! & KIND_BIG) !== 0 ? from.bigs.get(index) : undefined
    if (big !== undefined) bigs.set(i, big)
  }
  const picked = { count, times, values, kinds, bigs }
  return hasExtras(from) ? withExtras(picked, from, (i) => indexes[i]!) : picked
}

/** Points `from` (inclusive) to `to` (exclusive); the arrays are views. */
export function slicePoints(points: PointColumns, from: number, to: number): PointColumns {
  const { times, values, kinds } = points
  if (from === 0 && to === points.count) return points
  const bigs = new Map<number, bigint>()
  if (points.bigs.size > 0) {
    for (let i = from; i < to; i++) {
      const big = points.bigs.get(i)
      if (big !== undefined) bigs.set(i - from, big)
    }
  }
  const slice = {
    count: to - from,
    times: times.subarray(from, to),
    values: values.subarray(from, to),
    kinds: kinds.subarray(from, to),
    bigs,
  }
  // Not asked of all points: there may be as many slices.
  if (points.expiries === undefined && (points.texts === undefined || points.texts.size === 0)) return slice
  return withExtras(slice, points, (i) => from + i)
}

/** Points one after another, copied. */
export function joinPoints(pieces: readonly PointColumns[]): PointColumns {
  const count = pieces.reduce((total, piece) => total + piece.count, 0)
  const times = new Float64Array(count)
  const values = new Float64Array(count)
  const kinds = new Uint8Array(count)
  const bigs = new Map<number, bigint>()
  const texts = new Map<number, string>()
  let expiries: Float64Array | undefined
  let at = 0
  for (const piece of pieces) {
    times.set(piece.times.subarray(0, piece.count), at)
    values.set(piece.values.subarray(0, piece.count), at)
    kinds.set(piece.kinds.subarray(0, piece.count), at)
    for (const [i, big] of piece.bigs) if (i < piece.count) bigs.set(at + i, big)
    if (piece.texts !== undefined) for (const [i, text] of piece.texts) if (i < piece.count) texts.set(at + i, text)
    if (piece.expiries !== undefined) {
      expiries ??= new Float64Array(count)
      expiries.set(piece.expiries.subarray(0, piece.count), at)
    }
    at += piece.count
  }
  const joined = { count, times, values, kinds, bigs }
  return texts.size === 0 && expiries === undefined ? joined : { ...joined, texts, ...(expiries && { expiries }) }
}

/** Adds to points the texts and expiries that they have in other columns. @param indexOf where a point is there */
function withExtras(points: PointColumns, from: PointColumns, indexOf: (index: number) => number): PointColumns {
  const texts = new Map<number, string>()
  const expiries = new Float64Array(points.count)
  for (let i = 0; i < points.count; i++) {
    const text = from.texts?.get(indexOf(i))
    if (text !== undefined) texts.set(i, text)
    expiries[i] = from.expiries?.[indexOf(i)] ?? 0
  }
  return expiries.some((second) => second !== 0) ? { ...points, texts, expiries } : { ...points, texts }
}
