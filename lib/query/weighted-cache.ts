/** A cache that forgets what was not used for the longest time once its entries weigh too much together. */
export class WeightedCache<K, V> {
  readonly #capacity: number
  readonly #onDropped: (value: V) => void
  /** In order of use, the latest last. */
  readonly #entries = new Map<K, { readonly value: V; readonly weight: number }>()
  #weight = 0

  /**
   * @param capacity what all entries may weigh together, in whatever unit weights have
   * @param onDropped told of values that are no longer kept, but for those that `delete` was called for
   */
  constructor(capacity: number, onDropped: (value: V) => void = () => undefined) {
    this.#capacity = capacity
    this.#onDropped = onDropped
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
    const before = this.#drop(key)
    if (before !== undefined && before !== value) this.#onDropped(before)
    if (weight > this.#capacity) {
      this.#onDropped(value)
      return
    }
    this.#entries.set(key, { value, weight })
    this.#weight += weight
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#capacity) return
      const dropped = this.#drop(oldest)
      if (dropped !== undefined) this.#onDropped(dropped)
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

  #drop(key: K): V | undefined {
    const entry = this.#entries.get(key)
    this.#weight -= entry?.weight ?? 0
    this.#entries.delete(key)
    return entry?.value
  }
}
