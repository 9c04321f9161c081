import * as fc from 'fast-check'
import { KIND_FLOAT, KIND_MS, type PointColumns, PointColumnsBuilder } from '../../lib/model/points.ts'

/** A point of an hour: milliseconds after its start, and a double, an exact integer or a text. */
export interface HourPoint {
  readonly offsetMs: number
  readonly value: number | bigint | string
  /** The time was given in milliseconds. */
  readonly ms?: boolean
  /** Second since 1970 at which its time comes. */
  readonly expiry?: number
}

/** Points in columns, in the order given. */
export function hourPoints(baseTimeS: number, points: readonly HourPoint[]): PointColumns {
  const columns = new PointColumnsBuilder(points.length)
  for (const { offsetMs, value, ms = false, expiry = 0 } of points) {
    const time = baseTimeS * 1000 + offsetMs
    if (typeof value === 'bigint') columns.pushInteger(time, value, ms ? KIND_MS : 0)
    else if (typeof value === 'string') columns.pushText(time, value, ms ? KIND_MS : 0)
    else columns.push(time, value, KIND_FLOAT | (ms ? KIND_MS : 0))
    if (expiry !== 0) columns.expire(expiry)
  }
  return columns
}

/** Points as plain values, to be compared. */
export function plainPoints(points: PointColumns) {
  return Array.from({ length: points.count }, (_, i) => ({
    time: points.times[i],
    value: points.texts?.get(i) ?? points.bigs.get(i) ?? points.values[i],
    kind: points.kinds[i],
    // A big integer's double is part of what is kept.
    nearest: points.values[i],
    expiry: points.expiries?.[i] ?? 0,
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

/** Any points of an hour, as a row holds them: in order of time, each instant once, at least one; no texts, none that expires. */
export const anyHourPoints = hourOf(fc.record({ offsetMs: fc.nat(3_599_999), value, ms: fc.boolean() }))

/** The same, with texts and times that come. */
export const anyHourPointsWithExtras = hourOf(
  fc.record({
    offsetMs: fc.nat(3_599_999),
    value: fc.oneof(value, fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('', 'ok')),
    ms: fc.boolean(),
    expiry: fc.oneof(fc.constant(0), fc.constant(1_357_084_800), fc.integer({ min: 1, max: 2 ** 40 })),
  }),
)

function hourOf(point: fc.Arbitrary<HourPoint>): fc.Arbitrary<readonly HourPoint[]> {
  return fc
    .uniqueArray(
      point.map((each) => (each.ms ? each : { ...each, offsetMs: each.offsetMs - (each.offsetMs % 1000) })),
      { minLength: 1, maxLength: 40, selector: ({ offsetMs }) => offsetMs },
    )
    .map((points) => points.sort((a, b) => a.offsetMs - b.offsetMs))
}

/**
 * Whether two columns hold the same points bit for bit; a loop, for hundreds of thousands.
 * @returns the first index at which they differ, or -1
 */
export function firstDifference(a: PointColumns, b: PointColumns): number {
  if (a.count !== b.count) return Math.min(a.count, b.count)
  for (let i = 0; i < a.count; i++) {
    const same = a.times[i] === b.times[i] && a.kinds[i] === b.kinds[i] && Object.is(a.values[i], b.values[i])
    if (!same || a.bigs.get(i) !== b.bigs.get(i)) return i
    if (a.texts?.get(i) !== b.texts?.get(i) || (a.expiries?.[i] ?? 0) !== (b.expiries?.[i] ?? 0)) return i
  }
  return -1
}
