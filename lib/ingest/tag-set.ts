import type { Limits } from '../model/limits.ts'
import { javaMapOrder, javaMapText } from './java-text.ts'
import { nameFault } from './validate.ts'

/** A tag as sent; OpenTSDB's JSON reader lets a null value through to the check of names. */
export type SentTag = readonly [tagk: string, tagv: string | null]

/** Distinct keys that are kept of a point that has far too many tags; the rest are counted. */
const KEEP_AT_LEAST = 100

/** The tags of a point, checked. Points of one request that have the same tags share one. */
export interface TagSet {
  /** As sent, the last of equal keys. */
  readonly sent: readonly SentTag[]
  /** How many were sent, which is more than `sent` has where there were far too many. */
  readonly count: number
  /** There are more than limits.tags; OpenTSDB says so before it looks at any name. */
  readonly tooMany: boolean
  /** What is wrong with them in OpenTSDB's words; undefined where they are good. */
  readonly fault: string | undefined
  /** Where they are good: sorted by key, as a series has them. */
  readonly sorted: readonly (readonly [tagk: string, tagv: string])[]
}

/** Collects the tags of one point; a Map, so that `__proto__` is a key like any other. */
export class TagSetBuilder {
  readonly #tags = new Map<string, string | null>()
  readonly #keep: number
  readonly #limits: Limits
  #dropped = 0

  constructor(limits: Limits) {
    this.#limits = limits
    this.#keep = Math.max(KEEP_AT_LEAST, limits.tags)
  }

  /** Adds a tag; a key that is there already gets the new value. */
  set(tagk: string, tagv: string | null): void {
    if (this.#tags.size < this.#keep || this.#tags.has(tagk)) this.#tags.set(tagk, tagv)
    else this.#dropped++
  }

  build(): TagSet {
    const sent = [...this.#tags]
    const count = sent.length + this.#dropped
    const fault = tagsFault(sent, count, this.#limits)
    const sorted: (readonly [string, string])[] = []
    if (fault === undefined) {
      for (const [tagk, tagv] of sent) if (tagv !== null) sorted.push([tagk, tagv])
      sorted.sort(([a], [b]) => (a < b ? -1 : 1))
    }
    return { sent, count, tooMany: count > this.#limits.tags, fault, sorted }
  }
}

/** OpenTSDB's checks in OpenTSDB's order, so that the first fault named is the same. */
function tagsFault(sent: readonly SentTag[], count: number, limits: Limits): string | undefined {
  if (count === 0) return 'Missing tags'
  const ordered = javaMapOrder(sent)
  if (count > limits.tags) {
    return `Too many tags: ${count} maximum allowed: ${limits.tags}, tags: ${javaMapText(ordered)}`
  }
  for (const [tagk, tagv] of ordered) {
    const fault =
      nameFault(`tag name with value [${tagv}]`, tagk, limits.nameBytes) ??
      nameFault(`tag value with key [${tagk}]`, tagv, limits.nameBytes)
    if (fault !== undefined) return fault
  }
  return undefined
}
