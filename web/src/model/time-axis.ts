import { formatInstant } from './time.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/**
 * What stands at the ticks of a time axis, on a zone's clocks: days, hours and minutes, or seconds; the date below where it changes.
 * @param ticks milliseconds since 1970, ascending
 * @param step milliseconds between two ticks
 */
export function tickLabels(ticks: readonly number[], step: number, zone: string): string[] {
  let dateBefore = ''
  return ticks.map((tick) => {
    const text = formatInstant(tick, zone)
    const date = text.slice(0, 10)
    if (step >= DAY_MS) return step >= 300 * DAY_MS ? text.slice(0, 4) : date
    const clock = step >= MINUTE_MS ? text.slice(11, 16) : step >= 1000 ? text.slice(11, 19) : text.slice(17, 23)
    const label = date === dateBefore ? clock : `${clock}\n${date}`
    dateBefore = date
    return label
  })
}
