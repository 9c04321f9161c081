import { LimitExceededError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { KIND_BIG, KIND_FLOAT, type PointBatch } from '../model/points.ts'
import { BatchBuilder, type Metric } from './batch-builder.ts'
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
} from './json-scanner.ts'
import { type EchoedPoint, echoPoint } from './point-echo.ts'
import { NoContentError, NoPointsError, NotPointsError } from './put-errors.ts'
import { readText, TagsReader } from './put-tags.ts'
import type { TagSet } from './tag-set.ts'
import { readValue } from './validate.ts'

/** A point that is not stored, and why. */
export interface PointError {
  /** Of the point in its request. */
  readonly index: number
  /** The point as JSON text, as OpenTSDB echoes it. */
  readonly datapoint: string
  /** OpenTSDB's words. */
  readonly message: string
}

/** What a put body holds. */
export interface ParsedPut {
  /** The good points, in order. */
  readonly batch: PointBatch
  /** Points in the body, good and bad. */
  readonly received: number
  readonly errors: readonly PointError[]
  /** For each point of the batch, its index in the request; undefined where all points are good. */
  readonly goodIndexes: readonly number[] | undefined
}

/** Whether something may be done with a metric. */
export type MetricRule = (metric: string) => boolean

/**
 * Reads the body of a put: one data point or an array of them, as JSON.
 *
 * A point that breaks a rule is listed and the others are kept. What OpenTSDB's JSON reader refuses (bad syntax, an array for
 * a tag map, a word for a timestamp) fails the whole body, as it does there. Field by field it is as lenient as that reader:
 * numbers and booleans are taken for texts, texts for times, unknown fields are skipped, the last of equal fields counts.
 *
 * @param mayPut whether the caller may put points of a metric; those of others are listed as bad. Absent: of every metric
 * @throws UnreadablePutError, NoContentError, NotPointsError, NoPointsError
 * @throws LimitExceededError for pointsPerRequest and jsonDepth; other limits concern one point and are listed
 */
export function parsePutBody(text: string, limits: Limits, mayPut?: MetricRule): ParsedPut {
  return new PutParser(text, limits, mayPut).parse()
}

/** A typical point takes 100 characters of JSON; the columns grow where that is wrong. */
const CHARACTERS_PER_POINT = 100
const INT64_LIMIT = 2 ** 63

/** A point's fields, in quotes as they stand in the text. */
const FIELDS: readonly string[] = ['"metric"', '"timestamp"', '"value"', '"tags"']
const FIELD_CODES = FIELDS.map((quoted) => Uint16Array.from(quoted, (char) => char.charCodeAt(0)))
const [METRIC, TIMESTAMP, VALUE, TAGS] = [0, 1, 2, 3]

/** A metric and its name as it stood in the text; no other text that begins so is another name. */
interface QuotedMetric {
  readonly metric: Metric
  readonly quoted: string
}

class PutParser {
  readonly #scanner: JsonScanner
  readonly #limits: Limits
  readonly #mayPut: MetricRule | undefined
  readonly #batch: BatchBuilder
  readonly #tagsReader: TagsReader
  /** By metric, the one that came after it the last time, with its JSON text: collectors send metrics in turn. */
  readonly #nextMetrics = new Map<Metric | null, QuotedMetric>()
  #lastMetric: Metric | null = null
  readonly #errors: PointError[] = []
  /** Kept from the first bad point on; before it, positions in the batch and in the request are the same. */
  #goodIndexes: number[] | undefined
  #received = 0

  // The point being read.
  #metric: Metric | null = null
  #tags: TagSet | null = null
  #timestamp = 0
  /** Digits of a timestamp that a double can't hold. */
  #timestampText: string | undefined
  /** The value's text, where it was not a number that the scanner could compute. */
  #valueText: string | null = null
  /** Where the value's text is, for a computed one; -1 where there is none. */
  #valueFrom = -1
  #valueTo = -1
  #value = 0
  #valueIsFloat = false

  constructor(text: string, limits: Limits, mayPut: MetricRule | undefined) {
    this.#scanner = new JsonScanner(text, limits.jsonDepth)
    this.#limits = limits
    this.#mayPut = mayPut
    const guess = Math.min(Math.ceil(text.length / CHARACTERS_PER_POINT) + 1, limits.pointsPerRequest)
    this.#batch = new BatchBuilder(limits, guess)
    this.#tagsReader = new TagsReader(this.#scanner, limits, this.#batch)
  }

