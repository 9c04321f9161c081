import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'

/**
 * What functions publish, with its unit. docs/operations.md says what each tells. What is 0 is left out of a line, but for those
 * of which 0 says something.
 */
export const METRICS = {
  ColdStarts: MetricUnit.Count,
  ReadUnits: MetricUnit.Count,
  WriteUnits: MetricUnit.Count,
  StoreRequests: MetricUnit.Count,
  StoreRetries: MetricUnit.Count,
  StreamRetries: MetricUnit.Count,
  PointsAccepted: MetricUnit.Count,
  PointsRefused: MetricUnit.Count,
  PointsTurnedAway: MetricUnit.Count,
  PointsStored: MetricUnit.Count,
  RejectedRecords: MetricUnit.Count,
  PluginFailures: MetricUnit.Count,
  PutToReadable: MetricUnit.Milliseconds,
  NameCacheHits: MetricUnit.Count,
  NameCacheMisses: MetricUnit.Count,
  SeriesCacheHits: MetricUnit.Count,
  SeriesCacheMisses: MetricUnit.Count,
  LayoutCacheHits: MetricUnit.Count,
  LayoutCacheMisses: MetricUnit.Count,
  IndexCacheHits: MetricUnit.Count,
  IndexCacheMisses: MetricUnit.Count,
  BlockCacheHits: MetricUnit.Count,
  BlockCacheMisses: MetricUnit.Count,
  RowCacheHits: MetricUnit.Count,
  RowCacheMisses: MetricUnit.Count,
  SignInsRefused: MetricUnit.Count,
  UidsUsed: MetricUnit.Percent,
  QueriedSeries: MetricUnit.Count,
  QueriedPoints: MetricUnit.Count,
  SealLag: MetricUnit.Milliseconds,
  SealLateLag: MetricUnit.Milliseconds,
  SealedHours: MetricUnit.Count,
  SealedLateHours: MetricUnit.Count,
  SealedRows: MetricUnit.Count,
  SealedPoints: MetricUnit.Count,
  SealedBlockBytes: MetricUnit.Bytes,
  SealedRowBytes: MetricUnit.Bytes,
  UnsealedHours: MetricUnit.Count,
} as const
export type MetricName = keyof typeof METRICS

/** Numbers that only ever grow, such as a store's own counts. */
export type Totals = Partial<Readonly<Record<MetricName, number>>>

const SAID_WHEN_0: ReadonlySet<MetricName> = new Set(['SealLag', 'SealLateLag', 'PutToReadable'])

let metrics: Metrics | undefined
let isCold = true
/** Of the invocation that runs: an instance has one at a time. */
const figures = new Map<MetricName, number>()
const watched: { readonly read: () => Totals; before: Totals }[] = []

/** Adds to what this invocation says of a metric. */
export function count(name: MetricName, value: number): void {
  figures.set(name, (figures.get(name) ?? 0) + value)
}

/** Notes a measurement of this invocation; of several the greatest counts. */
export function measure(name: MetricName, value: number): void {
  figures.set(name, Math.max(figures.get(name) ?? 0, value))
}

/**
 * Has what an object counts over its life published too, by what each invocation adds to it.
 * @param read its totals up to now
 */
export function watchTotals(read: () => Totals): void {
  watched.push({ read, before: read() })
}

/**
 * Writes what was counted since it was called last as one line for CloudWatch.
 * @returns what it said
 */
export function publish(): ReadonlyMap<MetricName, number> {
  if (isCold) count('ColdStarts', 1)
  isCold = false
  for (const each of watched) {
    const now = each.read()
    for (const [name, total] of entriesOf(now)) count(name, total - (each.before[name] ?? 0))
    each.before = now
  }
  const said = [...figures].filter(([name, value]) => value !== 0 || SAID_WHEN_0.has(name))
  figures.clear()
  if (said.length === 0) return new Map()
  // its service, the deployment's name, is in the environment: POWERTOOLS_SERVICE_NAME
  metrics ??= new Metrics({ namespace: 'tsdb' })
  for (const [name, value] of said) metrics.addMetric(name, METRICS[name], value)
  metrics.publishStoredMetrics()
  return new Map(said)
}

function entriesOf(totals: Totals): [MetricName, number][] {
  // Object.entries forgets which names a type has
  return Object.entries(totals) as [MetricName, number][]
}
