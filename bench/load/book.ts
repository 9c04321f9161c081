import { eachPoint, type LoadFleet, type Report } from './fleet.ts'

const UNSENT = 0
/** Sent; whether it was stored is not known. */
const SENT = 1
const ACKNOWLEDGED = 2

/** What became of one series' points. */
export interface SeriesVerdict {
  /** Acknowledged and not readable. */
  readonly lost: number
  /** Readable and never sent, or with another value than was sent. */
  readonly wrong: number
}

/** Remembers of every point whether it was sent and whether it was acknowledged: a byte each. */
export class Book {
  readonly fleet: LoadFleet
  /** Seconds since 1970, of the first point that may be sent. */
  readonly startS: number
  readonly #seconds: number
  readonly #states: Uint8Array
  #acknowledged = 0
  #lastS: number

  /** @param seconds from startS on within which points lie */
  constructor(fleet: LoadFleet, startS: number, seconds: number) {
    this.fleet = fleet
    this.startS = startS
    this.#seconds = seconds
    this.#lastS = startS
    this.#states = new Uint8Array(fleet.hosts * fleet.metrics * seconds)
  }

  /** Points acknowledged, each once however often it was sent. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Seconds since 1970, of the last point that was sent. */
  get lastS(): number {
    return this.#lastS
  }

  /** Notes that a report is sent. */
  sent(report: Report): void {
    this.#lastS = Math.max(this.#lastS, report.timeS)
    eachPoint(this.fleet, report, (series) => {
      const at = this.#at(series, report.timeS)
      if (this.#states[at] === UNSENT) this.#states[at] = SENT
    })
  }

  /** Notes that the server said that it has a report's points. */
  acknowledge(report: Report): void {
    eachPoint(this.fleet, report, (series) => {
      const at = this.#at(series, report.timeS)
      if (this.#states[at] !== ACKNOWLEDGED) this.#acknowledged++
      this.#states[at] = ACKNOWLEDGED
    })
  }

  /**
   * Compares what can be read of a series with what was sent.
   * @param points as a query answers them, seconds since 1970 and values
   * @param valueAt what was sent for a time
   */
  judge(
    series: number,
    points: readonly (readonly [number, number])[],
    valueAt: (timeS: number) => number,
  ): SeriesVerdict {
    const from = series * this.#seconds
    const states = this.#states.subarray(from, from + this.#seconds)
    let wanted = 0
    for (const state of states) if (state === ACKNOWLEDGED) wanted++
    let wrong = 0
    let found = 0
    for (const [timeS, value] of points) {
      const state = states[timeS - this.startS] ?? UNSENT
      if (state === UNSENT || value !== valueAt(timeS)) wrong++
      else if (state === ACKNOWLEDGED) found++
    }
    return { lost: wanted - found, wrong }
  }

  #at(series: number, timeS: number): number {
    const offset = timeS - this.startS
    if (offset < 0 || offset >= this.#seconds) throw new RangeError(`${timeS} is not a time of this run`)
    return series * this.#seconds + offset
  }
}
