import { KairosRequestError } from './errors.ts'
import { type Json, JsonNumber, type JsonObject } from './lenient-json.ts'

// What a value of JSON is taken as where a query wants a type: as loosely as KairosDB, which reads `"5"` as a number and
// `["x"]` as the text x. Where it answers 500 with the name of a Java class, these name the field and what it must be.

/** Whether a value is an object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map
}

/** Whether a value is an array. */
export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

/** @param field how messages name the value */
export function asObject(value: Json, field: string): JsonObject {
  if (isObject(value)) return value
  throw new KairosRequestError(`${field} must be an object`)
}

/** @param field how messages name the value */
export function asArray(value: Json, field: string): readonly Json[] {
  if (isArray(value)) return value
  throw new KairosRequestError(`${field} must be an array`)
}

/** A text, number or boolean as it is written, or the one that an array holds. @param field how messages name the value */
export function asText(value: Json, field: string): string {
  const inner = isArray(value) && value.length === 1 ? value[0]! : value
  if (isArray(inner)) return asText(inner, field)
  if (inner === null || isObject(inner)) throw new KairosRequestError(`${field} must be a text`)
  return inner instanceof JsonNumber ? inner.text : String(inner)
}

/** `true`, or a text that says so; any other text is false. @param field how messages name the value */
export function asBoolean(value: Json, field: string): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string') return value.toLowerCase() === 'true'
  throw new KairosRequestError(`${field} must be true or false`)
}

const INTEGER = /^[+-]?\d+$/
const LONGEST = 40

/**
 * A whole number: a number without what is behind its point, or a text of digits.
 * @param bits of the Java type, 32 or 64: what does not fit is refused, not wrapped
 * @param field how messages name the value
 * @returns exact where it is below 2^53
 */
export function asInteger(value: Json, bits: 32 | 64, field: string): number {
  const limit = 2 ** (bits - 1)
  const number = integerOf(value)
  if (number === undefined) throw new KairosRequestError(`${field} must be a whole number: ${shown(value)}`)
  if (number < -limit || number > limit || (bits === 32 && number === limit)) {
    throw new KairosRequestError(`${field} must be a whole number of ${bits} bits: ${shown(value)}`)
  }
  return number
}

function integerOf(value: Json): number | undefined {
  if (value instanceof JsonNumber) return Math.trunc(Number(value.text)) + 0
  if (typeof value === 'string' && value.length <= LONGEST && INTEGER.test(value)) return Number(value) + 0
  return undefined
}

/** A double, or a text of one. @param field how messages name the value */
export function asDouble(value: Json, field: string): number {
  const text = value instanceof JsonNumber ? value.text : typeof value === 'string' ? value.trim() : ''
  const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/.test(text)
    ? Number(text.replace(/[dDfF]$/, ''))
    : Number.NaN
  if (Number.isFinite(number)) return number
  throw new KairosRequestError(`${field} must be a number: ${shown(value)}`)
}

/** A value as messages show it. */
function shown(value: Json): string {
  if (value instanceof JsonNumber) return value.text.slice(0, 80)
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : kindOf(value)
}

/** What a value is, in a word. */
function kindOf(value: Json): string {
  if (value === null) return 'null'
  return isArray(value) ? 'an array' : isObject(value) ? 'an object' : typeof value
}
