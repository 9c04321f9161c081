// Where intervals begin, found by looking at what clocks show, quarter of an hour by quarter of an hour.

export interface ModelInterval {
  readonly count: number
  readonly unit: 'ms' | 's' | 'm' | 'h' | 'd' | 'w' | 'n' | 'y'
  /** As if all of them were as long: a month 30 days, a year 365. */
  readonly lengthMs: number
  /** The time zone, where they follow its calendar. */
  readonly calendar?: string
}

const QUARTER = 900_000
const HOUR = 3_600_000
const DAY = 86_400_000
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: HOUR, d: DAY, w: 7 * DAY, n: 30 * DAY, y: 365 * DAY } as const

export function modelInterval(count: number, unit: ModelInterval['unit'], calendar?: string): ModelInterval {
  return { count, unit, lengthMs: count * UNIT_MS[unit], ...(calendar !== undefined && { calendar }) }
}

/** The starts of intervals, from the one that `from` lies in up to the first that is not before `to`. */
export function boundaries(interval: ModelInterval, from: number, to: number): number[] {
  const next = stepper(interval, from)
  const starts = [next(0)]
  for (let i = 1; (starts.at(-1) ?? to) < to; i++) starts.push(next(i))
  return starts
}

/** @returns the start of an interval, counted from the one that a time lies in */
function stepper(interval: ModelInterval, time: number): (index: number) => number {
  const { count, unit, lengthMs, calendar: zone } = interval
  if (zone === undefined) return (index) => Math.floor(time / lengthMs) * lengthMs + index * lengthMs
  const today = dateOf(time, zone)
  const [year, month, day] = today
  const byTheClock = (base: number) => (index: number) =>
    base + (Math.floor((time - base) / lengthMs) + index) * lengthMs
  const topOf = (unitMs: number) => time - ((time - startOfDate(today, zone)) % unitMs)
  switch (unit) {
    case 'ms':
      return byTheClock(topOf(1000 % count === 0 ? 1000 : 60_000))
    case 's':
      return byTheClock(topOf(60 % count === 0 ? 60_000 : HOUR))
    case 'm':
      return byTheClock(60 % count === 0 ? topOf(HOUR) : startOfDate(today, zone))
    case 'h':
      return byTheClock(startOfDate(24 % count === 0 ? today : [year, month, 1], zone))
    case 'd': {
      const passed = Math.round((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / DAY)
      return (index) => startOfDate([year, 0, 1 + passed - (passed % count) + index * count], zone)
    }
    case 'w': {
      const weekday = new Date(Date.UTC(year, month, day)).getUTCDay()
      return (index) => startOfDate([year, month, day - weekday + index * 7 * count], zone)
    }
    case 'n':
      return (index) => startOfDate([year, month - (month % count) + index * count, 1], zone)
    case 'y':
      return (index) => startOfDate([year + index * count, 0, 1], zone)
  }
}

/** The month from 0; a day or month beyond its end is one of the next. */
type CalendarDate = readonly [year: number, month: number, day: number]

const formats = new Map<string, Intl.DateTimeFormat>()
const starts = new Map<string, number>()

/** The date that a zone's calendar shows. */
function dateOf(time: number, zone: string): CalendarDate {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formats.set(zone, format)
  }
  const [year = 0, month = 0, day = 0] = format.format(time).split('-').map(Number)
  return [year, month - 1, day]
}

/** The first quarter of an hour that has a date. */
function startOfDate([year, month, day]: CalendarDate, zone: string): number {
  const wanted = Date.UTC(year, month, day)
  const key = `${zone} ${wanted}`
  const known = starts.get(key)
  if (known !== undefined) return known
  let time = wanted - 15 * HOUR
  while (Date.UTC(...dateOf(time, zone)) < wanted) time += QUARTER
  starts.set(key, time)
  return time
}
