import type { Limits } from '../model/limits.ts'
import { nameFault } from '../model/names.ts'
import { javaMapOrder, javaMapText } from './java-text.ts'

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

/** Up to here comparing with each is faster than a hash table. */
const FEW = 16

/** Collects the tags of one point. Keys are compared as texts, so `__proto__` is one like any other. */
export class TagSetBuilder {
  readonly #sent: [tagk: string, tagv: string | null][] = []
  readonly #keep: number
  readonly #limits: Limits
  /** Positions by key, once there are more than FEW. */
  #positions: Map<string, number> | undefined
  #dropped = 0

  constructor(limits: Limits) {
    this.#limits = limits
    this.#keep = Math.max(KEEP_AT_LEAST, limits.tags)
  }

  /** Adds a tag; a key that is there already gets the new value. */
  set(tagk: string, tagv: string | null): void {
    const sent = this.#sent
    const same = sent[this.#find(tagk)]
    if (same !== undefined) same[1] = tagv
    else if (sent.length < this.#keep) {
      this.#positions?.set(tagk, sent.length)
      sent.push([tagk, tagv])
    } else this.#dropped++
  }

  /** @returns the position of a key, -1 where it is new */
  #find(tagk: string): number {
    const sent = this.#sent
    if (sent.length <= FEW) {
      for (let i = 0; i < sent.length; i++) if (sent[i]?.[0] === tagk) return i
      return -1
    }
    this.#positions ??= new Map(sent.map(([key], i) => [key, i]))
    return this.#positions.get(tagk) ?? -1
  }

  build(): TagSet {
    const sent = this.#sent
    const count = sent.length + this.#dropped
    const sorted = count <= this.#limits.tags ? sortedIfGood(sent, this.#limits.nameBytes) : undefined
    const tooMany = count > this.#limits.tags
    if (sorted !== undefined) return { sent, count, tooMany, fault: undefined, sorted }
    return { sent, count, tooMany, fault: tagsFault(sent, count, this.#limits), sorted: [] }
  }
}

/** @returns the tags by key; undefined where one breaks a rule or there are none */
function sortedIfGood(sent: readonly SentTag[], nameBytes: number): (readonly [string, string])[] | undefined {
  if (sent.length === 0) return undefined
  const sorted: (readonly [string, string])[] = []
  for (const tag of sent) {
    const [tagk, tagv] = tag
    if (tagv === null || nameFault('tag', tagk, nameBytes) !== undefined) return undefined
    if (nameFault('tag', tagv, nameBytes) !== undefined) return undefined
    // collectors often sort already, and there are few: insertion sort
    let at = sorted.length
    for (; at > 0 && (sorted[at - 1]?.[0] ?? '') > tagk; at--) sorted[at] = sorted[at - 1] ?? [tagk, tagv]
    sorted[at] = [tagk, tagv]
  }
  return sorted
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
