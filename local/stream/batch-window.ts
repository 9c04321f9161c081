/** So many times as long a batch gathers while records come all the time. */
const LONGER = 5
/** All the time: for so many windows no pause was as long as the longer window. */
const STEADY_AFTER = 50

/**
 * How long records gather before they are delivered. Who puts a point now and then should see it at once. Where points come all the time the
 * short window would make five blocks a second, each of which every query of the hour has to be told of; then it is five times as long.
 */
export class BatchWindow {
  readonly #shortMs: number
  #steadySince = 0
  #last = Number.NEGATIVE_INFINITY

  /** @param shortMs milliseconds, where records come now and then */
  constructor(shortMs: number) {
    this.#shortMs = shortMs
  }

  /** Takes note of records that came. @param now milliseconds */
  came(now: number): void {
    if (now - this.#last >= this.#shortMs * LONGER) this.#steadySince = now
    this.#last = now
  }

  /** Milliseconds from the first record of a batch until it is delivered, unless it is full before. */
  get ms(): number {
    const isSteady = this.#last - this.#steadySince >= this.#shortMs * STEADY_AFTER
    return isSteady ? this.#shortMs * LONGER : this.#shortMs
  }
}
