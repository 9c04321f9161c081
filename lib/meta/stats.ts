import type { SealTotals } from '../store/seal-totals.ts'
import type { UidUsage } from '../uid/admin.ts'

/** A figure as /api/stats lists it: a data point that could be put. */
export interface Stat {
  readonly metric: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly value: string
  readonly tags: Readonly<Record<string, string>>
}

/**
 * The instance that answers, and what sealing has done since the store began.
 * @param seal undefined where nothing was sealed yet
 * @param now milliseconds since 1970
 */
export function describeStats(seal: SealTotals | undefined, now: number): Stat[] {
  const statOf = (name: string) => (metric: string, value: number) => {
    return { metric, timestamp: Math.floor(now / 1000), value: String(value), tags: { function: name } }
  }
  return [
    statOf('meta')('tsd.memory.heap_used', process.memoryUsage().heapUsed),
    ...(seal === undefined ? [] : describeSealing(seal, now, statOf('seal'))),
  ]
}

/**
 * How many UIDs of each kind are given away, and how many are left, under OpenTSDB's names.
 * @param now milliseconds since 1970
 */
export function describeUids(usage: readonly UidUsage[], now: number): Stat[] {
  const timestamp = Math.floor(now / 1000)
  return usage.flatMap(({ kind, used, available }) => {
    const tags = { function: 'meta', kind: kind === 'metric' ? 'metrics' : kind }
    return [
      { metric: 'tsd.uid.ids-used', timestamp, value: String(used), tags },
      { metric: 'tsd.uid.ids-available', timestamp, value: String(available), tags },
    ]
  })
}

function describeSealing(
  { sums, last }: SealTotals,
  now: number,
  stat: (metric: string, value: number) => Stat,
): Stat[] {
  return [
    stat('tsd.seal.hours', sums.hours),
    stat('tsd.seal.late_hours', sums.lateHours),
    stat('tsd.seal.rows', sums.rows),
    stat('tsd.seal.points', sums.points),
    stat('tsd.seal.block_bytes', sums.blockBytes),
    stat('tsd.seal.row_bytes', sums.rowBytes),
    stat('tsd.seal.series_indexed', sums.indexed),
    stat('tsd.seal.left', last.left),
    stat('tsd.seal.failed', last.failed),
    stat('tsd.seal.open_now', last.openNow),
    stat('tsd.seal.late_now', last.lateNow),
    stat('tsd.seal.lag_ms', last.lagMs),
    stat('tsd.seal.late_lag_ms', last.lateLagMs),
    stat('tsd.seal.since_ms', Math.max(0, now - last.endedAt)),
  ]
}
