import { KIND_BIG, KIND_FLOAT, type PointColumns, PointColumnsBuilder } from '../model/points.ts'
import type { Aggregator } from './aggregate/index.ts'
import { aggregateAligned } from './aggregate-aligned.ts'
import { integerAt, NO_POINTS } from './columns.ts'
import { lerp, lerpExact, lerpLong, MISSING_DOUBLE, MISSING_LONG } from './interpolate.ts'

/**
 * Makes one series of a group's. The result has a point at every time at which any series has one. A series counts from its
 * first point to its last; at a time between two of its points the aggregator's interpolation says what it gives. The value
 * is an integer where all that counts is integers, else a double.
 * @param group ascending by time each, in order of their TSUIDs
 * @param isRate whether the columns are rates: between two points a rate is that of the earlier, and a series counts from the
 *   beginning with its first rate, which gives no point of its own
 */
export function aggregate(group: readonly PointColumns[], aggregator: Aggregator, isRate: boolean): PointColumns {
  const [only] = group
  if (only === undefined) return NO_POINTS
  if (group.length === 1 && aggregator.identity) return isRate ? dropFirst(only) : only
  return aggregateAligned(group, aggregator, isRate ? 1 : 0) ?? new GroupCursor(group, aggregator, isRate).run()
}

function dropFirst(points: PointColumns): PointColumns {
  return {
    count: Math.max(0, points.count - 1),
    times: points.times.subarray(1),
    values: points.values.subarray(1),
    kinds: points.kinds.subarray(1),
    bigs: NO_POINTS.bigs, // rates are doubles
  }
}

const NONE = -1

/** Walks the series of a group in step. */
class GroupCursor {
  readonly #group: readonly PointColumns[]
  readonly #aggregator: Aggregator
  readonly #isRate: boolean
  /** For each series, the point at or before the time at hand; NONE before its first point and after its last. */
  readonly #current: Int32Array
  /** For each series, the first point after the time at hand. */
  readonly #next: Int32Array
  readonly #values: Float64Array
  readonly #out: PointColumnsBuilder

  constructor(group: readonly PointColumns[], aggregator: Aggregator, isRate: boolean) {
    this.#group = group
    this.#aggregator = aggregator
    this.#isRate = isRate
    this.#current = new Int32Array(group.length).fill(NONE)
    this.#next = new Int32Array(group.length)
    this.#values = new Float64Array(group.length)
    this.#out = new PointColumnsBuilder(Math.max(...group.map((points) => points.count)))
    if (isRate) this.#skipFirst()
  }

  run(): PointColumns {
    for (;;) {
      const time = this.#nextTime()
      if (time === Number.POSITIVE_INFINITY) return this.#out
      if (this.#advance(time)) this.#pushDouble(time)
      else this.#pushInteger(time)
    }
  }

  #skipFirst(): void {
    for (let s = 0; s < this.#group.length; s++) {
      this.#next[s] = 1
      if (this.#group[s]!.count > 1) this.#current[s] = 0
    }
  }

  #nextTime(): number {
    let least = Number.POSITIVE_INFINITY
    for (let s = 0; s < this.#group.length; s++) {
      const points = this.#group[s]!
      const next = this.#next[s]!
      if (next < points.count && points.times[next]! < least) least = points.times[next]!
    }
    return least
  }

  /** Moves every series to the time. @returns whether any value that counts there is a double */
  #advance(time: number): boolean {
    let float = false
    const lookAhead = this.#group.length > 1
    for (let s = 0; s < this.#group.length; s++) {
      const points = this.#group[s]!
      const next = this.#next[s]!
      if (next >= points.count) this.#current[s] = NONE
      else if (points.times[next] === time) {
        this.#current[s] = next
        this.#next[s] = next + 1
      }
      const current = this.#current[s]!
      if (current !== NONE && (points.kinds[current]! & KIND_FLOAT) !== 0) float = true
      const after = this.#next[s]!
      if (lookAhead && after < points.count && (points.kinds[after]! & KIND_FLOAT) !== 0) float = true
    }
    return float
  }

  #pushDouble(time: number): void {
    const values = this.#values
    let count = 0
    for (let s = 0; s < this.#group.length; s++) {
      const current = this.#current[s]!
      if (current !== NONE) values[count++] = this.#doubleAt(s, current, time)
    }
    this.#out.push(time, this.#aggregator.reduce.double(values, 0, count), KIND_FLOAT)
  }

  #doubleAt(s: number, current: number, time: number): number {
    const { times, values } = this.#group[s]!
    const value = values[current]!
    if (this.#isRate || times[current] === time) return value
    const { interpolation } = this.#aggregator
    if (interpolation === 'previous') return value
    if (interpolation !== 'lerp') return MISSING_DOUBLE[interpolation]
    const next = current + 1
    return lerp(time, times[current]!, value, times[next]!, values[next]!)
  }

  #pushInteger(time: number): void {
    const values = this.#values
    let count = 0
    for (let s = 0; s < this.#group.length; s++) {
      const current = this.#current[s]!
      if (current === NONE) continue
      const value = this.#longAt(s, current, time)
      if (value === undefined) {
        this.#pushExact(time)
        return
      }
      values[count++] = value
    }
    const result = this.#aggregator.reduce.long(values, 0, count)
    if (result === undefined) this.#pushExact(time)
    else this.#out.push(time, result, 0)
  }

  /** @returns the integer, or undefined where a double can't hold it or what it is computed from */
  #longAt(s: number, current: number, time: number): number | undefined {
    const { times, values, kinds } = this.#group[s]!
    if ((kinds[current]! & KIND_BIG) !== 0) return undefined
    if (times[current] === time) return values[current]!
    const { interpolation } = this.#aggregator
    if (interpolation === 'previous') return values[current]!
    if (interpolation === 'zero') return 0
    if (interpolation !== 'lerp') return undefined
    const next = current + 1
    if ((kinds[next]! & KIND_BIG) !== 0) return undefined
    return lerpLong(time, times[current]!, values[current]!, times[next]!, values[next]!)
  }

  #pushExact(time: number): void {
    const values: bigint[] = []
    for (let s = 0; s < this.#group.length; s++) {
      const current = this.#current[s]!
      if (current !== NONE) values.push(this.#bigAt(s, current, time))
    }
    this.#out.pushInteger(time, this.#aggregator.reduce.exact(values), 0)
  }

  #bigAt(s: number, current: number, time: number): bigint {
    const points = this.#group[s]!
    const value = integerAt(points, current)
    if (points.times[current] === time) return value
    const { interpolation } = this.#aggregator
    if (interpolation === 'previous') return value
    if (interpolation !== 'lerp') return MISSING_LONG[interpolation]
    const next = current + 1
    return lerpExact(time, points.times[current]!, value, points.times[next]!, integerAt(points, next))
  }
}
