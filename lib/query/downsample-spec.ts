import { aggregatorOf } from './aggregate/index.ts'
import { Calendar, type CalendarUnit } from './calendar.ts'
import { BadQueryError } from './errors.ts'
import type { Downsample, FillPolicy } from './model.ts'
import { parseDuration } from './times.ts'

const FILLS: ReadonlyMap<string, FillPolicy> = new Map([
  ['none', 'none'],
  ['nan', 'nan'],
  ['null', 'null'],
  ['zero', 'zero'],
])

/** What a whole query says of its intervals. */
export interface IntervalOptions {
  /** An IANA name, which intervals by the calendar follow. */
  readonly timezone: string
  /** All intervals follow the calendar, also those without a `c`. */
  readonly useCalendar: boolean
}

const PLAIN: IntervalOptions = { timezone: 'UTC', useCalendar: false }

/**
 * Reads `INTERVAL-AGGREGATOR[-FILL]`: `5m-avg`, `1h-max-nan`, `1dc-sum`, `0all-sum`. A dash at the end is ignored, as OpenTSDB
 * does and Grafana relies on.
 * @throws BadQueryError naming the part that is wrong
 */
export function parseDownsample(text: string, options: IntervalOptions = PLAIN): Downsample {
  const parts = text.split('-')
  while (parts.length > 1 && parts.at(-1) === '') parts.pop()
  if (parts.length < 2 || parts.length > 3) {
    throw new BadQueryError(
      `Invalid downsampling specifier '${text}': must consist of interval, function, and optional fill policy`,
    )
  }
  const [interval = '', name = '', fillName = 'none'] = parts
  const parsed = parseInterval(interval, options)
  const aggregator = aggregatorOf(name)
  if (aggregator === undefined) throw new BadQueryError(`No such downsampling function: ${name}`)
  if (aggregator.raw) throw new BadQueryError('cannot use the NONE aggregator for downsampling')
  const fill = FILLS.get(fillName.toLowerCase())
  if (fill === undefined) throw new BadQueryError(`Unrecognized fill policy: ${fillName}`)
  return { ...parsed, aggregator, fill, text }
}

/** A calendar's longest interval: dates end in the year 275760. */
const MAX_CALENDAR_MS = 1000 * 365 * 86_400_000

function parseInterval(text: string, options: IntervalOptions): Pick<Downsample, 'intervalMs' | 'calendar'> {
  if (text.toLowerCase().includes('all')) return { intervalMs: undefined, calendar: undefined }
  const byCalendar = text.endsWith('c')
  const duration = byCalendar ? text.slice(0, -1) : text
  const intervalMs = parseDuration(duration)
  if (!byCalendar && !options.useCalendar) return { intervalMs, calendar: undefined }
  if (intervalMs > MAX_CALENDAR_MS) throw new BadQueryError(`Invalid duration (number): ${text}`)
  const unit = duration.replace(/^\d+/, '').toLowerCase() as CalendarUnit // parseDuration knows no others
  return { intervalMs, calendar: new Calendar(Number.parseInt(duration, 10), unit, options.timezone) }
}
