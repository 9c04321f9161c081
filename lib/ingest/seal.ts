import { randomUUID } from 'node:crypto'
import { UnavailableError } from '../model/errors.ts'
import type { Store } from '../store/index.ts'
import type { ShelfLayout } from '../store/layout.ts'
import type { HourState, LedgerHour, ShelfHour } from '../store/ledger.ts'
import { mapParallel } from '../store/parallel.ts'
import { adjustLayout } from './adjust-layout.ts'
import { clearBlocks } from './clear-blocks.ts'
import { whyOf } from './faults.ts'
import { foldSeriesLog } from './index-series.ts'
import type { LayoutTargets } from './plan-layout.ts'
import { inOrderOfWork, isDue, lagOf, pendingHours } from './seal-due.ts'
import { type SealBounds, type SealedHour, sealHour } from './seal-hour.ts'

const ALL_TIME = { from: 0, to: Number.POSITIVE_INFINITY }
const PARALLEL_FOLDS = 4

export interface SealOptions {
  /** Milliseconds since 1970 after which no more is begun; what is under way then is finished or given back. */
  readonly until: number
  /** Milliseconds that a lease holds. Must be more than this process can live. */
  readonly leaseMs: number
  /** Whether late hours wait for their time. @default true */
  readonly backOff?: boolean
  /** The hours to seal, by the seconds since 1970 at which they start: from `from` to before `to`. @default all */
  readonly range?: { readonly from: number; readonly to: number }
  /**
   * What becomes of blocks whose hour is sealed. `expire`: the store forgets them by itself. `delete`: this deletes them, once
   * nobody looks there any more. `unknown`: whoever runs on a schedule sees to it. @default 'expire'
   */
  readonly blocks?: 'expire' | 'delete' | 'unknown'
  /** How large shelves are to be. @default DEFAULT_TARGETS */
  readonly targets?: LayoutTargets
  /** How much of an hour is worked on at a time. @default DEFAULT_BOUNDS */
  readonly bounds?: SealBounds
  /** Called for each shelf-hour that was worked on. */
  readonly onHour?: (hour: ShelfHour, sealed: SealedHour) => void
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number
  /** A number from 0 to below 1, for the order of what is equally urgent. @default Math.random */
  readonly random?: () => number
}

/** A shelf-hour that can't be sealed. */
export interface SealFailure extends ShelfHour {
  readonly why: string
}

/** What a run of sealing did and left. */
export interface SealReport {
  /** Shelf-hours sealed. */
  readonly hours: number
  /** Those among them that had been sealed before. */
  readonly lateHours: number
  readonly rows: number
  readonly points: number
  /** Bytes of the blocks that were read. */
  readonly blockBytes: number
  /** Bytes of the rows that were written. */
  readonly rowBytes: number
  /** Series moved from the series log to the postings. */
  readonly indexed: number
  /** Shelf-hours that were due and are not sealed: others work on them, late blocks came meanwhile, or time was up. */
  readonly left: number
  /** Hours with points that are not sealed, those that are not over among them. */
  readonly openNow: number
  /** Hours that are sealed and have points that came later and are not in rows. */
  readonly lateNow: number
  /**
   * Milliseconds for which the shelf-hour that waits longest could have been sealed for the first time, counted from its
   * earliest late block where it has late ones; 0 where none waits.
   */
  readonly lagMs: number
  /** Milliseconds since the earliest block was put that came after its hour was sealed and is not in rows; 0 where none is. */
  readonly lateLagMs: number
  /** Blocks of sealed hours that were deleted. */
  readonly cleared: number
  /** Shelves that there will be, and metrics split over several, some hours from now; absent: nothing was changed. */
  readonly shelves?: number
  readonly splitMetrics?: number
  /** Shelf-hours that can't be sealed, and why; they stay as they are, readable from their blocks where those can be read. */
  readonly failures: readonly SealFailure[]
}

/**
 * Seals what is due of all shelves, the oldest hours first; then, as far as time is left, moves new series of the metrics in
 * these hours from the series log to the postings. Two at once share the work: each hour has a lease, and both begin with
 * another shelf. Stopped at any point, the next run goes on where the ledger says; a log that was not folded waits for the
 * metric's next hour.
 * @throws StoreUnavailableError
 * @throws UidWidthsMismatchError where the store was made with other UID widths than ours: the keys of the rows would be wrong
 */
