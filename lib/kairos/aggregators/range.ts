import { type PointColumns, PointColumnsBuilder } from '../../model/points.ts'
import { copyPoint, type GroupType, KIND_NULL } from '../points.ts'
import { Ranges, type RangeTime, type Sampling } from '../ranges.ts'
import type { Zone } from '../zone.ts'
import type { Aggregator, AggregatorContext } from './aggregator.ts'
import type { Fold } from './folds.ts'

/** What all aggregators over ranges are told. */
export interface RangeOptions {
  readonly sampling: Sampling
  /** Whether ranges begin where their unit does, not at the query's start. */
  readonly alignSampling: boolean
  readonly time: RangeTime
  readonly zone: Zone
  /** Milliseconds since 1970, in place of the query's. */
  readonly startTime: number
  readonly endTime: number
  /** Whether gaps before the first and behind the last point are passed over. */
  readonly trim: boolean
}

/** An aggregator that folds each range with points. */
export function rangeAggregator(
  name: string,
  options: RangeOptions,
  fold: Fold,
  numbersOnly: boolean,
  gives: (type: GroupType) => GroupType,
): Aggregator {
  return { name, numbersOnly, gives, apply: (points) => foldRanges(points, options, fold) }
}

/** Points that room is made for before it is known how many ranges there are. */
const MOST_ROOM = 4096

function foldRanges(points: PointColumns, options: RangeOptions, fold: Fold): PointColumns {
  const { count, times } = points
  const out = new PointColumnsBuilder(Math.min(count, MOST_ROOM))
  if (count === 0) return out
  const ranges = rangesOf(options)
  const isAligned = options.time !== 'point'
  for (let from = 0; from < count; ) {
    const index = ranges.indexOf(times[from]!)
    const end = ranges.startOf(index + 1)
    let to = from + 1
    // newest first, a range takes all that comes behind it, as in KairosDB
    while (to < count && times[to]! < end) to++
    const time = options.time === 'end' ? end : options.time === 'start' ? ranges.startOf(index) : times[from]!
    fold(points, from, to, time, out, isAligned)
    from = to
  }
  return out
}

/** Marks ranges without points by a point without a value, at their start; ranges with points stay as they are. */
export function gapsAggregator(options: RangeOptions): Aggregator {
  let groups = 0
  return {
    name: 'gaps',
    numbersOnly: false,
    gives: (type) => type,
    leavesGaps: true,
    apply: (points, context) => markGaps(points, options, groups++ === 0, context),
  }
}

/** @param isFirst whether no other group came before: KairosDB trims what is before the points of the first alone */
function markGaps(
  points: PointColumns,
  { trim, ...options }: RangeOptions,
  isFirst: boolean,
  context: AggregatorContext,
): PointColumns {
  const { count, times } = points
  const out = new PointColumnsBuilder(count)
  const ranges = rangesOf(options)
  const begin = trim && isFirst && count > 0 ? times[0]! : options.startTime
  const last = trim ? Number.NEGATIVE_INFINITY : options.endTime
  let at = 0
  for (let index = ranges.indexOf(begin); ; index++) {
    const [start, end] = [ranges.startOf(index), ranges.startOf(index + 1)]
    if (start > last && at === count) return out
    if (at < count && times[at]! < end) {
      for (; at < count && times[at]! < end; at++) copyPoint(points, at, out)
    } else {
      context.made(1)
      out.push(start, Number.NaN, KIND_NULL)
    }
  }
}

function rangesOf({ startTime, sampling, alignSampling, zone }: Omit<RangeOptions, 'trim'>): Ranges {
  return new Ranges(startTime, sampling, alignSampling, zone)
}
