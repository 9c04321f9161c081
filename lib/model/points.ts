import type { SeriesName } from './series.ts'

/** Bit of a point's kind: the value is a double; without it, a 64-bit integer. */
export const KIND_FLOAT = 1
/** Bit of a point's kind: the time was given in milliseconds; without it, in seconds. */
export const KIND_MS = 2
/** Bit of a point's kind: an integer that a double can't hold; its exact value is in `bigs`. */
export const KIND_BIG = 4
/** Bit of a point's kind: the value is a text, which is in `texts`. Neither KIND_FLOAT nor KIND_BIG is set beside it. */
export const KIND_TEXT = 8

/**
 * Points in columns, `count` of them; the arrays may be longer. The fast path reads `values` alone; code that must be
 * exact looks at KIND_BIG first.
 */
export interface PointColumns {
  readonly count: number
  /** Milliseconds since 1970, whole. */
  readonly times: Float64Array
  /** The double, or the integer where |value| <= 2^53 - 1; for KIND_BIG the nearest double; for KIND_TEXT NaN. */
  readonly values: Float64Array
  /** KIND_ bits. */
  readonly kinds: Uint8Array
  /** Exact integers of the KIND_BIG points, by index. */
  readonly bigs: ReadonlyMap<number, bigint>
  /** Values of the KIND_TEXT points, by index; may be absent where there are none. */
  readonly texts?: ReadonlyMap<number, string>
  /** Of each point the second since 1970 at which its time has come, 0 for never; absent where all are kept for ever. */
  readonly expiries?: Float64Array
}

/** Points of many series in order of arrival: what a put request, a stream record or an import chunk holds. */
export interface PointBatch {
  readonly series: readonly SeriesName[]
  /** For each point, its series as an index into `series`. */
  readonly seriesOf: Uint32Array
  readonly points: PointColumns
}

/** Columns that grow by one point at a time. */
export class PointColumnsBuilder implements PointColumns {
  count = 0
  times: Float64Array
  values: Float64Array
  kinds: Uint8Array
  readonly bigs = new Map<number, bigint>()
  texts?: Map<number, string>
  expiries?: Float64Array

  /** @param capacity how many points to make room for at first */
  constructor(capacity = 64) {
    this.times = new Float64Array(capacity)
    this.values = new Float64Array(capacity)
    this.kinds = new Uint8Array(capacity)
  }

  /**
   * Appends a point.
   * @param time milliseconds since 1970
   * @param value a double, or an integer that a double holds exactly
   * @param kind KIND_FLOAT and KIND_MS bits
   */
  push(time: number, value: number, kind: number): void {
    const i = this.count
    if (i === this.times.length) this.#grow()
    this.times[i] = time
    this.values[i] = value
    this.kinds[i] = kind
    this.count = i + 1
  }

  /**
   * Appends an integer of any size up to 64 bits, by the fast path where a double holds it.
   * @param time milliseconds since 1970
   * @param kind 0 or KIND_MS
   */
  pushInteger(time: number, value: bigint, kind: number): void {
    const nearest = Number(value)
    if (Number.isSafeInteger(nearest)) this.push(time, nearest, kind)
    else {
      this.bigs.set(this.count, value)
      this.push(time, nearest, kind | KIND_BIG)
    }
  }

  /**
   * Appends a text.
   * @param time milliseconds since 1970
   * @param kind 0 or KIND_MS
   */
  pushText(time: number, value: string, kind: number): void {
    this.texts ??= new Map()
    this.texts.set(this.count, value)
    this.push(time, Number.NaN, kind | KIND_TEXT)
  }

  /**
   * Says when the time of the point appended last has come.
   * @param second since 1970, above 0
   */
  expire(second: number): void {
    this.expiries ??= new Float64Array(this.times.length)
    this.expiries[this.count - 1] = second
  }

  #grow(): void {
    const capacity = Math.max(64, this.times.length * 2)
    const [times, values, kinds] = [this.times, this.values, this.kinds]
    this.times = new Float64Array(capacity)
    this.values = new Float64Array(capacity)
    this.kinds = new Uint8Array(capacity)
    this.times.set(times)
    this.values.set(values)
    this.kinds.set(kinds)
    if (this.expiries !== undefined) {
      const expiries = this.expiries
      this.expiries = new Float64Array(capacity)
      this.expiries.set(expiries)
    }
  }
}

/** Whether any of the points has a text or a time that comes. */
export function hasExtras({ count, texts, expiries }: PointColumns): boolean {
  return (
    (texts !== undefined && texts.size > 0) || (expiries?.subarray(0, count).some((second) => second !== 0) ?? false)
  )
}
