import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  JsonScanner,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from '../ingest/json-scanner.ts'
import { UnreadablePutError } from '../ingest/put-errors.ts'
import type { MetricRule } from '../ingest/put-json.ts'
import { LimitExceededError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { PointBatch } from '../model/points.ts'
import { KairosRequestError } from './errors.ts'
import { readLenientObject } from './lenient-json.ts'
import { checkMetric, checkTags, KairosBatch, type KairosMetric, type KairosTags } from './put-batch.ts'
import { assignMember, keepMetric, type PutContext, SentMetric, type SentTime } from './put-metric.ts'
import type { SentValue } from './put-values.ts'

/** What the body of a put to KairosDB's API holds. */
export interface ParsedKairosPut {
  /** The good points, in order. */
  readonly batch: PointBatch
  /** What is wrong with the others, in KairosDB's words; empty where nothing is. */
  readonly errors: readonly string[]
}

/** What KairosDB says of a body that ends where a metric should begin or an array end. */
const ENDS_TOO_EARLY = 'Invalid json. No content due to end of input.'

/** A typical point takes 20 characters where points stand in lists, 100 where each is an object. */
const CHARACTERS_PER_POINT = 50

/** A metric's fields, in quotes as they stand in the text. */
const FIELDS: readonly string[] = ['name', 'timestamp', 'time', 'value', 'tags', 'datapoints', 'type', 'ttl']
const FIELD_CODES = FIELDS.map((name) => Uint16Array.from(`"${name}"`, (char) => char.charCodeAt(0)))
const [NAME, TIMESTAMP, TIME, VALUE, TAGS, DATAPOINTS, TYPE, TTL] = [0, 1, 2, 3, 4, 5, 6, 7]

/**
 * Reads the body of a put to KairosDB's API: one metric or an array of them, each with a point of its own, a list of points, or
 * both.
 *
 * A point that breaks a rule is told and the others are kept. Where the text can't be read it ends: what stands before is kept,
 * as in KairosDB, and what follows is not. What is behind the first metric or array is not looked at.
 * @param now milliseconds since 1970, from which `ttl` counts
 * @param mayPut whether the caller may put points of a metric, by the name that the store keeps; those of others are told as
 *   bad. Absent: of every metric
 * @throws LimitExceededError for pointsPerRequest and jsonDepth
 */
export function parseKairosPut(text: string, limits: Limits, now: number, mayPut?: MetricRule): ParsedKairosPut {
  return new KairosPutParser(text, limits, now, mayPut).parse()
}

class KairosPutParser {
  readonly #scanner: JsonScanner
  readonly #limits: Limits
  readonly #mayPut: MetricRule | undefined
  readonly #batch: KairosBatch
  readonly #errors: string[] = []
  readonly #context: PutContext
  /** By their JSON text: most metrics of a request repeat a text that was read and checked before. */
  readonly #tagsByText = new Map<string, KairosTags>()
  /** The tags before and their JSON text: a collector's next metric often has the same. */
  #lastTags: KairosTags | undefined
  #lastTagsText = ''
  /** By their checked content, as the store has it: in another order it is the same series. */
  readonly #tagsByContent = new Map<string, KairosTags>()
  readonly #metrics = new Map<string, KairosMetric>()
  readonly #sent = new SentMetric()
  /** From the first metric on that is no JSON. */
  #isLenient = false

  constructor(text: string, limits: Limits, now: number, mayPut: MetricRule | undefined) {
    this.#mayPut = mayPut
    this.#scanner = new JsonScanner(text, limits.jsonDepth)
    this.#limits = limits
    this.#batch = new KairosBatch(Math.min(Math.ceil(text.length / CHARACTERS_PER_POINT) + 1, limits.pointsPerRequest))
    this.#context = { batch: this.#batch, limits, nowS: Math.floor(now / 1000), text, errors: this.#errors }
  }

  parse(): ParsedKairosPut {
    try {
      this.#readBody()
    } catch (error) {
      if (error instanceof KairosRequestError) this.#errors.push(...error.errors)
      else if (error instanceof UnreadablePutError) this.#errors.push(`The JSON can't be read: ${error.details}`)
      else throw error
    }
    return { batch: this.#batch.finish(), errors: this.#errors }
  }

  #readBody(): void {
    const scanner = this.#scanner
    const first = scanner.peek()
    if (first === OPEN_OBJECT) this.#readMetric(0)
    else if (first === OPEN_ARRAY) this.#readArray()
    else if (Number.isNaN(first)) this.#errors.push(ENDS_TOO_EARLY)
    else scanner.fail('An object or an array wanted')
  }

  #readArray(): void {
    const scanner = this.#scanner
    scanner.at++
    if (scanner.peek() === CLOSE_ARRAY) return
    for (let index = 0; ; index++) {
      const unit = scanner.peek()
      // KairosDB says so twice: where the next metric should begin and where the array should end
      if (Number.isNaN(unit)) {
        this.#errors.push(ENDS_TOO_EARLY, ENDS_TOO_EARLY)
        return
      }
      if (unit !== OPEN_OBJECT) scanner.fail('A metric wanted, as an object')
      this.#readMetric(index)
      const next = scanner.peek()
      if (next === CLOSE_ARRAY) return
      if (!Number.isNaN(next)) scanner.expect(COMMA, 'A comma or ] wanted')
    }
  }

  /** Reads the metric that opens here, and keeps its good points. */
  #readMetric(index: number): void {
    const scanner = this.#scanner
    const sent = this.#sent
    const from = scanner.at
    sent.clear()
    if (!this.#isLenient) {
      try {
        this.#readMembers()
      } catch (error) {
        if (!(error instanceof UnreadablePutError)) throw error
        // Not for one metric after the other: to say where a text breaks takes reading it from its beginning.
        this.#isLenient = true
      }
    }
    if (this.#isLenient) this.#readLeniently(from)
    const metric = this.#metricOf(sent.name)
    const tags = sent.tagsText === undefined ? this.#tagsOf(sent.tags) : this.#tagsOfText(sent.tagsText, sent.tags)
    keepMetric(this.#context, sent, metric, tags, index)
  }

  /** Gson takes more than JSON: single quotes, words without quotes, comments. Who sends that may wait a little longer. */
  #readLeniently(from: number): void {
    this.#sent.clear()
    const { value, end } = readLenientObject(this.#scanner.text, from)
    for (const [name, member] of value) assignMember(this.#sent, name, member)
    this.#scanner.at = end
  }

  #readMembers(): void {
    const scanner = this.#scanner
    scanner.at++
    if (scanner.peek() === CLOSE_OBJECT) {
      scanner.at++
      return
    }
    for (;;) {
      if (scanner.peek() !== QUOTE) scanner.fail('A field name wanted')
      const field = this.#readFieldName()
      scanner.expect(COLON, 'A colon wanted')
      this.#readMember(field)
      const unit = scanner.peek()
      scanner.at++
      if (unit === CLOSE_OBJECT) return
      if (unit !== COMMA) scanner.fail('A comma or } wanted', scanner.at - 1)
    }
  }

  /** Reads a field's name, compared in place: it makes no string. @returns its index in FIELDS, -1 for another */
  #readFieldName(): number {
    const scanner = this.#scanner
    const { text, at } = scanner
    for (let i = 0; i < FIELD_CODES.length; i++) {
      const codes = FIELD_CODES[i]!
      let same = 1
      while (same < codes.length && text.charCodeAt(at + same) === codes[same]) same++
      if (same === codes.length) {
        scanner.at = at + same
        return i
      }
    }
    return FIELDS.indexOf(scanner.string())
  }

  #readMember(field: number): void {
    const sent = this.#sent
    if (field === NAME) sent.name = this.#readText('name')
    else if (field === TIMESTAMP) sent.timestamp = this.#readTime()
    else if (field === TIME) sent.time = this.#readTime()
    else if (field === VALUE) sent.value = this.#readAnyValue()
    else if (field === TAGS) this.#readTags()
    else if (field === DATAPOINTS) this.#readPoints()
    else if (field === TYPE) sent.type = this.#readText('type') ?? undefined
    else if (field === TTL) sent.setTtl(this.#readAnyValue())
    else this.#scanner.skipValue(1)
  }

  /** A string, or a number or boolean by its text, or null. */
  #readText(field: string): string | null {
    const value = this.#readAnyValue()
    if (value.kind === 'null') return null
    if ('text' in value) return value.text
    return this.#scanner.fail(`A string wanted for ${field}`)
  }

  #readTime(): SentTime {
    const at = this.#scanner.at
    const value = this.#readAnyValue()
    if (value.kind === 'null') return undefined
    const time = value.kind === 'number' || value.kind === 'text' ? Number(value.text || 'x') : Number.NaN
    if (!Number.isInteger(time)) this.#scanner.fail('A whole number of milliseconds wanted', at)
    return time
  }

  #readAnyValue(): SentValue {
    const scanner = this.#scanner
    const unit = scanner.peek()
    if (unit === QUOTE) return { kind: 'text', text: scanner.string() }
    if (unit === OPEN_ARRAY || unit === OPEN_OBJECT) {
      const from = scanner.at
      scanner.skipValue(1)
      if (unit === OPEN_OBJECT) return { kind: 'object' }
      return {
        kind: /^\[\s*\]$/.test(scanner.text.slice(from, Math.min(scanner.at, from + 20))) ? 'emptyArray' : 'array',
      }
    }
    if (unit === LETTER_N) {
      scanner.literal('null')
      return { kind: 'null' }
    }
    if (unit === LETTER_T || unit === LETTER_F) {
      const text = unit === LETTER_T ? 'true' : 'false'
      scanner.literal(text)
      return { kind: 'boolean', text }
    }
    scanner.number()
    const { numberValue, numberIsInteger } = scanner
    return { kind: 'number', text: scanner.numberText(), double: numberValue, isInteger: numberIsInteger }
  }

  #readTags(): void {
    const scanner = this.#scanner
    const sent = this.#sent
    sent.tags = []
    sent.tagsText = undefined
    const unit = scanner.peek()
    if (unit === LETTER_N) {
      scanner.literal('null')
      return
    }
    if (unit !== OPEN_OBJECT) scanner.fail('An object wanted for tags')
    if (this.#lastTags !== undefined && scanner.skipText(this.#lastTagsText)) {
      sent.tagsText = this.#lastTagsText
      return
    }
    // Up to the first brace is all of it unless a name has a brace; then it is no whole object and not among the known.
    const from = scanner.at
    const end = scanner.text.indexOf('}', from) + 1
    const text = scanner.text.slice(from, end)
    if (!this.#tagsByText.has(text)) sent.tags = this.#readTagMembers()
    else scanner.at = end
    if (scanner.at === end) sent.tagsText = text
  }

  #readTagMembers(): [string, string | null][] {
    const scanner = this.#scanner
    const tags = new Map<string, string | null>()
    scanner.at++
    if (scanner.peek() !== CLOSE_OBJECT) {
      for (;;) {
        if (scanner.peek() !== QUOTE) scanner.fail('A tag name wanted')
        const name = scanner.string()
        if (tags.has(name)) throw new KairosRequestError(`duplicate key: ${name}`)
        scanner.expect(COLON, 'A colon wanted')
        tags.set(name, this.#readText('a tag'))
        if (scanner.peek() === CLOSE_OBJECT) break
        scanner.expect(COMMA, 'A comma or } wanted')
      }
    }
    scanner.at++
    return [...tags]
  }

  /** The list of points: each `[time, value]` or `[time, value, type]`. */
  #readPoints(): void {
    const scanner = this.#scanner
    const { points } = this.#sent
    points.clear()
    const unit = scanner.peek()
    if (unit === LETTER_N) {
      scanner.literal('null')
      return
    }
    if (unit !== OPEN_ARRAY) scanner.fail('An array wanted for datapoints')
    scanner.at++
    if (scanner.peek() === CLOSE_ARRAY) {
      scanner.at++
      return
    }
    for (;;) {
      if (this.#batch.points.count + points.count >= this.#limits.pointsPerRequest) this.#failTooMany()
      this.#readPoint()
      const next = scanner.peek()
      scanner.at++
      if (next === CLOSE_ARRAY) return
      if (next !== COMMA) scanner.fail('A comma or ] wanted', scanner.at - 1)
    }
  }

  #readPoint(): void {
    const scanner = this.#scanner
    const { points } = this.#sent
    scanner.expect(OPEN_ARRAY, 'An array wanted for a point')
    if (points.addPlainPoint(scanner)) return
    const elements: SentValue[] = []
    if (scanner.peek() === CLOSE_ARRAY) scanner.at++
    else {
      for (;;) {
        elements.push(this.#readAnyValue())
        const next = scanner.peek()
        scanner.at++
        if (next === CLOSE_ARRAY) break
        if (next !== COMMA) scanner.fail('A comma or ] wanted', scanner.at - 1)
      }
    }
    points.add(elements)
  }

  #failTooMany(): never {
    const { pointsPerRequest } = this.#limits
    throw new LimitExceededError('pointsPerRequest', pointsPerRequest, `more than ${pointsPerRequest}`, 'points')
  }

  #metricOf(name: string | null): KairosMetric {
    const known = name === null ? undefined : this.#metrics.get(name)
    if (known !== undefined) return known
    const metric = checkMetric(name, this.#limits, this.#mayPut)
    if (name !== null) this.#metrics.set(name, metric)
    return metric
  }

  #tagsOfText(text: string, sent: readonly (readonly [string, string | null])[]): KairosTags {
    if (this.#lastTags !== undefined && text === this.#lastTagsText) return this.#lastTags
    let tags = this.#tagsByText.get(text)
    if (tags === undefined) {
      tags = this.#tagsOf(sent)
      this.#tagsByText.set(text, tags)
    }
    this.#lastTags = tags
    this.#lastTagsText = text
    return tags
  }

  #tagsOf(sent: readonly (readonly [string, string | null])[]): KairosTags {
    const tags = checkTags(sent, this.#limits)
    if (tags.faults.length > 0) return tags
    const key = tags.sorted.map(([name, value]) => `${name}\0${value}\0`).join('')
    const same = this.#tagsByContent.get(key)
    if (same === undefined) this.#tagsByContent.set(key, tags)
    return same ?? tags
  }
}
