import { KIND_FLOAT, KIND_MS, type PointColumnsBuilder } from '../model/points.ts'

/** A value of a point as it was sent, read but not yet understood: what it is depends on the type, which may stand behind it. */
export type SentValue =
  /** A number; `double` is NaN where only the text has its value. */
  | { readonly kind: 'number'; readonly text: string; readonly double: number; readonly isInteger: boolean }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'boolean'; readonly text: 'true' | 'false' }
  | { readonly kind: 'null' | 'array' | 'emptyArray' | 'object' }

/** The types that a point's value may be said to have. */
const TYPES: ReadonlySet<string> = new Set(['long', 'double', 'string'])

export function isValueType(type: string): boolean {
  return TYPES.has(type)
}

/** What Java's Double.parseDouble takes, but for hexadecimals and what is no finite number. */
const JAVA_DOUBLE = /^[\0-\x20]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[fFdD]?[\0-\x20]*$/
const JAVA_LONG = /^[+-]?[0-9]+$/
/** Digits of a number that are worth looking at exactly: 64 bits have nineteen. */
const LONGEST_LONG = 40
/** What KairosDB takes for a number where a text does not say its type: without an exponent. */
const LOOKS_NUMERIC = /^(?:[+-][0-9.]+|\.[0-9.]+|[0-9][0-9.]*)$/

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/**
 * Appends a point with a value of KairosDB's, as what its type says, or without one as what it looks like: a number without a
 * point, or a text of digits, is a 64-bit integer, with a point a double; every other text stays one.
 *
 * A number of more than 64 bits, or one below 1 with an exponent and no point, is a double. KairosDB makes a 64-bit integer of
 * it, which has nothing to do with what was sent.
 * @param time milliseconds since 1970
 * @param type one of isValueType; undefined: not said
 * @returns what is wrong with the value; undefined where it was appended
 */
export function pushValue(
  points: PointColumnsBuilder,
  time: number,
  value: SentValue,
  type: string | undefined,
): string | undefined {
  if (value.kind !== 'number' && value.kind !== 'text' && value.kind !== 'boolean') return 'value is an invalid type'
  if (value.kind === 'number' && type === undefined && !Number.isNaN(value.double)) {
    points.push(time, value.double, value.isInteger ? KIND_MS : KIND_MS | KIND_FLOAT)
    return undefined
  }
  const { text } = value
  const isString = type === undefined ? value.kind !== 'number' && !looksNumeric(value) : type === 'string'
  if (isString) {
    points.pushText(time, text, KIND_MS)
    return undefined
  }
  const number = numberOf(value, type)
  if (number === undefined) return `value is not a number of 64 bits: ${JSON.stringify(text.slice(0, 100))}`
  if (typeof number === 'bigint') points.pushInteger(time, number, KIND_MS)
  else points.push(time, number, KIND_MS | KIND_FLOAT)
  return undefined
}

function looksNumeric({ kind, text }: { kind: string; text: string }): boolean {
  return kind === 'text' && LOOKS_NUMERIC.test(text)
}

/** @returns a bigint for a 64-bit integer, a number for a double; undefined where it is neither */
function numberOf(
  { kind, text }: { kind: string; text: string },
  type: string | undefined,
): bigint | number | undefined {
  const wanted = type ?? (text.includes('.') ? 'double' : 'long')
  if (wanted === 'double') return doubleOf(text)
  if (kind !== 'number') return JAVA_LONG.test(text) ? longOf(text) : undefined
  return longOf(text) ?? (type === undefined ? doubleOf(text) : truncated(text))
}

function doubleOf(text: string): number | undefined {
  const match = JAVA_DOUBLE.exec(text)
  const double = match === null ? Number.NaN : Number(match[1])
  return Number.isFinite(double) ? double : undefined
}

/** A whole number of 64 bits, also one written with an exponent. */
function longOf(text: string): bigint | undefined {
  const [mantissa = '', exponent] = text.split(/[eE]/)
  if (!JAVA_LONG.test(mantissa) || mantissa.length > LONGEST_LONG) return undefined
  const zeros = exponent === undefined ? 0 : Number(exponent)
  if (!(zeros >= 0 && zeros < LONGEST_LONG)) return undefined
  const long = BigInt(mantissa.replace('+', '')) * 10n ** BigInt(zeros)
  return long >= INT64_MIN && long <= INT64_MAX ? long : undefined
}

/** What is said to be an integer loses what is behind its point. */
function truncated(text: string): bigint | undefined {
  const whole = Math.trunc(Number(text))
  return Math.abs(whole) < 2 ** 63 ? BigInt(whole) : undefined
}
