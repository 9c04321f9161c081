/** The consumer may fall behind this far; then puts are turned away. */
const FAR_BEHIND_MS = 20_000
/** So far it has to catch up before they are let in again. */
const NEAR_ENOUGH_MS = 10_000
/** What a shard last said of itself holds for this long: one that is stuck, at a record that can't be stored, is not slow. */
const HOLDS_MS = 15_000
const LOOK_MS = 1_000

interface Said {
  readonly lagMs: number
  readonly at: number
}

/**
 * Turns puts on a stream away while its consumer can't keep up. The cloud's stream takes so much a second for each of its shards and
 * no more, and its consumer is made to keep up with that; what one machine keeps up with nobody knows beforehand, so it is seen
 * from how old records are when they have been dealt with. Without it, a stream that is filled faster than it is emptied would
 * grow until disk or patience ends.
 */
export class Backpressure {
  readonly #refuse: (isRefusing: boolean) => void
  readonly #now: () => number
  readonly #shards = new Map<string, Said>()
  #isRefusing = false
  #timer: NodeJS.Timeout | undefined

  /**
   * @param refuse told whenever puts are to be turned away from now on, and when no more
   * @param now milliseconds since 1970
   */
  constructor(refuse: (isRefusing: boolean) => void, now: () => number = Date.now) {
    this.#refuse = refuse
    this.#now = now
  }

  /** A shard's records are dealt with up to one that arrived at this time, in milliseconds since 1970. */
  delivered(shardId: string, arrivedMs: number): void {
    const now = this.#now()
    this.#shards.set(shardId, { lagMs: now - arrivedMs, at: now })
    this.look()
  }

  /** A shard holds nothing more. */
  caughtUp(shardId: string): void {
    this.#shards.delete(shardId)
    this.look()
  }

  /** Decides anew. */
  look(): void {
    const now = this.#now()
    const lags = [...this.#shards.values()].filter(({ at }) => now - at < HOLDS_MS).map(({ lagMs }) => lagMs)
    const isRefusing = Math.max(0, ...lags) > (this.#isRefusing ? NEAR_ENOUGH_MS : FAR_BEHIND_MS)
    if (isRefusing === this.#isRefusing) return
    this.#isRefusing = isRefusing
    clearInterval(this.#timer)
    if (isRefusing) this.#timer = setInterval(() => this.look(), LOOK_MS).unref()
    this.#refuse(isRefusing)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
