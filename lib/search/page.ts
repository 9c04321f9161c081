/** Which of the results of a search are answered. */
export interface SearchRange {
  /** Results at most. */
  readonly limit: number
  /** Results to pass over first. */
  readonly startIndex: number
}

/** The results of a search that are answered, collected one by one; the others are not kept. */
export class Page<T> {
  readonly items: T[] = []
  readonly #limit: number
  #skip: number

  constructor({ limit, startIndex }: SearchRange) {
    this.#limit = limit
    this.#skip = startIndex
  }

  get full(): boolean {
    return this.items.length >= this.#limit
  }

  /** Takes the next result. */
  add(item: T): void {
    if (this.#skip > 0) this.#skip--
    else if (!this.full) this.items.push(item)
  }
}
