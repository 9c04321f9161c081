import type { PointColumns } from '../model/points.ts'
import { doubles, integerAt, isFloat } from './columns.ts'
import type { RateOptions } from './model.ts'

/** What holds where a query says nothing of its counter: the greatest 64-bit integer. */
export const DEFAULT_COUNTER_MAX = 2n ** 63n - 1n

export const PLAIN_RATE: RateOptions = {
  counter: false,
  counterMax: DEFAULT_COUNTER_MAX,
  resetValue: 0,
  dropResets: false,
}

/**
 * Change per second from each point to the next, as doubles at the later one's time. The first point's is its change from
 * 0 at the start of 1970: it is never answered, but stands in for the series at times before its second point when groups are
 * aggregated, as in OpenTSDB.
 * @param points ascending by time
 */
export function rate(points: PointColumns, options: RateOptions): PointColumns {
  const { times, count } = points
  const outTimes = new Float64Array(count)
  const outValues = new Float64Array(count)
  let size = 0
  for (let i = 0; i < count; i++) {
    const seconds = (times[i]! - (i === 0 ? 0 : times[i - 1]!)) / 1000
    let difference = differenceAt(points, i)
    let perSecond = difference / seconds
    if (options.counter && difference < 0) {
      if (options.dropResets) continue
      difference = wrappedDifferenceAt(points, i, options.counterMax)
      perSecond = difference / seconds
      if (options.resetValue > 0 && perSecond > options.resetValue) perSecond = 0
    }
    outTimes[size] = times[i]!
    outValues[size] = perSecond
    size++
  }
  return doubles(outTimes, outValues, size)
}

/** Whether both this point and the one before it (0, an integer, before the first) are integers. */
function bothIntegers(points: PointColumns, index: number): boolean {
  return !isFloat(points, index) && (index === 0 || !isFloat(points, index - 1))
}

function differenceAt(points: PointColumns, index: number): number {
  const before = index === 0 ? 0 : points.values[index - 1]!
  const difference = points.values[index]! - before
  // Two integers within 2^53 differ by what rounds to the same double; greater ones are subtracted exactly first.
  const exact = Number.isSafeInteger(points.values[index]!) && Number.isSafeInteger(before)
  if (exact || !bothIntegers(points, index)) return difference
  const previous = index === 0 ? 0n : integerAt(points, index - 1)
  return Number(BigInt.asIntN(64, integerAt(points, index) - previous))
}

/** The change of a counter that passed its greatest value on the way. */
function wrappedDifferenceAt(points: PointColumns, index: number, counterMax: bigint): number {
  if (bothIntegers(points, index)) {
    const previous = index === 0 ? 0n : integerAt(points, index - 1)
    return Number(BigInt.asIntN(64, counterMax - previous + integerAt(points, index)))
  }
  return Number(counterMax) - (index === 0 ? 0 : points.values[index - 1]!) + points.values[index]!
}
