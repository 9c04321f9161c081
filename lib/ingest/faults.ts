/** Characters of a reject's reason, below what the store keeps; faults that do not fit are counted. */
const REASON_CHARS = 3_900
const FAULT_CHARS = 300
/** Faults of points that an acknowledgement lists: as many as a put request may have points. */
const LISTED_POINTS = 100_000
/** Faults from which on reading the rest of a record is a waste of the shard's time. */
const ENOUGH = 10_000

/** What is wrong with a point of a put request. */
export interface PointFault {
  /** The point's index in the request. */
  readonly index: number
  readonly message: string
}

/** What is wrong with parts of a stream record; bounded however broken the record is. */
export class Faults {
  readonly #lines: string[] = []
  readonly #points: PointFault[] = []
  #count = 0
  #chars = 0

  get count(): number {
    return this.#count
  }

  /** Whether there are so many that a reader of many small values should give up. */
  get areEnough(): boolean {
    return this.#count >= ENOUGH
  }

  /** Faults of single points, the first hundred thousand of them. */
  get points(): readonly PointFault[] {
    return this.#points
  }

  /**
   * @param where the part: `value 3`, `field wifi.ssid`; empty for the whole record
   * @param why what rule it breaks
   */
  add(where: string, why: string): void {
    this.#count++
    if (this.#chars >= REASON_CHARS) return
    const line = (where === '' ? why : `${where}: ${why}`).slice(0, Math.min(FAULT_CHARS, REASON_CHARS - this.#chars))
    this.#chars += line.length + 1
    this.#lines.push(line)
  }

  /** @param index the point's, in its request or record */
  addPoint(index: number, why: string): void {
    this.add(`point ${index}`, why)
    if (this.#points.length < LISTED_POINTS) this.#points.push({ index, message: why })
  }

  /** A fault a line, as a reject carries it. */
  reason(): string {
    const more = this.#count - this.#lines.length
    return [...this.#lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
  }
}

/** @returns what an error says to the person who sent the data */
export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const details = 'details' in error && typeof error.details === 'string' ? error.details : undefined
  return details === undefined ? error.message : `${error.message}: ${details}`
}
