import { CounterStore } from '../lib/store/counters.ts'
import { readConfig } from './config.ts'
import { openDynamo } from './dynamo.ts'
import { log } from './log.ts'
import type { MetricName } from './metrics.ts'

// What /api/stats says of all instances: each adds what it counted to a table of its own. CloudWatch has the same by the minute, and
// is neither there on one machine nor read without a permission for all metrics of an account.

/** Metrics that are added up; sealing keeps its own sums, with the ledger. */
const ADDED = [
  'ReadUnits',
  'WriteUnits',
  'StoreRequests',
  'StoreRetries',
  'StreamRetries',
  'ColdStarts',
  'PointsAccepted',
  'PointsRefused',
  'PointsTurnedAway',
  'PointsStored',
  'RejectedRecords',
  'QueriedSeries',
  'QueriedPoints',
  'NameCacheHits',
  'NameCacheMisses',
  'SignInsRefused',
] as const satisfies readonly MetricName[]

/** What is counted for this alone. */
export type Tally = 'Calls' | 'CallsFailed' | 'SeriesFound'
/**
 * What is noted as it is: milliseconds from the arrival of a batch's oldest point until it was dealt with, open and late hours,
 * and how many UIDs of each kind are given away.
 */
export type Latest = 'LagMs' | 'OpenHours' | 'LateHours' | 'UidsOfMetric' | 'UidsOfTagk' | 'UidsOfTagv'

/** Additions that an instance may make at once, and seconds until it may make one more: so four a minute in the long run. */
const BURST = 4
const REFILL_S = 15
/** Milliseconds that an answer waits for an addition at most. */
const WAIT_MS = 1_000
/** Milliseconds within which an addition is tried again. */
const DEADLINE_MS = 800

const sums = new Map<string, number>()
const latest = new Map<string, number>()
let allowed = BURST
let refilledAt = performance.now()
let isAdding = false
let store: CounterStore | undefined

/** The table of counters; undefined where none is configured, and then nothing is kept. */
export function sharedCounters(): CounterStore | undefined {
  const { counters } = readConfig().tables
  if (counters !== undefined) store ??= new CounterStore(openDynamo(DEADLINE_MS), counters)
  return store
}

/** Counts something that is no metric. */
export function tally(name: Tally, value: number): void {
  if (value !== 0) sums.set(name, (sums.get(name) ?? 0) + value)
}

/** Notes something of which only the latest counts. */
export function noteLatest(name: Latest, value: number): void {
  latest.set(name, value)
}

/** Counts what an invocation published. */
export function tallyMetrics(published: ReadonlyMap<MetricName, number>): void {
  for (const name of ADDED) {
    const value = published.get(name)
    if (value !== undefined && value !== 0) sums.set(name, (sums.get(name) ?? 0) + value)
  }
}

/**
 * Adds what was counted to what all instances did, unless this one has done so often of late: then it waits for the next
 * invocation, and is lost if there is none. Never fails: an answer does not hang on being counted.
 */
export async function keepCounts(): Promise<void> {
  const counters = sharedCounters()
  if (counters === undefined || sums.size === 0 || isAdding || !isAllowed()) return
  isAdding = true
  const adding = add(counters).finally(() => {
    isAdding = false
  })
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, WAIT_MS)
  })
  await Promise.race([adding, timeout])
  clearTimeout(timer)
}

async function add(counters: CounterStore): Promise<void> {
  const [added, set] = [Object.fromEntries(sums), Object.fromEntries(latest)]
  sums.clear()
  latest.clear()
  try {
    await counters.add(readConfig().functionName, added, set)
  } catch (error) {
    log('warn', 'what was counted could not be kept', { cause: error instanceof Error ? error.message : String(error) })
    for (const [name, value] of Object.entries(added)) sums.set(name, (sums.get(name) ?? 0) + value)
  }
}

function isAllowed(): boolean {
  const refills = Math.floor((performance.now() - refilledAt) / 1000 / REFILL_S)
  if (refills > 0) {
    allowed = Math.min(BURST, allowed + refills)
    refilledAt += refills * REFILL_S * 1000
  }
  if (allowed === 0) return false
  allowed--
  return true
}
