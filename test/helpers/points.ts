import * as fc from 'fast-check'
import { KIND_FLOAT, KIND_MS, type PointColumns, PointColumnsBuilder } from '../../lib/model/points.ts'

/** A point of an hour: milliseconds after its start, and a double or an exact integer. */
export interface HourPoint {
  readonly offsetMs: number
  readonly value: number | bigint
  /** The time was given in milliseconds. */
  readonly ms?: boolean
}

/** Points in columns, in the order given. */
export function hourPoints(baseTimeS: number, points: readonly HourPoint[]): PointColumns {
  const columns = new PointColumnsBuilder(points.length)
  for (const { offsetMs, value, ms = false } of points) {
    const time = baseTimeS * 1000 + offsetMs
    if (typeof value === 'bigint') columns.pushInteger(time, value, ms ? KIND_MS : 0)
    else columns.push(time, value, KIND_FLOAT | (ms ? KIND_MS : 0))
  }
  return columns
}

/** Points as plain values, to be compared. */
export function plainPoints(points: PointColumns) {
  return Array.from({ length: points.count }, (_, i) => ({
    time: points.times[i],
    value: points.bigs.get(i) ?? points.values[i],
    kind: points.kinds[i],
    // A big integer's double is part of what is kept.
    nearest: points.values[i],
  }))
}

const value = fc.oneof(
  fc.double({ noNaN: true }),
  fc.float({ noNaN: true }),
  fc.constantFrom(0, -0, Number.MAX_VALUE, Number.MIN_VALUE, 0.1, 2 ** 53, Number.POSITIVE_INFINITY),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 53n - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n, -(2n ** 32n), 0n),
  fc.integer().map(BigInt),
  fc.integer({ min: -300, max: 300 }).map(BigInt),
)

/** Any points of an hour, as a row holds them: in order of time, each instant once, at least one. */
export const anyHourPoints: fc.Arbitrary<readonly HourPoint[]> = fc
  .uniqueArray(
    fc
      .record({ offsetMs: fc.nat(3_599_999), value, ms: fc.boolean() })
      .map((each) => (each.ms ? each : { ...each, offsetMs: each.offsetMs - (each.offsetMs % 1000) })),
    { minLength: 1, maxLength: 40, selector: ({ offsetMs }) => offsetMs },
  )
  .map((points) => points.sort((a, b) => a.offsetMs - b.offsetMs))

/**
 * Whether two columns hold the same points bit for bit; a loop, for hundreds of thousands.
 * @returns the first index at which they differ, or -1
 */
export function firstDifference(a: PointColumns, b: PointColumns): number {
  if (a.count !== b.count) return Math.min(a.count, b.count)
  for (let i = 0; i < a.count; i++) {
    const same = a.times[i] === b.times[i] && a.kinds[i] === b.kinds[i] && Object.is(a.values[i], b.values[i])
    if (!same || a.bigs.get(i) !== b.bigs.get(i)) return i
  }
  return -1
}
