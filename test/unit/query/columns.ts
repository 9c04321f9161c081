import { KIND_FLOAT, type PointColumns, PointColumnsBuilder } from '../../../lib/model/points.ts'

/** A point as tests write it: a bigint is an integer, a number a double. */
export type Point = readonly [time: number, value: number | bigint]

/** Points as columns. */
export function columns(points: readonly Point[]): PointColumns {
  const builder = new PointColumnsBuilder()
  for (const [time, value] of points) {
    if (typeof value === 'bigint') builder.pushInteger(time, value, 0)
    else builder.push(time, value, KIND_FLOAT)
  }
  return builder
}

/** Columns as points. */
export function points({ count, times, values, kinds, bigs }: PointColumns): Point[] {
  return Array.from({ length: count }, (_, i) => {
    const float = ((kinds[i] ?? 0) & KIND_FLOAT) !== 0
    const value = values[i] ?? Number.NaN
    return [times[i] ?? Number.NaN, float ? value : (bigs.get(i) ?? BigInt(value))]
  })
}
