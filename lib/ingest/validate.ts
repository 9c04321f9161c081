import { DEFAULT_LIMITS, type Limits } from '../model/limits.ts'
import { nameFault } from '../model/names.ts'
import { KIND_MS } from '../model/points.ts'
import type { UidKind } from '../model/series.ts'
import { BadTimestampError, BadValueError } from './put-errors.ts'

/** The last second that a 32-bit time reaches; anything above counts milliseconds, as OpenTSDB has it. */
export const LAST_SECOND = 0xffff_ffff
/** The last millisecond of the last second: keys have the hour in 32 bits of seconds. */
export const LAST_MILLISECOND = LAST_SECOND * 1000 + 999

const WHAT: Readonly<Record<UidKind, string>> = { metric: 'metric name', tagk: 'tag name', tagv: 'tag value' }

/**
 * Says what is wrong with a name of a metric, tag key or tag value.
 * @returns the reason in OpenTSDB's words, undefined where the name is good
 */
export function checkName(
  kind: UidKind,
  name: string | null,
  limits: Pick<Limits, 'nameBytes'> = DEFAULT_LIMITS,
): string | undefined {
  return nameFault(WHAT[kind], name, limits.nameBytes)
}

/** A time as points have it. */
export interface ParsedTime {
  /** Milliseconds since 1970. */
  readonly time: number
  /** KIND_MS where the text gave milliseconds, 0 where seconds. */
  readonly kind: 0 | typeof KIND_MS
}

/**
 * Tells seconds from milliseconds by the size of the number.
 * @param timestamp whole, 1 to LAST_MILLISECOND
 */
export function timeOf(timestamp: number): ParsedTime {
  return timestamp > LAST_SECOND ? { time: timestamp, kind: KIND_MS } : { time: timestamp * 1000, kind: 0 }
}

/**
 * Reads a timestamp of an import line or a message: whole seconds, or milliseconds where it is above 2^32 - 1.
 * `1356998400.500`, OpenTSDB's other way to write milliseconds, is read as such.
 * @throws BadTimestampError
 */
export function parseTimestamp(text: string): ParsedTime {
  const match = /^([0-9]{1,13})(?:\.([0-9]{1,3}))?$/.exec(text)
  if (match === null) throw new BadTimestampError(text)
  const [, whole = '', fraction] = match
  if (fraction !== undefined && whole.length > 10) throw new BadTimestampError(text)
  const timestamp = Number(whole)
  if (timestamp === 0 && fraction === undefined) throw new BadTimestampError(text)
  const parsed: ParsedTime =
    fraction === undefined
      ? timeOf(timestamp)
      : { time: timestamp * 1000 + Number(fraction.padEnd(3, '0')), kind: KIND_MS }
  if (parsed.time > LAST_MILLISECOND) throw new BadTimestampError(text)
  return parsed
}

/** A value as points have it. */
export interface ParsedValue {
  /** It was written as a double: with a point or an exponent. Otherwise it is a 64-bit integer. */
  readonly float: boolean
  /** The double, or the integer, or the double nearest to `big`. */
  readonly value: number
  /** The exact integer where a double can't hold it. */
  readonly big?: bigint
}

/** What Java's Double.parseDouble takes, but for hexadecimals: blanks around it and a type letter behind it. */
const JAVA_DOUBLE = /^[\0-\x20]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[fFdD]?[\0-\x20]*$/
const JAVA_LONG = /^[+-]?[0-9]{1,19}$/
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/**
 * Reads a value as OpenTSDB does: a text with a point or an exponent is a double, any other a 64-bit integer.
 * @throws BadValueError where it is neither or the integer has more than 64 bits
 * @returns an infinite `value` for a double too large to hold; the caller has the words for that
 */
export function parseValue(text: string): ParsedValue {
  const parsed = readValue(text)
  if (parsed === undefined) throw new BadValueError()
  return parsed
}

/** parseValue without the exception: a request may hold a hundred thousand bad values. */
export function readValue(text: string): ParsedValue | undefined {
  if (JAVA_LONG.test(text)) {
    const near = Number(text)
    // adding 0 makes -0 the integer 0
    if (Number.isSafeInteger(near)) return { float: false, value: near + 0 }
    const big = BigInt(text.startsWith('+') ? text.slice(1) : text)
    return big < INT64_MIN || big > INT64_MAX ? undefined : { float: false, value: near, big }
  }
  if (!/[.eE]/.test(text)) return undefined
  const number = JAVA_DOUBLE.exec(text)?.[1]
  return number === undefined ? undefined : { float: true, value: Number(number) }
}
