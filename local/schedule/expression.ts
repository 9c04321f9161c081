import { RunnerError } from '../errors.ts'

/** When a schedule expression is not one that EventBridge would take, or uses what the runner does not know. */
export class ScheduleExpressionError extends RunnerError {
  constructor(expression: string, problem: string) {
    super(`The schedule ${expression} ${problem}`)
  }
}

/** Finds the next time of a schedule: milliseconds since 1970, or `undefined` where there is none any more. */
export type NextTime = (after: number) => number | undefined

const MINUTE_MS = 60_000
const UNITS_MS: Readonly<Record<string, number>> = { minute: MINUTE_MS, hour: 60 * MINUTE_MS, day: 24 * 60 * MINUTE_MS }
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
const LAST_YEAR = 2199

/**
 * Reads `rate(5 minutes)` or `cron(minutes hours day-of-month month day-of-week year)`, in UTC.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 * @throws ScheduleExpressionError
 */
export function parseSchedule(expression: string): NextTime {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression)
  const step = Number(rate?.[1]) * (UNITS_MS[rate?.[2] ?? ''] ?? 0)
  if (step > 0) return (after) => after + step

  const fields = /^cron\((.*)\)$/.exec(expression)?.[1]?.split(' ')
  if (fields?.length !== 6)
    throw new ScheduleExpressionError(expression, 'is neither rate(...) nor cron(...) of six fields')
  const [minute = '', hour = '', day = '', month = '', weekday = '', year = ''] = fields
  if ((day === '?') === (weekday === '?')) {
    throw new ScheduleExpressionError(expression, 'must have ? for either the day of the month or the day of the week')
  }
  const field = (text: string, least: number, most: number, names: readonly string[] = [], firstName = 0) =>
    parseField(text, least, most, names, firstName, expression)
  const minutes = field(minute, 0, 59)
  const hours = field(hour, 0, 23)
  const days = field(day, 1, 31)
  const months = field(month, 1, 12, MONTHS, 1)
  const weekdays = field(weekday, 1, 7, WEEKDAYS, 1)
  const years = field(year, 1970, LAST_YEAR)
  const isDay = (date: Date) =>
    years.has(date.getUTCFullYear()) &&
    months.has(date.getUTCMonth() + 1) &&
    days.has(date.getUTCDate()) &&
    weekdays.has(date.getUTCDay() + 1)

  return (after) => {
    const first = new Date(Math.floor(after / MINUTE_MS) * MINUTE_MS + MINUTE_MS)
    const date = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), first.getUTCDate()))
    // Leap days on a given weekday are the rarest: within 40 years there is one.
    for (let tried = 0; tried < 40 * 366; tried++) {
      if (isDay(date)) {
        for (const atHour of hours) {
          for (const atMinute of minutes) {
            const time = date.getTime() + (atHour * 60 + atMinute) * MINUTE_MS
            if (time >= first.getTime()) return time
          }
        }
      }
      date.setUTCDate(date.getUTCDate() + 1)
    }
    return undefined
  }
}

/** The numbers that a field stands for, ascending: `*`, `?`, `a`, `a-b`, `a/n`, and lists of them. */
function parseField(
  text: string,
  least: number,
  most: number,
  names: readonly string[],
  firstName: number,
  expression: string,
): ReadonlySet<number> {
  const number = (word: string): number => {
    const named = names.indexOf(word.toUpperCase())
    const value = named >= 0 ? named + firstName : /^\d+$/.test(word) ? Number(word) : Number.NaN
    if (!(value >= least && value <= most))
      throw new ScheduleExpressionError(expression, `has ${text}, which is not known`)
    return value
  }
  const found: number[] = []
  for (const part of text.split(',')) {
    const [range = '', every] = part.split('/')
    const [from = '', to] = range.split('-')
    const all = range === '*' || range === '?'
    const start = all ? least : number(from)
    const end = all || (to === undefined && every !== undefined) ? most : number(to ?? from)
    const step = every === undefined ? 1 : Number(every)
    if (!(step >= 1)) throw new ScheduleExpressionError(expression, `has ${text}, which is not known`)
    for (let value = start; value <= end; value += step) found.push(value)
  }
  return new Set(found.sort((a, b) => a - b))
}
