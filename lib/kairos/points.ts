import { KIND_BIG, KIND_FLOAT, KIND_TEXT, type PointColumns, type PointColumnsBuilder } from '../model/points.ts'

/** Bit of a point's kind, in this folder alone: there is no value. It marks a gap. */
export const KIND_NULL = 128

/** What KairosDB calls a type of values; points of both are never in one result. */
export type GroupType = 'number' | 'text'

/** Appends a point of other columns, at its own time or another. @param time milliseconds since 1970 */
export function copyPoint(from: PointColumns, index: number, to: PointColumnsBuilder, time = from.times[index]!): void {
  const kind = from.kinds[index]!
  if ((kind & KIND_TEXT) !== 0) to.pushText(time, from.texts?.get(index) ?? '', 0)
  else if ((kind & KIND_BIG) !== 0) to.pushInteger(time, from.bigs.get(index) ?? 0n, 0)
  else to.push(time, from.values[index]!, kind & (KIND_FLOAT | KIND_NULL))
}

/** The same points with other values, which are doubles. */
export function withDoubles(points: PointColumns, valueAt: (value: number, index: number) => number): PointColumns {
  const { count, times } = points
  const values = new Float64Array(count)
  for (let i = 0; i < count; i++) values[i] = valueAt(points.values[i]!, i)
  return { count, times, values, kinds: new Uint8Array(count).fill(KIND_FLOAT), bigs: new Map() }
}
