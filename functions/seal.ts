import type { Context } from 'aws-lambda'
import { type SealReport, seal } from '../lib/ingest/seal.ts'
import { shelvesOf } from '../lib/ingest/seal-due.ts'
import { readConfig } from './config.ts'
import { noteLatest } from './counters.ts'
import { log } from './log.ts'
import { metered } from './metered.ts'
import { count, measure } from './metrics.ts'
import { sharedStore } from './store.ts'

/** Milliseconds before the function's end from which no more is begun: what is under way then has to end. */
const RESERVE_MS = 60_000
/** Milliseconds that a lease outlives the function. */
const LEASE_MARGIN_MS = 30_000
const DAY_S = 86_400
/** Milliseconds for which an hour may wait to be sealed before somebody has to look. */
const LONGEST_WAIT_MS = 86_400_000

/** Notes what a run did for its metrics. */
function note({ failures, ...figures }: SealReport): void {
  measure('SealLag', figures.lagMs)
  measure('SealLateLag', figures.lateLagMs)
  count('SealedHours', figures.hours)
  count('SealedLateHours', figures.lateHours)
  count('SealedRows', figures.rows)
  count('SealedPoints', figures.points)
  count('SealedBlockBytes', figures.blockBytes)
  count('SealedRowBytes', figures.rowBytes)
  count('UnsealedHours', figures.left + failures.length)
  noteLatest('OpenHours', figures.openNow)
  noteLatest('LateHours', figures.lateNow)
}

/**
 * Turns the blocks of hours that are over into rows, as far as it comes in its time; called on a schedule.
 * @throws Error where hours can't be sealed or have waited for more than a day, so that the alarm on this function's errors
 * says it; whatever could be sealed is
 */
export const handler = metered(sealDue)

async function sealDue(_event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<SealReport> {
  const leftMs = context.getRemainingTimeInMillis()
  const { layout, ledger } = sharedStore()
  await ledger.completeDayList(shelvesOf(await layout.readLayout()), Date.now() / 1000 + DAY_S)
  const report = await seal(sharedStore(), {
    until: Date.now() + leftMs - RESERVE_MS,
    leaseMs: leftMs + LEASE_MARGIN_MS,
    blocks: readConfig().blockTtlDays === 0 ? 'delete' : 'expire',
  })
  note(report)
  const { failures, ...figures } = report
  log('info', 'sealed', figures)
  for (const { shelf, baseTime, why } of failures) log('error', 'an hour could not be sealed', { shelf, baseTime, why })
  if (failures.length > 0) throw new Error(`${failures.length} hours of shelves could not be sealed`)
  const waitedMs = Math.max(report.lagMs, report.lateLagMs)
  if (waitedMs > LONGEST_WAIT_MS) throw new Error(`An hour waits to be sealed for ${waitedMs} ms`)
  return report
}
