import { pickPoints, slicePoints } from '../../model/pick-points.ts'
import { KIND_FLOAT, KIND_TEXT, type PointColumns } from '../../model/points.ts'
import { KairosRequestError } from '../errors.ts'
import { withDoubles } from '../points.ts'
import type { Sampling } from '../ranges.ts'
import { addUnits, clockLength } from '../time-unit.ts'
import type { Zone } from '../zone.ts'
import type { Aggregator } from './aggregator.ts'

/** Number behind number, of numbers alone. */
function numeric(name: string, apply: Aggregator['apply']): Aggregator {
  return { name, numbersOnly: true, gives: () => 'number', apply }
}

/** Divides by a number that is not 0. */
export function divAggregator(divisor: number): Aggregator {
  return numeric('div', (points) => withDoubles(points, (value) => value / divisor))
}

/** Multiplies. */
export function scaleAggregator(factor: number): Aggregator {
  return numeric('scale', (points) => withDoubles(points, (value) => value * factor))
}

/** How much each point differs from the one before it. */
export function diffAggregator(): Aggregator {
  return numeric('diff', (points) => pairs(points, (before, value) => value - before))
}

/** Change per unit of time since the point before. */
export function rateAggregator(per: Sampling, zone: Zone): Aggregator {
  return numeric('rate', (points) => perTime('rate', points, per, zone, (before, value) => value - before))
}

/** A point's value per unit of time since the point before: of values that count from 0 each time. */
export function samplerAggregator(per: Sampling, zone: Zone): Aggregator {
  return numeric('sampler', (points) => perTime('sampler', points, per, zone, (_before, value) => value))
}

function perTime(
  name: string,
  points: PointColumns,
  per: Sampling,
  zone: Zone,
  changeOf: (before: number, value: number) => number,
): PointColumns {
  const { times } = points
  const length = clockLength(per.unit)
  return pairs(points, (before, value, i) => {
    const [from, to] = [times[i - 1]!, times[i]!]
    if (from === to) {
      throw new KairosRequestError(
        `The ${name} aggregator cannot compute rate for data points with the same time stamp.  ` +
          `You must precede ${name} with another aggregator.`,
      )
    }
    const duration = length === undefined ? addUnits(from, per.value, per.unit, zone) - from : per.value * length
    return (changeOf(before, value) / (to - from)) * duration
  })
}

/** Each point but the first, with a value made of its own and the one before. */
function pairs(points: PointColumns, valueAt: (before: number, value: number, index: number) => number): PointColumns {
  if (points.count < 2) return slicePoints(points, 0, 0)
  const { values } = points
  const made = withDoubles(points, (value, i) => (i === 0 ? 0 : valueAt(values[i - 1]!, value, i)))
  return slicePoints(made, 1, made.count)
}

/** The average of each point and those before it. @param size how many; the points before there are as many are left out */
export function smaAggregator(size: number): Aggregator {
  return numeric('sma', (points, context) => {
    if (size < 1) throw new KairosRequestError(`sma.size must be greater than 0, it is ${size}`)
    const { count, values } = points
    if (count < size) return slicePoints(points, 0, 0)
    const averages = withDoubles(points, (_value, i) => {
      // a large size takes long, and a running sum would lose small values behind large ones
      if (i % 64 === 0) context.time()
      let total = 0
      for (let k = Math.max(0, i - size + 1); k <= i; k++) total += values[k]!
      return total / size
    })
    return slicePoints(averages, size - 1, count)
  })
}

/** What `trim` takes away. */
export type Trim = 'first' | 'last' | 'both'

/** Takes the outermost points away. */
export function trimAggregator(trim: Trim | undefined): Aggregator {
  return {
    name: 'trim',
    numbersOnly: false,
    gives: (type) => type,
    apply: (points) => {
      const from = trim === 'first' || trim === 'both' ? 1 : 0
      const to = points.count - (trim === 'last' || trim === 'both' ? 1 : 0)
      return slicePoints(points, Math.min(from, points.count), Math.max(to, Math.min(from, points.count)))
    },
  }
}

/** What `filter` compares by. */
export type FilterOp = 'lte' | 'lt' | 'gte' | 'gt' | 'equal' | 'ne'

const MEETS: Readonly<Record<FilterOp, (order: number) => boolean>> = {
  lte: (order) => order <= 0,
  lt: (order) => order < 0,
  gte: (order) => order >= 0,
  gt: (order) => order > 0,
  equal: (order) => order === 0,
  ne: (order) => order !== 0,
}

/** Takes points away whose values meet a condition, and those of another type than the threshold's. */
export function filterAggregator(op: FilterOp | undefined, threshold: unknown): Aggregator {
  return {
    name: 'filter',
    numbersOnly: false,
    gives: (type) => type,
    apply: (points) => {
      if (points.count === 0) return points
      if (op === undefined) throw new KairosRequestError('filter.filter_op may not be null')
      const kept = new Uint32Array(points.count)
      let count = 0
      for (let i = 0; i < points.count; i++) {
        const order = orderOf(points, i, threshold)
        if (order !== undefined && !MEETS[op](order)) kept[count++] = i
      }
      return pickPoints(points, kept.subarray(0, count))
    },
  }
}

/** How a point's value lies to a threshold; undefined where one is a text and the other is not. */
function orderOf(points: PointColumns, index: number, threshold: unknown): number | undefined {
  const isText = (points.kinds[index]! & KIND_TEXT) !== 0
  if (isText && typeof threshold === 'string') {
    const text = points.texts?.get(index) ?? ''
    return text < threshold ? -1 : text > threshold ? 1 : 0
  }
  if (isText || typeof threshold !== 'number') return undefined
  const value = points.values[index]!
  if (value === threshold) return value === 0 ? signOf(value) - signOf(threshold) : 0
  return value < threshold ? -1 : 1
}

/** Java holds -0 for less than 0. */
function signOf(zero: number): number {
  return Object.is(zero, -0) ? -1 : 0
}

/** A value that points are scored by. */
export interface Threshold {
  readonly value: number
  /** Whether a point of exactly this value passes it: not with `superior`. */
  readonly boundary: 'superior' | 'inferior'
}

/** How many thresholds a value passes or, descending, how many it does not. */
export function scoreAggregator(thresholds: readonly Threshold[], isDescending: boolean): Aggregator {
  const ascending = [...thresholds].sort((a, b) => a.value - b.value || boundaryOrder(a) - boundaryOrder(b))
  return numeric('score', (points, context) =>
    withDoubles(points, (value, i) => {
      // each point is held to every threshold
      if (i % 1024 === 0) context.time()
      const at = ascending.findIndex((one) => value < one.value || (value === one.value && one.boundary === 'superior'))
      const passed = at < 0 ? ascending.length : at
      return isDescending ? ascending.length - passed : passed
    }),
  )
}

function boundaryOrder({ boundary }: Threshold): number {
  return boundary === 'inferior' ? 0 : 1
}

/** Whether points have a double's value that JSON can't say. @returns its index, -1 where all can be said */
export function unsayable({ count, values, kinds }: PointColumns): number {
  for (let i = 0; i < count; i++) {
    if ((kinds[i]! & KIND_FLOAT) !== 0 && !Number.isFinite(values[i]!)) return i
  }
  return -1
}