  parse(): ParsedPut {
    const scanner = this.#scanner
    // OpenTSDB trims as Java does: everything up to the blank
    while (scanner.text.charCodeAt(scanner.at) <= 0x20) scanner.at++
    const first = scanner.peek()
    if (Number.isNaN(first)) throw new NoContentError()
    if (first === OPEN_OBJECT) this.#readPoint()
    else if (first === OPEN_ARRAY) this.#readArray()
    else throw new NotPointsError()
    while (scanner.text.charCodeAt(scanner.at) <= 0x20) scanner.at++
    if (scanner.at < scanner.text.length) scanner.fail('The end of the body wanted')
    return {
      batch: this.#batch.finish(),
      received: this.#received,
      errors: this.#errors,
      goodIndexes: this.#goodIndexes,
    }
  }

  #readArray(): void {
    const scanner = this.#scanner
    scanner.at++
    if (scanner.peek() === CLOSE_ARRAY) throw new NoPointsError()
    for (;;) {
      const unit = scanner.peek()
      if (unit === OPEN_OBJECT) this.#readPoint()
      else if (unit === LETTER_N) this.#readNullPoint()
      else scanner.fail('A data point wanted')
      if (scanner.peek() === CLOSE_ARRAY) break
      scanner.expect(COMMA, 'A comma or ] wanted')
    }
    scanner.at++
  }

  #readNullPoint(): void {
    this.#scanner.literal('null')
    this.#countPoint()
    this.#reject('null', 'Unexpected null datapoint encountered in set.')
  }

  #countPoint(): void {
    const { pointsPerRequest } = this.#limits
    if (++this.#received > pointsPerRequest) {
      throw new LimitExceededError('pointsPerRequest', pointsPerRequest, `more than ${pointsPerRequest}`, 'points')
    }
  }

  /** Reads the object that opens here, then keeps or rejects the point in it. */
  #readPoint(): void {
    this.#countPoint()
    this.#metric = null
    this.#tags = null
    this.#timestamp = 0
    this.#timestampText = undefined
    this.#valueText = null
    this.#valueFrom = -1
    const scanner = this.#scanner
    scanner.at++
    if (scanner.peek() === CLOSE_OBJECT) scanner.at++
    else {
      for (;;) {
        if (scanner.peek() !== QUOTE) scanner.fail('A field name wanted')
        const field = this.#readFieldName()
        scanner.expect(COLON, 'A colon wanted')
        if (field === METRIC) this.#metric = this.#readMetric()
        else if (field === TIMESTAMP) this.#readTimestamp()
        else if (field === VALUE) this.#readValue()
        else if (field === TAGS) this.#tags = this.#tagsReader.read()
        else scanner.skipValue(1)
        const unit = scanner.peek()
        scanner.at++
        if (unit === CLOSE_OBJECT) break
        if (unit !== COMMA) scanner.fail('A comma or } wanted', scanner.at - 1)
      }
    }
    this.#finishPoint()
  }

  /** Reads a field's name. @returns its index in FIELDS, -1 for another */
  #readFieldName(): number {
    const scanner = this.#scanner
    const { text, at } = scanner
    // the fast path compares in place: it makes no string, and is several times as fast as startsWith
    for (let i = 0; i < FIELDS.length; i++) {
      const codes = FIELD_CODES[i]!
      let same = 1
      while (same < codes.length && text.charCodeAt(at + same) === codes[same]) same++
      if (same === codes.length) {
        scanner.at = at + same
        return i
      }
    }
    return FIELDS.indexOf(`"${scanner.string()}"`)
  }

  #readMetric(): Metric | null {
    const scanner = this.#scanner
    const unit = scanner.peek()
    const from = scanner.at
    const next = this.#nextMetrics.get(this.#lastMetric)
    if (next !== undefined && scanner.skipText(next.quoted)) {
      this.#lastMetric = next.metric
      return next.metric
    }
    const name = readText(scanner, 'metric')
    if (name === null) return null
    const metric = this.#batch.metric(name)
    if (unit === QUOTE)
      this.#nextMetrics.set(this.#lastMetric, { metric, quoted: scanner.text.slice(from, scanner.at) })
    this.#lastMetric = metric
    return metric
  }

  #readTimestamp(): void {
    const scanner = this.#scanner
    const unit = scanner.peek()
    const from = scanner.at
    this.#timestampText = undefined
    if (unit === QUOTE) this.#timestampFromText(scanner.string().trim(), from)
    else if (unit === LETTER_N) {
      scanner.literal('null')
      this.#timestamp = 0
    } else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY || unit === LETTER_T || unit === LETTER_F) {
      scanner.fail('A number wanted for timestamp')
    } else {
      scanner.number()
      if (scanner.numberIsInteger) {
        if (Number.isNaN(scanner.numberValue)) this.#timestampFromText(scanner.numberText(), from)
        else this.#timestamp = scanner.numberValue
      } else {
        const number = Math.trunc(
          Number.isNaN(scanner.numberValue) ? Number(scanner.numberText()) : scanner.numberValue,
        )
        if (!(Math.abs(number) < INT64_LIMIT)) scanner.fail('A 64-bit timestamp wanted', from)
        this.#timestamp = number + 0
        if (!Number.isSafeInteger(number)) this.#timestampText = String(BigInt(number))
      }
    }
  }

  /** A timestamp in a string, or with more digits than a double holds for sure. An empty one is 0, which no point may have. */
  #timestampFromText(text: string, from: number): void {
    if (text === '' || text === 'null') {
      this.#timestamp = 0
      return
    }
    const parsed = /^[+-]?[0-9]{1,40}$/.test(text) ? BigInt(text.replace('+', '')) : undefined
    if (parsed === undefined || BigInt.asIntN(64, parsed) !== parsed) {
      this.#scanner.fail('A 64-bit number wanted for timestamp', from)
    }
    this.#timestamp = Number(parsed)
    if (!Number.isSafeInteger(this.#timestamp)) this.#timestampText = String(parsed)
  }

  #readValue(): void {
    const scanner = this.#scanner
    const unit = scanner.peek()
    if (unit !== QUOTE && unit !== LETTER_N && unit < 0x3a) {
      scanner.number()
      this.#valueFrom = scanner.numberFrom
      this.#valueTo = scanner.at
      if (Number.isNaN(scanner.numberValue)) this.#valueText = scanner.numberText()
      else {
        this.#valueText = null
        this.#value = scanner.numberValue
        this.#valueIsFloat = !scanner.numberIsInteger
      }
    } else {
      this.#valueFrom = -1
      this.#valueText = readText(scanner, 'value')
    }
  }

  /** Checks the point in OpenTSDB's order and keeps it, or lists what is wrong with it first. */
  #finishPoint(): void {
    const fault = this.#keepPoint()
    if (fault !== undefined) this.#rejectPoint(fault)
    else this.#goodIndexes?.push(this.#received - 1)
  }

  /** @returns what is wrong with the point */
  #keepPoint(): string | undefined {
    const metric = this.#metric
    if (metric === null || metric.name === '') return 'Metric name was empty'
    if (this.#mayPut?.(metric.name) === false) return `The token does not permit the metric ${metric.name}`
    if (this.#timestamp <= 0) return 'Invalid timestamp'
    if (this.#valueFrom === -1 && (this.#valueText === null || this.#valueText === '')) return 'Empty value'
    const tags = this.#tags
    if (tags === null || tags.count === 0) return 'Missing tags'
    if (this.#valueText === null) {
      const kind = this.#valueIsFloat ? KIND_FLOAT : 0
      return this.#batch.add(metric, tags, this.#timestamp, this.#value, kind, undefined, this.#timestampText)
    }
    const parsed = readValue(this.#valueText)
    if (parsed === undefined) return 'Unable to parse value to a number'
    const { float, value, big } = parsed
    const kind = float ? KIND_FLOAT : big === undefined ? 0 : KIND_BIG
    return this.#batch.add(metric, tags, this.#timestamp, value, kind, big, this.#timestampText)
  }

  #rejectPoint(message: string): void {
    const valueText =
      this.#valueFrom === -1 ? this.#valueText : this.#scanner.text.slice(this.#valueFrom, this.#valueTo)
    const point: EchoedPoint = {
      metric: this.#metric?.name ?? null,
      timestamp: this.#timestampText ?? String(this.#timestamp),
      value: valueText,
      tags: this.#tags?.sent ?? null,
    }
    this.#reject(echoPoint(point), message)
  }

  #reject(datapoint: string, message: string): void {
    this.#errors.push({ index: this.#received - 1, datapoint, message: shortened(message) })
    this.#goodIndexes ??= Array.from({ length: this.#batch.count }, (_, i) => i)
  }
}

/** Characters of a message; it may quote what was sent. */
const MESSAGE_CHARACTERS = 2048

function shortened(message: string): string {
  return message.length <= MESSAGE_CHARACTERS ? message : `${message.slice(0, MESSAGE_CHARACTERS)}...`
}
