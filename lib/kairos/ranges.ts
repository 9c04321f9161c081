import { KairosRequestError } from './errors.ts'
import { addUnits, alignedStart, clockLength, type TimeUnit, unitsBetween } from './time-unit.ts'
import type { Zone } from './zone.ts'

/** How long ranges are. */
export interface Sampling {
  /** A whole number of units, 0 or more. */
  readonly value: number
  readonly unit: TimeUnit
}

/** What time a range's point gets. */
export type RangeTime = 'point' | 'start' | 'end'

/** Furthest instant that a Date holds, in milliseconds from 1970. */
const MAX_TIME = 8.64e15

/** The ranges that a sampling cuts time into, from a first one on. */
export class Ranges {
  readonly #first: number
  readonly #sampling: Sampling
  readonly #zone: Zone

  /**
   * @param start milliseconds since 1970; `align` moves it to the start of its day, week, month or year
   * @throws KairosRequestError where a range would have no length
   */
  constructor(start: number, sampling: Sampling, align: boolean, zone: Zone) {
    if (sampling.value === 0) throw new KairosRequestError('sampling.value must be greater than 0')
    this.#first = align ? alignedStart(start, sampling.unit, zone) : start
    this.#sampling = sampling
    this.#zone = zone
  }

  /** The number of the range that a time lies in, the first being 0; the time of a range before the first counts to it. */
  indexOf(time: number): number {
    const { value, unit } = this.#sampling
    const length = clockLength(unit)
    const units =
      length === undefined ? unitsBetween(this.#first, time, unit, this.#zone) : (time - this.#first) / length
    return Math.trunc(units / value) + 0
  }

  /** Where a range begins, inclusive. */
  startOf(index: number): number {
    return this.#add(index * this.#sampling.value)
  }

  #add(count: number): number {
    const time = addUnits(this.#first, count, this.#sampling.unit, this.#zone)
    if (Math.abs(time) <= MAX_TIME) return time
    throw new KairosRequestError(
      `A range of ${this.#sampling.value} ${this.#sampling.unit} is longer than time is known`,
    )
  }
}
