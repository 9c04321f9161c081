import { encodeTsuid, tsuidToHex } from '../../../lib/codec/tsuid.ts'
import { KIND_FLOAT, type PointColumns, PointColumnsBuilder } from '../../../lib/model/points.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { aggregatorOf } from '../../../lib/query/aggregate/index.ts'
import { integerAt, isFloat } from '../../../lib/query/columns.ts'
import { parseQueryParameters } from '../../../lib/query/request.ts'
import type { QueryResult } from '../../../lib/query/run.ts'

export const WIDTHS = DEFAULT_UID_WIDTHS

/** Values by time; a bigint is an integer, a number a double. */
export type Values = readonly (readonly [time: number, value: number | bigint])[]

export function columns(values: Values): PointColumns {
  const points = new PointColumnsBuilder(values.length)
  for (const [time, value] of values) {
    if (typeof value === 'bigint') points.pushInteger(time, value, 0)
    else points.push(time, value, KIND_FLOAT)
  }
  return points
}

/** The mirror of columns. */
export function valuesOf(points: PointColumns): (readonly [number, number | bigint])[] {
  return Array.from({ length: points.count }, (_, i) => [
    points.times[i]!,
    isFloat(points, i) ? points.values[i]! : integerAt(points, i),
  ])
}

/** A result of one series of metric `m<UID>`, whose tags `k<UID>` are `v<UID>`. */
export function result(metric: number, tags: Readonly<Record<number, number>>, values: Values): QueryResult {
  const pairs = Object.entries(tags).map(([tagk, tagv]) => [Number(tagk), tagv] as const)
  const [query] = parseQueryParameters(new URLSearchParams('start=1&m=sum:m'), 10_000).queries
  return {
    query: { ...query!, aggregator: aggregatorOf('sum') ?? query!.aggregator },
    metric: `m${metric}`,
    filterTagks: pairs.map(([tagk]) => Buffer.from([0, 0, tagk]).toString('base64')),
    tags: Object.fromEntries(pairs.map(([tagk, tagv]) => [`k${tagk}`, `v${tagv}`])),
    aggregateTags: [],
    tsuids: [tsuidToHex(encodeTsuid(metric, pairs, WIDTHS))],
    annotations: [],
    points: columns(values),
  }
}
