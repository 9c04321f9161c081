import { CLOSE_ARRAY, COMMA, type JsonScanner } from '../ingest/json-scanner.ts'
import { LAST_MILLISECOND } from '../ingest/validate.ts'
import { LimitExceededError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { KIND_FLOAT, KIND_MS } from '../model/points.ts'
import { KairosRequestError } from './errors.ts'
import { type Json, JsonNumber } from './lenient-json.ts'
import type { KairosBatch, KairosMetric, KairosTags } from './put-batch.ts'
import { isValueType, pushValue, type SentValue } from './put-values.ts'

/** Milliseconds since 1970, whole; undefined where it is null or was not given. */
export type SentTime = number | undefined

const INT32_END = 2 ** 31

/** The list of points of a metric as it was sent. Its type and its name may stand behind it, so it is read before it is understood. */
export class SentPoints {
  count = 0
  /** Of plain points, a time and a number: what the scanner computed. */
  readonly #times: number[] = []
  readonly #numbers: number[] = []
  readonly #isFloat: boolean[] = []
  /** Where the number's text stands. */
  readonly #from: number[] = []
  readonly #to: number[] = []
  /** Of all others, their elements by position. */
  readonly #others = new Map<number, readonly SentValue[]>()

  clear(): void {
    if (this.count === 0) return
    this.count = 0
    this.#times.length = 0
    this.#numbers.length = 0
    this.#isFloat.length = 0
    this.#from.length = 0
    this.#to.length = 0
    this.#others.clear()
  }

  add(elements: readonly SentValue[]): void {
    this.#others.set(this.count, elements)
    this.#addPlain(0, 0, false, 0, 0)
  }

  /**
   * Reads the rest of a point, behind its bracket, where it is a time and a number that a double holds exactly.
   * @returns false where it is something else; the scanner then stands where it stood
   */
  addPlainPoint(scanner: JsonScanner): boolean {
    const begin = scanner.at
    if (!atDigit(scanner)) return false
    scanner.number()
    const time = scanner.numberValue
    if (scanner.numberIsInteger && !Number.isNaN(time) && scanner.peek() === COMMA) {
      scanner.at++
      if (atDigitOrMinus(scanner)) {
        scanner.number()
        const { numberValue, numberIsInteger, numberFrom, at } = scanner
        if (!Number.isNaN(numberValue) && scanner.peek() === CLOSE_ARRAY) {
          scanner.at++
          this.#addPlain(time, numberValue, !numberIsInteger, numberFrom, at)
          return true
        }
      }
    }
    scanner.at = begin
    return false
  }

  #addPlain(time: number, number: number, isFloat: boolean, from: number, to: number): void {
    this.#times.push(time)
    this.#numbers.push(number)
    this.#isFloat.push(isFloat)
    this.#from.push(from)
    this.#to.push(to)
    this.count++
  }

  /** The elements of a point that is not plain; undefined where it is. */
  elements(i: number): readonly SentValue[] | undefined {
    return this.#others.get(i)
  }

  /** Of a plain point. */
  plain(i: number): { time: number; number: number; isFloat: boolean } {
    return { time: this.#times[i]!, number: this.#numbers[i]!, isFloat: this.#isFloat[i]! }
  }

  /** The value of a plain point as it was written. @param text the body */
  plainValue(i: number, text: string): SentValue {
    const isInteger = !this.#isFloat[i]!
    return { kind: 'number', text: text.slice(this.#from[i], this.#to[i]), double: this.#numbers[i]!, isInteger }
  }
}

function atDigit(scanner: JsonScanner): boolean {
  const unit = scanner.peek()
  return unit >= 0x30 && unit <= 0x39
}

function atDigitOrMinus(scanner: JsonScanner): boolean {
  return atDigit(scanner) || scanner.peek() === 0x2d
}

/** A metric of a put as it was sent, of which nothing was checked yet. */
export class SentMetric {
  name: string | null = null
  timestamp: SentTime
  time: SentTime
  value: SentValue | undefined
  tags: readonly (readonly [string, string | null])[] = []
  /** The JSON text of the tags, where it is known; `tags` is empty then if that text came before. */
  tagsText: string | undefined
  type: string | undefined
  /** Seconds; 0 and less: for ever. */
  ttl = 0
  readonly points = new SentPoints()

  clear(): void {
    this.name = null
    this.timestamp = undefined
    this.time = undefined
    this.value = undefined
    this.tags = []
    this.tagsText = undefined
    this.type = undefined
    this.ttl = 0
    this.points.clear()
  }

  /** @throws KairosRequestError where it is no whole number of 32 bits */
  setTtl(value: SentValue): void {
    if (value.kind === 'null') return
    const ttl = value.kind === 'number' || value.kind === 'text' ? Number(value.text || 'x') : Number.NaN
    if (!Number.isInteger(ttl) || ttl < -INT32_END || ttl >= INT32_END) {
      throw new KairosRequestError('ttl must be a whole number of seconds')
    }
    this.ttl = ttl
  }
}

/** Sets a field of a metric from a value that the lenient reader gave. @throws KairosRequestError where it is of another kind */
export function assignMember(sent: SentMetric, name: string, member: Json): void {
  if (name === 'name') sent.name = textOf(member, name)
  else if (name === 'type') sent.type = textOf(member, name) ?? undefined
  else if (name === 'timestamp' || name === 'time') sent[name] = timeOf(member)
  else if (name === 'value') sent.value = sentValueOf(member)
  else if (name === 'ttl') sent.setTtl(sentValueOf(member))
  else if (name === 'tags' && member !== null) {
    if (!(member instanceof Map)) throw new KairosRequestError('tags must be an object')
    sent.tags = [...member].map(([tag, value]) => [tag, textOf(value, 'a tag')])
  } else if (name === 'datapoints' && member !== null) {
    if (!isArray(member)) throw new KairosRequestError('datapoints must be an array')
    for (const point of member) {
      if (!isArray(point)) throw new KairosRequestError('a point must be an array')
      sent.points.add(point.map(sentValueOf))
    }
  }
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function sentValueOf(value: Json): SentValue {
  if (value === null) return { kind: 'null' }
  if (value instanceof JsonNumber) return { kind: 'number', text: value.text, double: Number.NaN, isInteger: false }
  if (typeof value === 'string') return { kind: 'text', text: value }
  if (typeof value === 'boolean') return { kind: 'boolean', text: value ? 'true' : 'false' }
  return { kind: isArray(value) ? (value.length === 0 ? 'emptyArray' : 'array') : 'object' }
}

function textOf(member: Json, field: string): string | null {
  const value = sentValueOf(member)
  if (value.kind === 'null') return null
  if ('text' in value) return value.text
  throw new KairosRequestError(`${field} must be a string`)
}

function timeOf(member: Json): SentTime {
  const value = sentValueOf(member)
  if (value.kind === 'null') return undefined
  const time = value.kind === 'number' || value.kind === 'text' ? Number(value.text || 'x') : Number.NaN
  if (!Number.isInteger(time)) throw new KairosRequestError('a timestamp must be a whole number of milliseconds')
  return time
}

/** What keepMetric needs of the request around a metric. */
export interface PutContext {
  readonly batch: KairosBatch
  readonly limits: Limits
  /** Seconds since 1970, from which times to live count. */
  readonly nowS: number
  /** The body. */
  readonly text: string
  /** Gets what is wrong, in KairosDB's words. */
  readonly errors: string[]
}

/**
 * Checks a metric in KairosDB's order and keeps its good points. With a bad name, tag or point of its own none is kept.
 * @param index of the metric in its request
 * @throws LimitExceededError for pointsPerRequest
 */
export function keepMetric(
  context: PutContext,
  sent: SentMetric,
  metric: KairosMetric,
  tags: KairosTags,
  index: number,
): void {
  const { batch, errors, limits, nowS, text } = context
  const faults: string[] = []
  const where = metric.name === '' ? `metric[${index}]` : `metric[${index}](name=${metric.name.slice(0, 1024)})`
  if (metric.fault !== undefined) faults.push(`metric[${index}].name ${metric.fault}`)
  for (const { part, why } of tags.faults) faults.push(`${where}.${part} ${why}`)
  const timestamp = sent.time ?? sent.timestamp
  const { value, points } = sent
  if (timestamp !== undefined || value !== undefined) {
    const fault = timestamp === undefined ? 'may not be null.' : timeFault(timestamp)
    if (fault !== undefined) faults.push(`${where}.timestamp ${fault}`)
    const empty = value === undefined ? 'may not be null.' : emptyFault(value)
    if (empty !== undefined) faults.push(`${where}.value ${empty}`)
  }
  if (faults.length > 0) {
    errors.push(...faults)
    return
  }
  const expiry = sent.ttl > 0 ? nowS + sent.ttl : 0

  const keep = (time: number, one: SentValue, type: string | undefined): void => {
    if (batch.points.count >= limits.pointsPerRequest) failTooMany(limits)
    const fault = keepFault(one, type, limits) ?? pushValue(batch.points, time, one, type)
    if (fault === undefined) batch.place(metric, tags, expiry)
    else errors.push(fault.startsWith('value') ? `${where} ${fault}` : fault)
  }

  if (timestamp !== undefined && value !== undefined) keep(timestamp, value, sent.type)
  for (let i = 0; i < points.count; i++) {
    const elements = points.elements(i)
    if (elements === undefined) {
      const { time, number, isFloat } = points.plain(i)
      const fault = timeFault(time)
      if (fault !== undefined) errors.push(`${where}.datapoints[${i}].timestamp ${fault}`)
      else if (sent.type === undefined) {
        if (batch.points.count >= limits.pointsPerRequest) failTooMany(limits)
        batch.points.push(time, number, isFloat ? KIND_MS | KIND_FLOAT : KIND_MS)
        batch.place(metric, tags, expiry)
      } else keep(time, points.plainValue(i, text), sent.type)
      continue
    }
    const point = pointOf(elements, sent.type)
    if ('fault' in point) errors.push(`${where}.datapoints[${i}].${point.fault}`)
    else keep(point.time, point.value, point.type)
  }
}

function failTooMany({ pointsPerRequest }: Limits): never {
  throw new LimitExceededError('pointsPerRequest', pointsPerRequest, `more than ${pointsPerRequest}`, 'points')
}

function timeFault(time: number): string | undefined {
  return time >= 0 && time <= LAST_MILLISECOND ? undefined : `must lie within the years 1970 to 2106: ${time}.`
}

function emptyFault(value: SentValue): string | undefined {
  if (value.kind === 'emptyArray') return 'may not be an empty array.'
  return value.kind === 'null' || ('text' in value && value.text === '') ? 'may not be empty.' : undefined
}

/** What is wrong with a value and its type before it is converted. */
function keepFault(value: SentValue, type: string | undefined, { textBytes }: Limits): string | undefined {
  if (type !== undefined && !isValueType(type)) return `Unregistered data point type '${type.slice(0, 100)}'`
  if (!('text' in value) || value.text.length * 3 <= textBytes) return undefined
  const bytes = Buffer.byteLength(value.text)
  return bytes > textBytes ? `value has ${bytes} bytes, textBytes allows ${textBytes}` : undefined
}

/** A point of a list, understood as far as it goes without its value; or what is wrong with it, behind the point's name. */
function pointOf(
  [sentTime, value, sentType]: readonly SentValue[],
  listType: string | undefined,
): { time: number; value: SentValue; type: string | undefined } | { fault: string } {
  if (sentTime === undefined) return { fault: 'timestamp cannot be null or empty.' }
  if (value === undefined) return { fault: 'value cannot be null or empty.' }
  if (sentTime.kind === 'null') return { fault: 'timestamp may not be null.' }
  const time = listTimeOf(sentTime)
  if (time === undefined) return { fault: 'timestamp must be a whole number of milliseconds.' }
  const badTime = timeFault(time)
  if (badTime !== undefined) return { fault: `timestamp ${badTime}` }
  const empty = emptyFault(value)
  if (empty !== undefined) return { fault: `value ${empty}` }
  if (sentType === undefined) return { time, value, type: listType }
  return 'text' in sentType ? { time, value, type: sentType.text } : { fault: 'type must be a string.' }
}

/** In a list a time loses what is behind its point. */
function listTimeOf(sent: SentValue): number | undefined {
  if (sent.kind === 'number') return Math.trunc(Number(sent.text)) + 0
  return sent.kind === 'text' && /^[+-]?[0-9]{1,19}$/.test(sent.text) ? Number(sent.text) : undefined
}
