import type { PointColumns } from '../model/points.ts'
import { aggregate } from './aggregate.ts'
import type { Budget } from './budget.ts'
import { lowerBound } from './columns.ts'
import { downsample } from './downsample.ts'
import type { Query, SubQuery } from './model.ts'
import type { ScanRange } from './range.ts'
import { rate } from './rate.ts'
import type { StoredSeries } from './series.ts'

// The maths of a query, without I/O: columns of points go in and come out of every stage.
//
//   stage        in                            out
//   downsample   a series' points              one double for each interval, at its start
//   rate         points, or intervals          change per second, doubles
//   aggregate    the columns of a group        one column: a point wherever any of them has one
//   within       that column                   those of its points that the query asked for; views
//
// Times are milliseconds since 1970 in all of them, ascending, each once.

/**
 * What a group of series comes to: downsampled, as rates, aggregated, and cut to what the query asked for.
 * @param series in order of their TSUIDs
 * @param scan what was read of them
 * @throws QueryTooLargeError where filling would pass the budget of points
 */
export function computeGroup(
  series: readonly StoredSeries[],
  query: Pick<Query, 'start' | 'end'>,
  sub: Pick<SubQuery, 'downsample' | 'rate' | 'aggregator'>,
  scan: ScanRange,
  budget: Budget,
): PointColumns {
  const { downsample: spec, rate: options } = sub
  const range = { start: query.start, end: query.end, scan }
  const columns = series.map(({ points }) => {
    const sampled = spec === undefined ? points : downsample(points, spec, range, budget)
    return options === undefined ? sampled : rate(sampled, options)
  })
  return within(aggregate(columns, sub.aggregator, options !== undefined), query.start, query.end)
}

/** Those points that lie from `start` to `end`, both inclusive. */
export function within(points: PointColumns, start: number, end: number): PointColumns {
  const from = lowerBound(points, start)
  const to = lowerBound(points, end + 1)
  if (from === 0) return { ...points, count: to }
  const bigs = new Map([...points.bigs].map(([index, big]) => [index - from, big]))
  return {
    count: to - from,
    times: points.times.subarray(from, to),
    values: points.values.subarray(from, to),
    kinds: points.kinds.subarray(from, to),
    bigs,
  }
}
