import type { Store } from '../store/index.ts'
import type { ShelfLayout } from '../store/layout.ts'
import { changeLayout, encodeLayoutHistory, MAX_HISTORY_LENGTH } from '../store/layout-record.ts'
import { type LayoutTargets, planLayout } from './plan-layout.ts'

const HOUR_S = 3_600
const DAY_S = 86_400

/**
 * Seconds ahead of the clock at which a new layout begins to hold, at least. Writers are safe whatever it is, since they settle
 * hours first; but hours that are settled keep their layout, and those are the current one and the next.
 */
const AHEAD_S = 2 * HOUR_S

/** Bytes of a shelf's hour by metric: its blocks' bytes shared out by points. */
export function bytesByMetric(points: ReadonlyMap<number, number>, blockBytes: number): Map<number, number> {
  const total = [...points.values()].reduce((sum, count) => sum + count, 0)
  return new Map([...points].map(([metric, count]) => [metric, (blockBytes * count) / Math.max(1, total)]))
}

/**
 * Looks at what the hours of the last day were found to hold, and lets another layout hold from an hour on that is at least two
 * hours ahead, where that is called for. Whoever else changes the layout at once, one of them does; a crash changes nothing.
 * @param nowMs milliseconds since 1970
 * @returns the new layout; undefined where it stays as it is
 * @throws StoreUnavailableError
 */
export async function adjustLayout(
  { layout, ledger }: Pick<Store, 'layout' | 'ledger'>,
  nowMs: number,
  targets?: LayoutTargets,
): Promise<ShelfLayout | undefined> {
  const record = await layout.readRecord()
  if (record === undefined) return undefined
  // The hour before this one may be in the middle of being sealed.
  const to = startOfHour(nowMs / 1000) - HOUR_S
  const from = to - DAY_S
  const shelves = Math.max(...record.history.map((each) => each.shelves))
  const days: { shelf: number; day: number }[] = []
  for (let day = from - (from % DAY_S); day <= to; day += DAY_S) {
    for (let shelf = 0; shelf < shelves; shelf++) days.push({ shelf, day })
  }
  const volumes = await ledger.readVolumes(days)
  const seen = volumes.filter(({ baseTime, blockBytes }) => {
    return baseTime > from && (baseTime < to || (baseTime === to && blockBytes !== undefined))
  })
  const change = planLayout(record.history, seen, targets)
  if (change === undefined) return undefined
  const start = startOfHour(nowMs / 1000 + AHEAD_S + HOUR_S - 1)
  const changed = changeLayout(record, start, change)
  if (encodeLayoutHistory(changed.history).length > MAX_HISTORY_LENGTH) return undefined
  if (!(await layout.replace(record, changed))) return undefined
  return changed.history[changed.history.length - 1]
}

function startOfHour(timeS: number): number {
  return Math.floor(timeS / HOUR_S) * HOUR_S
}
