import { isTimezone, offsetAt } from '../query/timezone.ts'

/** How far a time zone's clocks are ahead of UTC, in milliseconds, at an instant in milliseconds since 1970. */
export type Zone = (time: number) => number

/** Where nothing is said. */
export const UTC: Zone = () => 0

const OFFSET = /^([+-])(\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,3}))?)?)?$/

/**
 * The names of the time zone database that have no slash, which KairosDB knows. JavaScript also takes abbreviations, `PST`
 * or `IST`, of which several zones have the same.
 */
const PLAIN_NAMES: ReadonlySet<string> = new Set(
  (
    'CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran ' +
    'Israel Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK ' +
    'Singapore Turkey UCT UTC Universal W-SU WET Zulu'
  ).split(' '),
)

/**
 * A time zone by its name: of the time zone database, as it is written there, or `+02:00`.
 * @returns undefined where there is none of that name
 */
export function zoneOf(name: string): Zone | undefined {
  const [, sign, hours, minutes, seconds, fraction] = OFFSET.exec(name) ?? []
  if (hours !== undefined) {
    const [h, m, s] = [hours, minutes, seconds].map((part) => Number(part ?? 0)) as [number, number, number]
    if (h > 23 || m > 59 || s > 59) return undefined
    const size = (h * 3600 + m * 60 + s) * 1000 + Number((fraction ?? '').padEnd(3, '0'))
    return () => (sign === '-' ? -size : size)
  }
  if (name === 'UTC') return UTC
  const known = PLAIN_NAMES.has(name) || (/^[A-Z]/.test(name) && name.includes('/'))
  return known && isTimezone(name) ? (time) => offsetAt(time, name) : undefined
}

/** What clocks show at an instant, as milliseconds since 1970 if they showed UTC. */
export function wallOf(time: number, zone: Zone): number {
  return time + zone(time)
}

/**
 * The instant at which clocks show a time, as Joda-Time finds it: of two the one by the offset of where one comes from.
 * @param wall what wallOf would give
 * @param from the instant that one comes from
 */
export function instantOf(wall: number, zone: Zone, from: number): number {
  const offset = zone(from)
  const instant = wall - offset
  return zone(instant) === offset ? instant : nearestInstant(wall, zone)
}

/** The same where nothing is known of where one comes from. */
function nearestInstant(wall: number, zone: Zone): number {
  const estimate = zone(wall)
  const offset = zone(wall - estimate)
  if (estimate === offset || estimate >= 0) return wall - offset
  // West of Greenwich the estimate is made after the change. Where clocks skip the time, a change lies between the two.
  const isSkipped = zone(wall - estimate) !== zone(wall - offset)
  return wall - (isSkipped ? estimate : offset)
}