export async function seal(store: Store, options: SealOptions): Promise<SealReport> {
  const {
    until,
    leaseMs,
    clock = Date.now,
    backOff = true,
    range = ALL_TIME,
    blocks = 'expire',
    targets,
    bounds,
    onHour,
    random = Math.random,
  } = options
  await store.uids.epoch()
  const owner = randomUUID()
  const totals = { hours: 0, lateHours: 0, rows: 0, points: 0, blockBytes: 0, rowBytes: 0, indexed: 0, left: 0 }
  const failures: SealFailure[] = []
  const metrics = new Map<number, ShelfHour>()
  const { unsealed, clearable } = await pendingHours(store, clock(), blocks)
  const wanted = unsealed.filter(({ baseTime }) => baseTime >= range.from && baseTime < range.to)
  const due = wanted.filter((each) => isDue(each, clock(), backOff))
  for (const hour of inOrderOfWork(due, random)) {
    const lease = clock() < until ? await store.ledger.lease(hour, owner, clock(), leaseMs) : undefined
    if (lease === undefined) {
      totals.left++
      continue
    }
    if (lease.state === 'sealed') {
      // Somebody else was faster.
      await store.ledger.release(lease)
      continue
    }
    const isTimeUp = () => clock() >= Math.min(until, lease.leasedUntil)
    try {
      const sealed = await sealHour(store, lease, isTimeUp, clock, bounds)
      addTo(totals, sealed, lease.state)
      onHour?.(hour, sealed)
      for (const metric of sealed.metrics) metrics.set(metric, hour)
    } catch (error) {
      if (error instanceof UnavailableError) throw error
      // One hour that can't be read must not keep all later ones from being sealed.
      failures.push({ shelf: hour.shelf, baseTime: hour.baseTime, why: whyOf(error) })
      await store.ledger.postpone(lease, clock())
    }
  }
  await mapParallel([...metrics], PARALLEL_FOLDS, async ([metric, { shelf, baseTime }]) => {
    const outOfTime = () => clock() >= until
    if (outOfTime()) return
    try {
      const { folded } = await foldSeriesLog({ ...store, widths: store.uids.widths }, metric, { outOfTime })
      totals.indexed += folded
    } catch (error) {
      if (error instanceof UnavailableError) throw error
      failures.push({ shelf, baseTime, why: `The series of metric ${metric} can't be indexed: ${whyOf(error)}` })
    }
  })
  // A whole hour more was seen.
  const layout = totals.hours > totals.lateHours ? await adjustLayout(store, clock(), targets) : undefined
  const cleared = await clearAll(store, clearable, { owner, leaseMs, clock, until })
  const rest = await pendingHours(store, clock(), blocks)
  const now = clock()
  const [lagMs, lateLagMs] = [lagOf(rest.unsealed, 'open', now), lagOf(rest.unsealed, 'late', now)]
  const [openNow, lateNow] = [hoursIn(rest.unsealed, 'open'), hoursIn(rest.unsealed, 'late')]
  const last = { left: totals.left, failed: failures.length, openNow, lateNow, lagMs, lateLagMs, endedAt: now }
  await store.ledger.totals.add(totals, last)
  return {
    ...totals,
    failures,
    openNow,
    lateNow,
    lagMs,
    lateLagMs,
    cleared,
    ...(layout === undefined ? {} : planned(layout)),
  }
}

/** Hours of which shelves are in a state. */
function hoursIn(hours: readonly LedgerHour[], state: HourState): number {
  return new Set(hours.filter((hour) => hour.state === state).map(({ baseTime }) => baseTime)).size
}

function planned({ shelves, splits }: ShelfLayout): Pick<SealReport, 'shelves' | 'splitMetrics'> {
  return { shelves, splitMetrics: splits.size }
}

/** Deletes the blocks of sealed hours, as far as time is left. @returns blocks deleted */
async function clearAll(
  store: Store,
  hours: readonly LedgerHour[],
  options: { owner: string; leaseMs: number; clock: () => number; until: number },
): Promise<number> {
  let cleared = 0
  for (const hour of hours) {
    if (options.clock() >= options.until) break
    cleared += await clearBlocks(store, hour, options)
  }
  return cleared
}

type Totals = {
  -readonly [Name in keyof Omit<
    SealReport,
    'openNow' | 'lateNow' | 'lagMs' | 'lateLagMs' | 'cleared' | 'failures' | 'shelves' | 'splitMetrics'
  >]: number
}

function addTo(totals: Totals, { outcome, ...counts }: SealedHour, before: HourState): void {
  totals.rows += counts.rows
  totals.points += counts.points
  totals.blockBytes += counts.blockBytes
  totals.rowBytes += counts.rowBytes
  if (outcome === 'sealed') {
    totals.hours++
    if (before === 'late') totals.lateHours++
  } else totals.left++
}
