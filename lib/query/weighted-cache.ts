/** A cache that forgets what was not used for the longest time once its entries weigh too much together. */
export class WeightedCache<K, V> {
  readonly #capacity: number
  /** In order of use, the latest last. */
  readonly #entries = new Map<K, { readonly value: V; readonly weight: number }>()
  #weight = 0

  /** @param capacity what all entries may weigh together, in whatever unit weights have */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** Keeps a value, unless it alone weighs more than the cache holds. */
  set(key: K, value: V, weight: number): void {
    this.#drop(key)
    if (weight > this.#capacity) return
    this.#entries.set(key, { value, weight })
    this.#weight += weight
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#capacity) return
      this.#drop(oldest)
    }
  }

  /** Forgets a value, where it is kept. */
  delete(key: K): void {
    this.#drop(key)
  }

  /** All values, that which was not used for the longest time first; none counts as used by it. */
  *values(): IterableIterator<V> {
    for (const { value } of this.#entries.values()) yield value
  }

  #drop(key: K): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0
    this.#entries.delete(key)
  }
}
