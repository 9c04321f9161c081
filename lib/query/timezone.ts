/** A date and time of day as a wall clock shows it; the month counts from 1. */
export interface LocalTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const DAY_MS = 86_400_000

/** Days of a zone that are remembered: 50 years. */
const REMEMBERED_DAYS = 18_263

/**
 * How far a zone's clocks are ahead of UTC. Asking Intl takes microseconds, so each UTC day is asked for once, at its
 * beginning and its end; only of a day between whose ends the clocks change the instant of the change is looked for.
 */
class ZoneOffsets {
  readonly #format: Intl.DateTimeFormat
  readonly #days = new Map<number, { readonly before: number; readonly after: number; readonly changeAt: number }>()

  /** @throws RangeError where the runtime does not know the zone */
  constructor(timezone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** In milliseconds, at an instant in milliseconds since 1970. */
  at(time: number): number {
    const day = Math.floor(time / DAY_MS)
    let offsets = this.#days.get(day)
    if (offsets === undefined) {
      if (this.#days.size >= REMEMBERED_DAYS) this.#days.clear()
      offsets = this.#offsetsOf(day * DAY_MS)
      this.#days.set(day, offsets)
    }
    return time < offsets.changeAt ? offsets.before : offsets.after
  }

  #offsetsOf(start: number): { before: number; after: number; changeAt: number } {
    const before = this.#ask(start)
    const after = this.#ask(start + DAY_MS)
    if (before === after) return { before, after, changeAt: start }
    let [low, high] = [start, start + DAY_MS]
    while (high - low > 1000) {
      const middle = low + Math.floor((high - low) / 2000) * 1000
      if (this.#ask(middle) === before) low = middle
      else high = middle
    }
    return { before, after, changeAt: high }
  }

  #ask(time: number): number {
    const part: Record<string, number> = {}
    for (const { type, value } of this.#format.formatToParts(time)) part[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000
  }
}

/** There are a few hundred zones, so this needs no bound; a name that is none is not kept. */
const zones = new Map<string, ZoneOffsets>()

function zoneOf(timezone: string): ZoneOffsets {
  let zone = zones.get(timezone)
  if (zone === undefined) {
    zone = new ZoneOffsets(timezone)
    zones.set(timezone, zone)
  }
  return zone
}

/** Whether this is an IANA time zone that the runtime knows. */
export function isTimezone(name: string): boolean {
  try {
    zoneOf(name)
    return true
  } catch {
    return false
  }
}

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. */
export function offsetAt(time: number, timezone: string): number {
  return timezone === 'UTC' ? 0 : zoneOf(timezone).at(time)
}

/**
 * The instant at which a zone's clocks show a local time. Of a time that clocks show twice it is the one by standard
 * time; one that they skip is read as if they had not.
 * @param timezone an IANA name
 * @returns milliseconds since 1970
 */
export function localToUtc(local: LocalTime, timezone: string): number {
  return wallToUtc(Date.UTC(local.year, local.month - 1, local.day, local.hour, local.minute, local.second), timezone)
}

/**
 * The same of a wall clock's time as a number: what milliseconds since 1970 would be if the clock showed UTC.
 */
export function wallToUtc(wall: number, timezone: string): number {
  if (timezone === 'UTC') return wall
  // A day either side is beyond any change of the clocks, so one of the two offsets holds.
  const earlier = wall - offsetAt(wall - DAY_MS, timezone)
  const later = wall - offsetAt(wall + DAY_MS, timezone)
  const exact = [earlier, later].filter((time) => time + offsetAt(time, timezone) === wall)
  return exact.length > 0 ? Math.max(...exact) : earlier
}
