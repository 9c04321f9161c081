import { instantOf, wallOf, type Zone } from './zone.ts'

/** KairosDB's units of time, by their names in JSON. */
export type TimeUnit = 'milliseconds' | 'seconds' | 'minutes' | 'hours' | 'days' | 'weeks' | 'months' | 'years'

/** From the shortest to the longest. */
export const TIME_UNITS: readonly TimeUnit[] = [
  'milliseconds',
  'seconds',
  'minutes',
  'hours',
  'days',
  'weeks',
  'months',
  'years',
]

const HOUR = 3_600_000
const DAY = 24 * HOUR
const WEEK = 7 * DAY

/** Units that last as long whatever clocks do. */
const CLOCK: Partial<Record<TimeUnit, number>> = { milliseconds: 1, seconds: 1000, minutes: 60_000, hours: HOUR }

/** How long a unit lasts where it always lasts the same: hours and what is shorter; undefined for the others. */
export function clockLength(unit: TimeUnit): number | undefined {
  return CLOCK[unit]
}

/**
 * The instant some units later, as clocks and calendars of a zone have it: a day later they show the same time, a month
 * later the same day or, where the month is too short, its last.
 * @param count of units; may be negative
 */
export function addUnits(time: number, count: number, unit: TimeUnit, zone: Zone): number {
  const length = CLOCK[unit]
  if (length !== undefined) return time + count * length
  const wall = wallOf(time, zone)
  return instantOf(addToWall(wall, count, unit), zone, time)
}

function addToWall(wall: number, count: number, unit: TimeUnit): number {
  if (unit === 'days') return wall + count * DAY
  if (unit === 'weeks') return wall + count * WEEK
  const date = new Date(wall)
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth() + count * (unit === 'years' ? 12 : 1)
  const first = firstOfMonth(month)
  const days = (firstOfMonth(month + 1) - first) / DAY
  return first + (Math.min(date.getUTCDate(), days) - 1) * DAY + timeOfDay(wall)
}

/**
 * How many whole units lie between two instants, as clocks and calendars of a zone have it; towards zero.
 * @returns negative where `to` is before `from`
 */
export function unitsBetween(from: number, to: number, unit: TimeUnit, zone: Zone): number {
  // Less than a unit back is none, and 0 has no sign.
  return signedUnitsBetween(from, to, unit, zone) + 0
}

function signedUnitsBetween(from: number, to: number, unit: TimeUnit, zone: Zone): number {
  const length = CLOCK[unit]
  if (length !== undefined) return Math.trunc((to - from) / length)
  const [start, end] = [wallOf(from, zone), wallOf(to, zone)]
  if (unit === 'days') return Math.trunc((end - start) / DAY)
  if (unit === 'weeks') return Math.trunc((end - start) / WEEK)
  if (end < start) return -wholeBetween(end, start, unit)
  return wholeBetween(start, end, unit)
}

/** Months or years from one wall clock's time to a later one: as many as can be added without passing it. */
function wholeBetween(start: number, end: number, unit: TimeUnit): number {
  const [from, to] = [new Date(start), new Date(end)]
  const years = to.getUTCFullYear() - from.getUTCFullYear()
  const count = unit === 'years' ? years : years * 12 + to.getUTCMonth() - from.getUTCMonth()
  return addToWall(start, count, unit) > end ? count - 1 : count
}

/**
 * The instant at which ranges that are aligned begin: the start of the year, month, week (Monday) or day that a time lies
 * in, by a zone's calendar; with milliseconds the start of the second. Ranges of seconds, minutes and hours are counted
 * from midnight.
 */
export function alignedStart(time: number, unit: TimeUnit, zone: Zone): number {
  const wall = wallOf(time, zone)
  if (unit === 'milliseconds') return instantOf(wall - modulo(wall, 1000), zone, time)
  const day = wall - timeOfDay(wall)
  if (unit === 'weeks') return midnight(day - modulo(day / DAY + 3, 7) * DAY, zone, time)
  const date = new Date(day)
  if (unit === 'months') return midnight(day - (date.getUTCDate() - 1) * DAY, zone, time)
  if (unit === 'years') return midnight(Date.UTC(date.getUTCFullYear(), 0, 1), zone, time)
  return midnight(day, zone, time)
}

/** The instant at which a date begins: first the date is set, then the time of day. */
function midnight(day: number, zone: Zone, from: number): number {
  const sameTime = instantOf(day + timeOfDay(wallOf(from, zone)), zone, from)
  return instantOf(day, zone, sameTime)
}

function timeOfDay(wall: number): number {
  return modulo(wall, DAY)
}

/** @param month counted from January of year 0 */
function firstOfMonth(month: number): number {
  const date = new Date(0)
  date.setUTCFullYear(Math.floor(month / 12), modulo(month, 12), 1)
  return date.getTime()
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
