import type { Limits } from '../model/limits.ts'
import type { BatchBuilder } from './batch-builder.ts'
import {
  CLOSE_OBJECT,
  COLON,
  COMMA,
  type JsonScanner,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './json-scanner.ts'
import { type TagSet, TagSetBuilder } from './tag-set.ts'

/**
 * Reads a text as OpenTSDB's JSON reader does: a string, or a number or boolean as it is written, or null.
 * @param field for the error's message
 * @throws UnreadablePutError for objects and arrays, and what is no JSON
 */
export function readText(scanner: JsonScanner, field: string): string | null {
  const unit = scanner.peek()
  if (unit === QUOTE) return scanner.string()
  if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) scanner.fail(`A string wanted for ${field}`)
  if (unit === LETTER_N) {
    scanner.literal('null')
    return null
  }
  const from = scanner.at
  if (unit === LETTER_T) scanner.literal('true')
  else if (unit === LETTER_F) scanner.literal('false')
  else scanner.number()
  return scanner.text.slice(from, scanner.at)
}

/** Reads the tags of a put's points; those whose text was there before are known by it. */
export class TagsReader {
  readonly #scanner: JsonScanner
  readonly #limits: Limits
  readonly #batch: BatchBuilder
  /** By their JSON text: most points of a request repeat a text that was read and checked before. */
  readonly #known = new Map<string, TagSet>()
  /** The tags before and their JSON text: a collector's next point often has the same. */
  #last: TagSet | null = null
  #lastText = ''

  /** @param batch whose points get the tags */
  constructor(scanner: JsonScanner, limits: Limits, batch: BatchBuilder) {
    this.#scanner = scanner
    this.#limits = limits
    this.#batch = batch
  }

  /**
   * Reads the value of the field `tags`.
   * @returns null for null
   * @throws UnreadablePutError
   */
  read(): TagSet | null {
    const scanner = this.#scanner
    const unit = scanner.peek()
    if (unit === LETTER_N) {
      scanner.literal('null')
      return null
    }
    if (unit !== OPEN_OBJECT) scanner.fail('An object wanted for tags')
    const from = scanner.at
    if (this.#last !== null && scanner.skipText(this.#lastText)) return this.#last
    // Up to the first brace is all of it unless a name has a brace; then it is no whole object and not among the known.
    const end = scanner.text.indexOf('}', from) + 1
    const text = scanner.text.slice(from, end)
    const known = this.#known.get(text)
    if (known !== undefined) scanner.at = end
    const tags = known ?? this.#batch.sameTags(this.#readNew())
    if (scanner.at === end) {
      if (known === undefined) this.#known.set(text, tags)
      this.#last = tags
      this.#lastText = text
    }
    return tags
  }

  #readNew(): TagSet {
    const scanner = this.#scanner
    const builder = new TagSetBuilder(this.#limits)
    scanner.at++
    if (scanner.peek() === CLOSE_OBJECT) {
      scanner.at++
      return builder.build()
    }
    for (;;) {
      if (scanner.peek() !== QUOTE) scanner.fail('A tag name wanted')
      const tagk = scanner.string()
      scanner.expect(COLON, 'A colon wanted')
      builder.set(tagk, readText(scanner, 'a tag'))
      if (scanner.peek() === CLOSE_OBJECT) break
      scanner.expect(COMMA, 'A comma or } wanted')
    }
    scanner.at++
    return builder.build()
  }
}
