/** A date and time of day as a wall clock shows it; the month counts from 1. */
export interface LocalTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(timezone, format)
  }
  return format
}

/** Whether this is an IANA time zone that the runtime knows. */
export function isTimezone(name: string): boolean {
  try {
    formatOf(name)
    return true
  } catch {
    return false
  }
}

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. */
export function offsetAt(time: number, timezone: string): number {
  const part: Record<string, number> = {}
  for (const { type, value } of formatOf(timezone).formatToParts(time)) part[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000
}

/**
 * The instant at which a zone's clocks show a local time. Of a time that clocks show twice it is the one by standard
 * time; one that they skip is read as if they had not.
 * @param timezone an IANA name
 * @returns milliseconds since 1970
 */
export function localToUtc(local: LocalTime, timezone: string): number {
  const wall = Date.UTC(local.year, local.month - 1, local.day, local.hour, local.minute, local.second)
  if (timezone === 'UTC') return wall
  // A day either side is beyond any change of the clocks, so one of the two offsets holds.
  const candidates = [wall - offsetAt(wall - 86_400_000, timezone), wall - offsetAt(wall + 86_400_000, timezone)]
  const exact = candidates.filter((time) => time + offsetAt(time, timezone) === wall)
  return exact.length > 0 ? Math.max(...exact) : wall - offsetAt(wall - 86_400_000, timezone)
}
