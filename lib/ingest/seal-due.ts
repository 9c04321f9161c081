import type { Store } from '../store/index.ts'
import { blockPk, decodeBlockKey } from '../store/keys.ts'
import type { LayoutHistory } from '../store/layout.ts'
import type { HourState, LedgerHour, PendingDay } from '../store/ledger.ts'
import { mapParallel } from '../store/parallel.ts'
import { isClearable } from './clear-blocks.ts'
import { SEAL_GRACE_MS } from './write-blocks.ts'

// What there is to seal, when its time has come, and how long it waits.

/**
 * Milliseconds that the clocks of who writes and who seals may differ. A writer that finds its hour's cut-off not passed
 * yet notes nothing, so sealing waits until it has passed for everybody.
 */
export const CLOCK_DIFFERENCE_MS = 60_000

/** Milliseconds after a round of sealing until late blocks are sealed, by the number of rounds before; the last for all more. */
const BACK_OFF_MS = [60_000, 3_600_000, 6 * 3_600_000] as const

const HOUR_MS = 3_600_000
const DAY_S = 86_400
const PARALLEL_READS = 8

/** What is to be done, of the days on the list. */
export interface PendingHours {
  readonly unsealed: readonly LedgerHour[]
  /** Sealed hours whose blocks can be deleted; none where blocks expire by themselves. */
  readonly clearable: readonly LedgerHour[]
}

/**
 * The hours that are not done with. Days that are over and wholly done are taken off the list.
 * @param blocks what becomes of those of sealed hours; see SealOptions
 * @throws StoreUnavailableError
 */
export async function pendingHours(
  store: Store,
  now: number,
  blocks: 'expire' | 'delete' | 'unknown',
): Promise<PendingHours> {
  const shelves = shelvesOf(await store.layout.readLayout())
  const days = (await mapParallel(shelves, PARALLEL_READS, (shelf) => store.ledger.pendingDays(shelf))).flat()
  const hours = await store.ledger.readDays(days)
  const undone = hours.filter(({ state, cleared }) => state !== 'sealed' || (blocks !== 'expire' && !cleared))
  const busy = new Set(undone.map(({ shelf, baseTime }) => `${shelf}/${baseTime - (baseTime % DAY_S)}`))
  const done = days.filter((day) => isOver(day, now) && !busy.has(`${day.shelf}/${day.day}`))
  await mapParallel(done, PARALLEL_READS, (day) => store.ledger.endPending(day))
  return {
    unsealed: undone.filter(({ state }) => state !== 'sealed'),
    clearable: blocks === 'delete' ? undone.filter((hour) => isClearable(hour, now)) : [],
  }
}

/** Every shelf of any layout. */
export function shelvesOf(history: LayoutHistory): number[] {
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

/** @param backOff whether late hours wait for their time */
export function isDue(hour: LedgerHour, now: number, backOff: boolean): boolean {
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

/**
 * The oldest hours first; shelves of one hour in an order of chance, so that two who seal at once seldom meet.
 * @param random a number from 0 to below 1
 */
export function inOrderOfWork(hours: readonly LedgerHour[], random: () => number): LedgerHour[] {
  const lots = new Map(hours.map((hour) => [hour, random()]))
  return [...hours].sort((a, b) => a.baseTime - b.baseTime || (lots.get(a) ?? 0) - (lots.get(b) ?? 0))
}

/** Milliseconds for which the hour of a state that waits longest could have been sealed; 0 where none waits. */
export function lagOf(hours: readonly LedgerHour[], state: HourState, now: number): number {
  return hours.filter((hour) => hour.state === state).reduce((lag, hour) => Math.max(lag, now - waitsSince(hour)), 0)
}
