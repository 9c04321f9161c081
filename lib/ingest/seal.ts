import { randomUUID } from 'node:crypto'
import { UnavailableError } from '../model/errors.ts'
import type { Store } from '../store/index.ts'
import { blockPk, decodeBlockKey } from '../store/keys.ts'
import type { LayoutHistory } from '../store/layout.ts'
import type { HourState, LedgerHour, PendingDay, ShelfHour } from '../store/ledger.ts'
import { mapParallel } from '../store/parallel.ts'
import { SEAL_GRACE_MS } from './consume.ts'
import { whyOf } from './faults.ts'
import { foldSeriesLog } from './index-series.ts'
import { type SealedHour, sealHour } from './seal-hour.ts'

/**
 * Milliseconds that the clocks of who writes and who seals may differ. A writer that finds its hour's cut-off not passed
 * yet notes nothing, so sealing waits until it has passed for everybody.
 */
export const CLOCK_DIFFERENCE_MS = 60_000

/** Milliseconds after a round of sealing until late blocks are sealed, by the number of rounds before; the last for all more. */
const BACK_OFF_MS = [60_000, 3_600_000, 6 * 3_600_000] as const

const ALL_TIME = { from: 0, to: Number.POSITIVE_INFINITY }
const HOUR_MS = 3_600_000
const DAY_S = 86_400
const PARALLEL_READS = 8
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
  /** Called for each shelf-hour that was worked on. */
  readonly onHour?: (hour: ShelfHour, sealed: SealedHour) => void
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number
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
  /**
   * Milliseconds for which the shelf-hour that waits longest could have been sealed for the first time, counted from its
   * earliest late block where it has late ones; 0 where none waits.
   */
  readonly lagMs: number
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
  const { until, leaseMs, clock = Date.now, backOff = true, range = ALL_TIME, onHour } = options
  await store.uids.epoch()
  const owner = randomUUID()
  const totals = { hours: 0, lateHours: 0, rows: 0, points: 0, blockBytes: 0, rowBytes: 0, indexed: 0, left: 0 }
  const failures: SealFailure[] = []
  const metrics = new Map<number, ShelfHour>()
  const hours = await unsealedHours(store, clock())
  const wanted = hours.filter(({ baseTime }) => baseTime >= range.from && baseTime < range.to)
  for (const hour of inOrderOfWork(wanted.filter((each) => isDue(each, clock(), backOff)))) {
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
      const sealed = await sealHour(store, lease, isTimeUp, clock)
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
  return { ...totals, failures, lagMs: lagOf(await unsealedHours(store, clock()), clock()) }
}

type Totals = { -readonly [Name in keyof Omit<SealReport, 'lagMs' | 'failures'>]: number }

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

/** The hours that are not sealed, of the days on the list; days that are over and wholly sealed are taken off it. */
async function unsealedHours(store: Store, now: number): Promise<LedgerHour[]> {
  const shelves = shelvesOf(await store.layout.readLayout())
  const days = (await mapParallel(shelves, PARALLEL_READS, (shelf) => store.ledger.pendingDays(shelf))).flat()
  const hours = await store.ledger.readDays(days)
  const unsealed = hours.filter(({ state }) => state !== 'sealed')
  const busy = new Set(unsealed.map(({ shelf, baseTime }) => `${shelf}/${baseTime - (baseTime % DAY_S)}`))
  const done = days.filter((day) => isOver(day, now) && !busy.has(`${day.shelf}/${day.day}`))
  await mapParallel(done, PARALLEL_READS, (day) => store.ledger.endPending(day))
  return unsealed
}

/** Every shelf of any layout. */
function shelvesOf(history: LayoutHistory): number[] {
  const most = Math.max(...history.map(({ shelves }) => shelves))
  return Array.from({ length: most }, (_, shelf) => shelf)
}

/** Whether no hour of the day takes blocks any more without a note: a writer that knows its hours to be open adds none. */
function isOver({ day }: PendingDay, now: number): boolean {
  return now >= sealableFrom(day + DAY_S - HOUR_MS / 1000)
}

/**
 * When an hour may be sealed for the first time: then whoever puts blocks of it notes them as late, whatever their clock says.
 * @param baseTime seconds since 1970, the hour's start
 * @returns milliseconds since 1970
 */
export function sealableFrom(baseTime: number): number {
  return baseTime * 1000 + HOUR_MS + SEAL_GRACE_MS + CLOCK_DIFFERENCE_MS
}

function isDue(hour: LedgerHour, now: number, backOff: boolean): boolean {
  const { baseTime, rounds, roundEndedAt } = hour
  if (now < sealableFrom(baseTime)) return false
  if (!backOff) return true
  if (rounds === 0) return now >= waitsSince(hour) + (hour.late > 0 ? BACK_OFF_MS[0] : 0)
  return now >= roundEndedAt + (BACK_OFF_MS[Math.min(rounds, BACK_OFF_MS.length) - 1] ?? 0)
}

/** Milliseconds since 1970 from which on an hour could have been sealed: an import may open it years after its end. */
function waitsSince({ shelf, baseTime, earliestLate }: LedgerHour): number {
  const from = sealableFrom(baseTime)
  if (earliestLate === undefined) return from
  return Math.max(from, decodeBlockKey(blockPk(shelf, baseTime), earliestLate).writtenAt)
}

/** The oldest hours first; shelves of one hour in an order of chance, so that two who seal at once seldom meet. */
function inOrderOfWork(hours: readonly LedgerHour[]): LedgerHour[] {
  const lots = new Map(hours.map((hour) => [hour, Math.random()]))
  return [...hours].sort((a, b) => a.baseTime - b.baseTime || (lots.get(a) ?? 0) - (lots.get(b) ?? 0))
}

function lagOf(hours: readonly LedgerHour[], now: number): number {
  return hours.filter(({ state }) => state === 'open').reduce((lag, hour) => Math.max(lag, now - waitsSince(hour)), 0)
}
