/** Buckets of about 5 %: enough for percentiles, and a run of any length takes the same memory. */
const BASE = 1.05
const BUCKETS = 300
const LEAST_MS = 0.1

/** Counts how long things took. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0
  #most = 0

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / Math.log(BASE))
    this.#counts[Math.min(BUCKETS - 1, bucket)]!++
    this.#total++
    this.#most = Math.max(this.#most, ms)
  }

  get count(): number {
    return this.#total
  }

  get most(): number {
    return this.#most
  }

  /** @returns milliseconds that this part of all took at most, to about 5 %; NaN of nothing */
  percentile(part: number): number {
    if (this.#total === 0) return Number.NaN
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!
      if (seen >= part * this.#total) return Math.min(this.#most, LEAST_MS * BASE ** bucket)
    }
    return this.#most
  }

  /** Adds what another one counted. */
  merge(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += other.#counts[bucket]!
    this.#total += other.#total
    this.#most = Math.max(this.#most, other.#most)
  }
}
