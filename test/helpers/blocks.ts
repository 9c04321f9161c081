import * as fc from 'fast-check'
import type { Block, BlockSeries } from '../../lib/codec/block.ts'
import { compareTsuids, encodeTsuid } from '../../lib/codec/tsuid.ts'
import { DEFAULT_UID_WIDTHS, type UidWidths } from '../../lib/model/series.ts'
import { type HourPoint, hourPoints } from './points.ts'

/** A point of a series, and which of the block's sources it came in. */
export interface TestPoint extends HourPoint {
  readonly source?: number
}

/** One series of a block, points as given. */
export function blockSeries(
  baseTime: number,
  metric: number,
  tags: readonly (readonly [number, number])[],
  points: readonly TestPoint[],
  widths: UidWidths = DEFAULT_UID_WIDTHS,
): BlockSeries {
  return {
    tsuid: encodeTsuid(metric, tags, widths),
    points: hourPoints(baseTime, points),
    sources: Uint32Array.from(points, ({ source = 0 }) => source),
  }
}

/** A block as plain values, to be compared. */
export function plain(block: Block) {
  const { baseTime, widths, sources } = block
  return {
    baseTime,
    widths,
    sources,
    series: block.series.map(({ tsuid, points, sources }) => ({
      tsuid: Buffer.from(tsuid).toString('hex'),
      points: Array.from({ length: points.count }, (_, i) => ({
        time: points.times[i],
        value: points.texts?.get(i) ?? points.bigs.get(i) ?? points.values[i],
        expiry: points.expiries?.[i] ?? 0,
        kind: points.kinds[i],
        source: sources[i],
        // A big integer's double is part of what is kept.
        nearest: points.values[i],
      })),
    })),
  }
}

const uid = (width: number) => fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 256 ** width - 1 }))

const value = fc.oneof(
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -0, Number.MAX_VALUE, Number.MIN_VALUE, -Number.MAX_VALUE, 0.1, 2 ** 53),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 1000),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 53n - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 51n, 0n),
  fc.integer().map(BigInt),
)

const point = fc
  .record({ offsetMs: fc.nat(3_599_999), value, ms: fc.boolean(), source: fc.nat(2) })
  .map((each) => (each.ms ? each : { ...each, offsetMs: each.offsetMs - (each.offsetMs % 1000) }))

/** Any block: several metrics and widths, seconds and milliseconds, doubles and integers of any size. */
export const anyBlock: fc.Arbitrary<Block> = fc
  .record({
    baseTime: fc.nat(1_193_045).map((hour) => hour * 3600),
    widths: fc.record({
      metric: fc.constantFrom(3, 4),
      tagk: fc.constantFrom(3, 4),
      tagv: fc.constantFrom(3, 4),
    }),
    sources: fc.array(
      fc.record({
        arrival: fc.integer({ min: 0, max: 2 ** 45 }),
        shard: fc.nat(100_000),
        sequence: fc.bigInt({ min: 0n, max: 10n ** 129n - 1n }),
      }),
      { minLength: 3, maxLength: 5 },
    ),
  })
  .chain((head) => {
    const tags = fc.uniqueArray(fc.tuple(uid(head.widths.tagk), uid(head.widths.tagv)), {
      maxLength: 4,
      selector: ([tagk]) => tagk,
    })
    const points = fc.array(point, { minLength: 1, maxLength: 12 })
    const series = fc.tuple(uid(head.widths.metric), tags, points).map(([metric, pairs, list]) =>
      blockSeries(
        head.baseTime,
        metric,
        pairs,
        list.sort((a, b) => a.offsetMs - b.offsetMs),
        head.widths,
      ),
    )
    return fc
      .uniqueArray(series, { maxLength: 12, selector: ({ tsuid }) => Buffer.from(tsuid).toString('hex') })
      .map((list) => ({ ...head, series: list.sort((a, b) => compareTsuids(a.tsuid, b.tsuid)) }))
  })
