import { offsetAt, wallToUtc } from './timezone.ts'

/** The units of intervals, by OpenTSDB's letters; a month is `n`. */
export type CalendarUnit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w' | 'n' | 'y'

/** Intervals that follow each other without gaps, numbered. */
export interface Chain {
  /** Where an interval begins, in milliseconds since 1970, inclusive. */
  startOf(index: number): number
  /** The interval that a time lies in. */
  indexOf(time: number): number
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long the units of the day are, and how many of them make the next one up. */
const CLOCK_UNITS = {
  ms: { length: 1, inParent: 1000 },
  s: { length: SECOND, inParent: 60 },
  m: { length: MINUTE, inParent: 60 },
  h: { length: HOUR, inParent: 24 },
} as const

type ClockUnit = keyof typeof CLOCK_UNITS

const isClockUnit = (unit: CalendarUnit): unit is ClockUnit => unit in CLOCK_UNITS

/**
 * Downsampling intervals by the calendar of a time zone, as OpenTSDB counts them.
 *
 * Days, weeks, months and years begin at local midnight, weeks on Sunday. Several days, and months, are counted from the
 * 1st of January; several weeks and years from the one that the chain's first time lies in. Clock units are counted from the
 * start of the unit above where they divide it, else of the one above that (a month, for hours), and then by elapsed time: over
 * a change of the clocks intervals of 12 hours stay 12 hours long.
 */
export class Calendar {
  /** How many units make an interval. */
  readonly count: number
  readonly unit: CalendarUnit
  /** An IANA name. */
  readonly timezone: string
  /** By their first start: most series of a query begin in the same interval. */
  readonly #chains = new Map<number, Chain>()

  constructor(count: number, unit: CalendarUnit, timezone: string) {
    this.count = count
    this.unit = unit
    this.timezone = timezone
  }

  /** The intervals counted from the one that a time lies in, which is number 0. */
  chainAt(time: number): Chain {
    const { count, unit } = this
    if (isClockUnit(unit)) {
      const length = count * CLOCK_UNITS[unit].length
      const from = this.#clockBase(time, unit)
      return evenChain(from + Math.floor((time - from) / length) * length, length)
    }
    const chain = this.#dateChain(unit, this.#localDay(time))
    const first = chain.startOf(chain.indexOf(time))
    const known = this.#chains.get(first)
    if (known !== undefined) return known
    const based = this.#dateChain(unit, this.#localDay(first))
    this.#chains.set(first, based)
    return based
  }

  #clockBase(time: number, unit: ClockUnit): number {
    const divides = CLOCK_UNITS[unit].inParent % this.count === 0
    const local = time + offsetAt(time, this.timezone)
    if (unit === 'ms') return time - (local % (divides ? SECOND : MINUTE))
    if (unit === 's') return time - (local % (divides ? MINUTE : HOUR))
    if (unit === 'm' && divides) return time - (local % HOUR)
    const day = Math.floor(local / DAY)
    return this.#midnight(unit === 'm' || divides ? day : firstDayOfMonth(monthOf(day)))
  }

  /** @param day days since 1970, of the date that the chain is to begin at or shortly before */
  #dateChain(unit: Exclude<CalendarUnit, ClockUnit>, day: number): Chain {
    const { count } = this
    const month = monthOf(day)
    const january = month - (month % 12)
    if (unit === 'y') return this.#monthChain(january, 12 * count)
    if (unit === 'n') return this.#monthChain(january + floorTo(month - january, count), count)
    // 1970 began on a Thursday
    if (unit === 'w') return this.#dayChain(day - ((day + 4) % 7), 7 * count)
    const newYear = firstDayOfMonth(january)
    return this.#dayChain(newYear + floorTo(day - newYear, count), count)
  }

  #dayChain(first: number, step: number): Chain {
    return this.#chainOf(
      (index) => first + index * step,
      (day) => Math.floor((day - first) / step),
    )
  }

  #monthChain(first: number, step: number): Chain {
    return this.#chainOf(
      (index) => firstDayOfMonth(first + index * step),
      (day) => Math.floor((monthOf(day) - first) / step),
    )
  }

  /** @param dayOf the date, as days since 1970, at which an interval begins; @param indexOfDay the mirror of it */
  #chainOf(dayOf: (index: number) => number, indexOfDay: (day: number) => number): Chain {
    const starts = new Map<number, number>()
    const startOf = (index: number): number => {
      let start = starts.get(index)
      if (start === undefined) {
        start = this.#midnight(dayOf(index))
        starts.set(index, start)
      }
      return start
    }
    const indexOf = (time: number): number => {
      const index = indexOfDay(this.#localDay(time))
      // where clocks go back over midnight, the first hour of the date is still the evening before
      return startOf(index) > time ? index - 1 : index
    }
    return { startOf, indexOf }
  }

  #midnight(day: number): number {
    return wallToUtc(day * DAY, this.timezone)
  }

  /** The date that clocks show, as days since 1970. */
  #localDay(time: number): number {
    return Math.floor((time + offsetAt(time, this.timezone)) / DAY)
  }
}

function evenChain(first: number, length: number): Chain {
  return {
    startOf: (index) => first + index * length,
    indexOf: (time) => Math.floor((time - first) / length),
  }
}

function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step
}

/** The month of a date, counted from January of year 0. */
function monthOf(day: number): number {
  const date = new Date(day * DAY)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

/** Days since 1970 of the 1st of a month counted from January of year 0. */
function firstDayOfMonth(month: number): number {
  return Date.UTC(Math.floor(month / 12), month % 12, 1) / DAY
}
