/** Milliseconds of OpenTSDB's units; a month is 30 days and a year 365, as it counts them. */
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  n: 30 * 86_400_000,
  y: 365 * 86_400_000,
}

/** Ranges that are a click away. */
export const RANGES = ['5m', '15m', '1h', '3h', '6h', '12h', '1d', '2d', '7d', '30d', '90d', '1y'] as const

/** Milliseconds of a duration such as `5m`, or undefined. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d+)(ms|[smhdwny])$/.exec(text)
  const unit = match === null ? undefined : UNIT_MS[match[2] ?? '']
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit
}

/**
 * The instant that a `start` or `end` means, in milliseconds since 1970.
 * @param zone IANA zone of dates; empty: the viewer's
 * @param now milliseconds since 1970, where relative times and the empty text end
 * @returns undefined where it is none of OpenTSDB's forms
 */
export function instantOf(text: string, zone: string, now: number): number | undefined {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed === 'now') return now
  if (trimmed.endsWith('-ago')) {
    const duration = durationMs(trimmed.slice(0, -'-ago'.length))
    return duration === undefined ? undefined : now - duration
  }
  if (/^\d{1,10}(\.\d{1,3})?$/.test(trimmed)) return Math.round(Number(trimmed) * 1000)
  if (/^\d{11,14}$/.test(trimmed)) return Number(trimmed)
  const date = /^(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[-T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(trimmed)
  if (date === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = date
    .slice(1)
    .map((part) => Number(part ?? 0))
  const exists = month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24 && minute < 60 && second < 60
  return exists ? zonedInstant(Date.UTC(year, month - 1, day, hour, minute, second), zone) : undefined
}

/** The instant at which a zone's clocks show what UTC's do at `wall`; where they show it twice, the first. */
function zonedInstant(wall: number, zone: string): number {
  // The offset is that of the instant sought, not of the wall time: the second guess is right on either side of a change.
  const first = wall - offsetMs(wall, zone)
  return wall - offsetMs(first, zone)
}

/** How far a zone's clocks are ahead of UTC's at an instant. */
export function offsetMs(instant: number, zone: string): number {
  const parts = Object.fromEntries(
    formatFor(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatFor(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      ...(zone !== '' && { timeZone: zone }),
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(zone, format)
  }
  return format
}

export function isZone(zone: string): boolean {
  if (zone === '') return true
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** `2026-11-22 05:00:00` on a zone's clocks; milliseconds only where there are some. */
export function formatInstant(instant: number, zone: string): string {
  const text = new Date(instant + offsetMs(instant, zone)).toISOString().replace('T', ' ')
  return instant % 1000 === 0 ? text.slice(0, 19) : text.slice(0, 23)
}

/** A date that a field for `start` or `end` takes back: `2026/11/22-05:00:00`. */
export function dateText(instant: number, zone: string): string {
  const text = formatInstant(Math.round(instant / 1000) * 1000, zone)
  return text.replaceAll('-', '/').replace(' ', '-')
}

/** `1h-ago` as `Last 1 h`; other ranges by their ends. */
export function describeRange(start: string, end: string, zone: string, now: number): string {
  const duration = /^(\d+)(ms|[smhdwny])-ago$/.exec(start)
  if (duration !== null && end === '') return `Last ${duration[1]} ${UNIT_WORDS[duration[2] ?? ''] ?? duration[2]}`
  const from = instantOf(start, zone, now)
  const to = instantOf(end, zone, now)
  if (from === undefined || to === undefined) return `${start} to ${end || 'now'}`
  const [fromText, toText] = [formatInstant(from, zone).slice(0, 19), formatInstant(to, zone).slice(0, 19)]
  if (end === '') return `${fromText} to now`
  return `${fromText} – ${fromText.slice(0, 10) === toText.slice(0, 10) ? toText.slice(11) : toText}`
}

const UNIT_WORDS: Readonly<Record<string, string>> = {
  ms: 'ms',
  s: 's',
  m: 'min',
  h: 'h',
  d: 'days',
  w: 'weeks',
  n: 'months',
  y: 'years',
}
