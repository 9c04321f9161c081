import type { StoreStats } from '../store/index.ts'

/** A figure as /api/stats lists it: a data point that could be put. */
export interface Stat {
  readonly metric: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly value: string
  readonly tags: Readonly<Record<string, string>>
}

/**
 * What this instance of the function did at the store since it started.
 * @param now milliseconds since 1970
 */
export function describeStats(stats: StoreStats, now: number): Stat[] {
  const timestamp = Math.floor(now / 1000)
  const stat = (metric: string, value: number): Stat => ({
    metric,
    timestamp,
    value: String(value),
    tags: { function: 'meta' },
  })
  return [
    stat('tsd.store.requests', stats.requests),
    stat('tsd.store.retries', stats.retries),
    stat('tsd.store.read_units', stats.readUnits),
    stat('tsd.store.write_units', stats.writeUnits),
    stat('tsd.memory.heap_used', process.memoryUsage().heapUsed),
  ]
}
