import type { FunctionCounts } from '../store/counters.ts'
import type { Stat } from './stats.ts'

/** A figure of what functions count, under OpenTSDB's name where it has one. */
interface Counted {
  readonly metric: string
  /** The name that it is counted by. */
  readonly figure: string
  readonly tags?: Readonly<Record<string, string>>
}

/** What every function counts, each with the tag `function`. */
const OF_ALL: readonly Counted[] = [
  { metric: 'tsd.function.calls', figure: 'Calls' },
  { metric: 'tsd.function.failed', figure: 'CallsFailed' },
  { metric: 'tsd.function.cold_starts', figure: 'ColdStarts' },
  { metric: 'tsd.store.requests', figure: 'StoreRequests' },
  { metric: 'tsd.store.retries', figure: 'StoreRetries' },
  { metric: 'tsd.store.read_units', figure: 'ReadUnits' },
  { metric: 'tsd.store.write_units', figure: 'WriteUnits' },
]

/** What some count as well; said only of those that did. */
const OF_SOME: readonly Counted[] = [
  { metric: 'tsd.stream.retries', figure: 'StreamRetries' },
  { metric: 'tsd.uid.cache-hit', figure: 'NameCacheHits' },
  { metric: 'tsd.uid.cache-miss', figure: 'NameCacheMisses' },
  { metric: 'tsd.query.series', figure: 'QueriedSeries' },
  { metric: 'tsd.query.points', figure: 'QueriedPoints' },
  { metric: 'tsd.auth.refused', figure: 'SignInsRefused' },
]

/** What is said also while it is 0, by function. */
const ALWAYS: Readonly<Record<string, readonly Counted[]>> = {
  put: [
    { metric: 'tsd.rpc.received', figure: 'Calls', tags: { type: 'put' } },
    { metric: 'tsd.rpc.errors', figure: 'PointsRefused', tags: { type: 'invalid_values' } },
    { metric: 'tsd.rpc.errors', figure: 'PointsTurnedAway', tags: { type: 'unavailable' } },
    { metric: 'tsd.datapoints.received', figure: 'PointsAccepted', tags: { type: 'put' } },
  ],
  consume: [
    { metric: 'tsd.datapoints.added', figure: 'PointsStored', tags: { type: 'all' } },
    { metric: 'tsd.rejects.records', figure: 'RejectedRecords' },
    { metric: 'tsd.series.found', figure: 'SeriesFound' },
    { metric: 'tsd.consume.lag_ms', figure: 'LagMs' },
  ],
}

/** What /api/stats tells from elsewhere, as it is now, and only its past from here. */
const OF_THE_PAST: readonly Counted[] = [
  { metric: 'tsd.seal.open_now', figure: 'OpenHours' },
  { metric: 'tsd.seal.late_now', figure: 'LateHours' },
  { metric: 'tsd.uid.ids-used', figure: 'UidsOfMetric', tags: { function: 'meta', kind: 'metrics' } },
  { metric: 'tsd.uid.ids-used', figure: 'UidsOfTagk', tags: { function: 'meta', kind: 'tagk' } },
  { metric: 'tsd.uid.ids-used', figure: 'UidsOfTagv', tags: { function: 'meta', kind: 'tagv' } },
]

/**
 * What all instances of all functions did since the store began.
 * @param now milliseconds since 1970
 */
export function describeCounts(counts: readonly FunctionCounts[], now: number): Stat[] {
  const timestamp = Math.floor(now / 1000)
  const missing = Object.keys(ALWAYS).filter((name) => !counts.some((one) => one.function === name))
  const all = [
    ...counts,
    ...missing.map((name): FunctionCounts => ({ function: name, at: 0, since: now, figures: {} })),
  ]
  const consume = counts.find((one) => one.function === 'consume')
  const last = consume === undefined ? [] : [statOf('tsd.consume.since_ms', consume, now - consume.at, timestamp)]
  const since = counts.map((one) => statOf('tsd.function.since_ms', one, now - one.since, timestamp))
  return [...all.flatMap((one) => statsOf(one, timestamp)), ...since, ...last]
}

/** Figures of a time, as a query of them with arrays would answer. */
export interface StatSeries {
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
  /** Seconds since 1970, and the figure as it was then. */
  readonly dps: [number, number][]
}

/** @param snapshots in order of time */
export function describeHistory(snapshots: readonly FunctionCounts[]): StatSeries[] {
  const series = new Map<string, StatSeries>()
  for (const snapshot of snapshots) {
    for (const { metric, tags, timestamp, value } of pastOf(snapshot)) {
      const key = JSON.stringify([metric, tags])
      let one = series.get(key)
      if (one === undefined) {
        one = { metric, tags, dps: [] }
        series.set(key, one)
      }
      one.dps.push([timestamp, Number(value)])
    }
  }
  return [...series.values()]
}

function pastOf(snapshot: FunctionCounts): Stat[] {
  const timestamp = Math.floor(snapshot.at / 1000)
  const past = OF_THE_PAST.flatMap(({ metric, figure, tags }) => {
    const value = snapshot.figures[figure]
    return value === undefined ? [] : [statOf(metric, snapshot, value, timestamp, tags)]
  })
  return [...statsOf(snapshot, timestamp), ...past]
}

function statsOf(counts: FunctionCounts, timestamp: number): Stat[] {
  const said = (one: Counted) => statOf(one.metric, counts, counts.figures[one.figure] ?? 0, timestamp, one.tags)
  return [
    ...(ALWAYS[counts.function] ?? []).map(said),
    ...OF_ALL.map(said),
    ...OF_SOME.filter(({ figure }) => counts.figures[figure] !== undefined).map(said),
  ]
}

function statOf(
  metric: string,
  { function: name }: FunctionCounts,
  value: number,
  timestamp: number,
  tags: Readonly<Record<string, string>> = {},
): Stat {
  return { metric, timestamp, value: String(value), tags: { function: name, ...tags } }
}
