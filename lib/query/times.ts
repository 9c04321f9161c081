import { BadQueryError } from './errors.ts'
import { isTimezone, localToUtc } from './timezone.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Milliseconds of each unit; a month (`n`) is 30 days and a year 365, as OpenTSDB has it. */
const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
  n: 30 * DAY,
  y: 365 * DAY,
}

/**
 * Reads a duration such as `10s`, `5m` or `500ms`.
 * @returns milliseconds, above 0
 * @throws BadQueryError naming what is wrong
 */
export function parseDuration(text: string): number {
  const match = /^(\d+)(.+)$/.exec(text)
  if (match === null) throw new BadQueryError(`Invalid duration, must have an integer and unit: ${text}`)
  const [, digits = '', unit = ''] = match
  const unitMs = UNIT_MS[unit.toLowerCase()]
  if (unitMs === undefined) throw new BadQueryError(`Invalid duration (suffix): ${text}`)
  const count = Number(digits)
  if (count <= 0) throw new BadQueryError(`Zero or negative duration: ${text}`)
  const duration = count * unitMs
  if (!Number.isSafeInteger(duration)) throw new BadQueryError(`Invalid duration (number): ${text}`)
  return duration
}

/**
 * Reads a time as OpenTSDB's clients write it: `now`, `1h-ago`, Unix seconds or milliseconds, seconds with up to three
 * decimals, or `yyyy/MM/dd`, that with `-` or a space and `HH:mm` or `HH:mm:ss`.
 * @param now milliseconds since 1970, what relative times count from
 * @param timezone an IANA name in which dates are read; UTC where undefined
 * @returns milliseconds since 1970
 * @throws BadQueryError naming what is wrong
 */
export function parseTime(text: string, now: number, timezone?: string): number {
  const lower = text.toLowerCase()
  if (lower === 'now') return now
  if (lower.endsWith('-ago')) return now - parseDuration(text.slice(0, -4))
  if (/[/:]/.test(text)) return parseDate(text, timezone)
  return parseUnix(text)
}

const DATE = /^(\d{4})\/(\d{2})\/(\d{2})(?:[- ](\d{2}):(\d{2})(?::(\d{2}))?)?$/

function parseDate(text: string, timezone: string | undefined): number {
  const match = DATE.exec(text)
  if (match === null) throw new BadQueryError(`Invalid absolute date: ${text}`)
  if (timezone !== undefined && !isTimezone(timezone)) throw new BadQueryError(`Invalid timezone name: ${timezone}`)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0))
  return localToUtc({ year, month, day, hour, minute, second }, timezone ?? 'UTC')
}

/** Digits in Unix seconds until November 2286; more are milliseconds. */
const SECONDS_DIGITS = 10

function parseUnix(text: string): number {
  if (text.includes('.')) {
    // up to three: a number of JSON has lost its zeros at the end
    const [, seconds = '', decimals = ''] = /^(\d{10})\.(\d{1,3})$/.exec(text) ?? []
    if (seconds === '') {
      throw new BadQueryError(
        `Invalid time: ${text}. Millisecond timestamps must be in the format <seconds>.<ms> where the milliseconds are limited to 3 digits`,
      )
    }
    return Number(seconds + decimals.padEnd(3, '0'))
  }
  if (!/^[+-]?\d+$/.test(text)) {
    const bad = /[^\d]/.exec(text)?.[0] ?? ''
    throw new BadQueryError(`Invalid time: ${text}. Invalid character '${bad}' in ${text}`)
  }
  const time = Number(text)
  if (time < 0) throw new BadQueryError(`Invalid time: ${text}. Negative timestamps are not supported.`)
  const ms = text.length <= SECONDS_DIGITS ? time * SECOND : time
  if (!Number.isSafeInteger(ms)) throw new BadQueryError(`Invalid time: ${text}. It is too far in the future`)
  return ms
}
