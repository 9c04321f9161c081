import * as fc from 'fast-check'
import { KIND_FLOAT, KIND_MS, type PointColumns, PointColumnsBuilder } from '../../lib/model/points.ts'

/** An hour's start that tests use: 2013-01-01T00:00:00Z, in seconds. */
export const HOUR_S = 1_356_998_400

/** A point of a row: milliseconds after the hour's start, a double or an exact integer, whether its time is in milliseconds. */
export type RowPoint = readonly [offsetMs: number, value: number | bigint, ms?: boolean]

/** A row's points in columns, as given. */
export function rowOf(...points: readonly RowPoint[]): PointColumns {
  const columns = new PointColumnsBuilder(points.length)
  for (const [offsetMs, value, ms = false] of points) {
    const time = HOUR_S * 1000 + offsetMs
    if (typeof value === 'bigint') columns.pushInteger(time, value, ms ? KIND_MS : 0)
    else columns.push(time, value, KIND_FLOAT | (ms ? KIND_MS : 0))
  }
  return columns
}

/** A row's points as plain values, to be compared. */
export function plainRow(points: PointColumns) {
  return Array.from({ length: points.count }, (_, i) => ({
    time: points.times[i],
    value: points.bigs.get(i) ?? points.values[i],
    // A big integer's double is part of what is kept.
    nearest: points.values[i],
    kind: points.kinds[i],
  }))
}

const double = fc.oneof(
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -0, Number.MAX_VALUE, Number.MIN_VALUE, -Number.MAX_VALUE, 0.1, 2 ** 53, 5e-324, 2.2e-308),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 1000),
)
const integer = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 53n - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 51n, 2n ** 50n + 1n, 0n),
  fc.integer().map(BigInt),
)
/** Values of a row: often of one sort, near each other or in multiples, for the codecs are made for such rows. */
const values = fc.oneof(
  fc.constant(fc.oneof(double, integer)),
  fc.constant(double),
  fc.constant(integer),
  fc
    .tuple(integer, fc.constantFrom(1n, 4n, 1000n), fc.nat(1000))
    .map(([from, times, span]) =>
      fc.nat(span).map((n) => (from > 0n ? from - BigInt(n) * times : from + BigInt(n) * times)),
    ),
  fc
    .tuple(fc.nat(100_000), fc.constantFrom(10, 1000))
    .map(([from, scale]) => fc.nat(500).map((n) => (from + n) / scale)),
  double.map((only) => fc.constant(only)),
)
/** Milliseconds between points. */
const gaps = fc.oneof(
  fc.constantFrom(1000, 10_000, 250).map((step) => fc.constant(step)),
  fc.constantFrom(
    fc.constantFrom(1000, 1000, 1000, 5000),
    fc.integer({ min: 1, max: 3000 }),
    fc.integer({ min: 990, max: 1010 }),
  ),
)

/** Any row: seconds and milliseconds, steps, gaps and jitter, doubles and integers of any size. */
export const anyRow: fc.Arbitrary<PointColumns> = fc
  .tuple(gaps, values)
  .chain(([gap, value]) =>
    fc.tuple(fc.nat(10_000), fc.array(fc.tuple(gap, value, fc.boolean()), { maxLength: 400, size: 'medium' })),
  )
  .map(([start, points]) => {
    let time = start
    return rowOf(
      ...points.map(([gap, value, ms]): RowPoint => {
        time += gap
        return [time, value, ms || time % 1000 !== 0]
      }),
    )
  })
