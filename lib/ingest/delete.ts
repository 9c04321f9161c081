import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { hashTsuid, readUid } from '../codec/tsuid.ts'
import { TsdbError, UnavailableError } from '../model/errors.ts'
import { pickPoints } from '../model/pick-points.ts'
import type { PointColumns } from '../model/points.ts'
import { ConditionFailedError } from '../store/errors.ts'
import type { Store } from '../store/index.ts'
import { layoutAt, shelfOf, shelvesOfMetric } from '../store/layout.ts'
import type { Lease, LedgerHour, ShelfHour } from '../store/ledger.ts'
import { chunksOf } from '../store/parallel.ts'
import type { RowId, RowPut } from '../store/rows.ts'
import { sealableFrom } from './seal-due.ts'
import { sealHour } from './seal-hour.ts'

// Points are deleted from rows. So the hours that they lie in are sealed first, which moves them out of the blocks, and then
// their rows are rewritten under the hour's lease. Each step can be repeated, and changes nothing where it was done before.

const HOUR_S = 3600
const SERIES_AT_A_TIME = 500
/** Seconds of a range from which on it is worth asking first which days have points at all. */
const LISTED_FROM_S = 64 * 86_400
const PAUSE_MS = 250

/** The points to delete: those of some series from `start` to `end`, both included, in milliseconds since 1970. */
export interface DeleteRange {
  readonly start: number
  readonly end: number
}

export interface DeleteOptions {
  /** Milliseconds since 1970 after which no more is begun. */
  readonly until: number
  /** Milliseconds that a lease holds. Must be more than this process can live. */
  readonly leaseMs: number
  /** Passes time between two looks whether a lease was given back. @default 250 ms */
  readonly pause?: () => Promise<void>
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number
}

/** When points are to be deleted of an hour that can't be sealed yet, because its blocks are still being written. */
export class HourStillOpenError extends TsdbError {
  /** @param baseTime seconds since 1970, the hour's start */
  constructor(baseTime: number) {
    const [from, again] = [baseTime * 1000, sealableFrom(baseTime)].map((ms) => new Date(ms).toISOString())
    super('delete.hourStillOpen', 409, `Points from ${from} on can't be deleted yet: their hour still takes points`, {
      details: `End before it (end=${baseTime - 1}), or delete them after ${again}. Nothing was deleted`,
    })
  }
}

/** When there was not time enough. */
export class DeleteUnfinishedError extends UnavailableError {
  /** @param what is not done */
  constructor(what: string, cause?: unknown) {
    super('delete.unfinished', `The deletion has not ended: ${what}`, {
      details: 'Send it again: what was deleted stays deleted, and the rest follows. A shorter range takes less time',
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

/**
 * Where the hours begin that can't be deleted from yet, because they still take points.
 * @param now milliseconds since 1970
 * @returns seconds since 1970
 */
export function openFrom(now: number): number {
  let hour = hourOf(now)
  while (now < sealableFrom(hour - HOUR_S)) hour -= HOUR_S
  return hour
}

/**
 * Seals the hours of a range on the shelves of some metrics, so that what is deleted next lies in rows alone.
 * @param metrics UIDs
 * @throws HourStillOpenError where one can't be sealed yet, before anything is done; DeleteUnfinishedError;
 * StoreUnavailableError
 */
export async function sealForDelete(
  store: Store,
  metrics: readonly number[],
  range: DeleteRange,
  options: DeleteOptions,
): Promise<void> {
  const { clock = Date.now } = options
  const hours = await hoursOf(store, metrics, range)
  const open = hours.find(({ baseTime }) => clock() < sealableFrom(baseTime))
  if (open !== undefined) throw new HourStillOpenError(open.baseTime)
  for (const hour of hours) {
    if (hour.state === 'sealed') continue
    await store.ledger.release(await leaseSealed(store, hour, options))
  }
}

/**
 * Deletes the points of a range, exactly, in whatever parts their rows are. Blocks that are put later, or are noted as late only then,
 * are sealed as ever: points on their way are not deleted, and records that are delivered again bring theirs back.
 * @param tsuids series, whose hours sealForDelete has sealed
 * @returns how many points were deleted
 * @throws HourStillOpenError, DeleteUnfinishedError, StoreUnavailableError; some may be deleted then
 */
export async function deletePoints(
  store: Store,
  tsuids: readonly Uint8Array[],
  range: DeleteRange,
  options: DeleteOptions,
): Promise<number> {
  const { clock = Date.now } = options
  const byMetric = new Map<number, Uint8Array[]>()
  for (const tsuid of tsuids) {
    const metric = readUid(tsuid, 0, store.uids.widths.metric)
    const others = byMetric.get(metric)
    if (others === undefined) byMetric.set(metric, [tsuid])
    else others.push(tsuid)
  }
  let deleted = 0
  for (const [metric, series] of byMetric) {
    for (const hour of await hoursOf(store, [metric], range)) {
      if (clock() < sealableFrom(hour.baseTime)) throw new HourStillOpenError(hour.baseTime)
      deleted += await deleteFromHour(store, hour, await onShelf(store, hour, metric, series), range, options)
    }
  }
  return deleted
}

/** The hours of a range that hold points on the shelves of some metrics, ascending. */
async function hoursOf(store: Store, metrics: readonly number[], { start, end }: DeleteRange): Promise<LedgerHour[]> {
  const from = hourOf(start)
  const to = hourOf(end) + HOUR_S
  const history = await store.layout.readLayout({ from, to })
  const layouts = history.filter((layout, i) => layout.fromHour < to && (history[i + 1]?.fromHour ?? to) > from)
  const shelves = new Set(layouts.flatMap((layout) => metrics.flatMap((metric) => shelvesOfMetric(layout, metric))))
  const isLong = to - from > LISTED_FROM_S
  const list = isLong ? await store.ledger.readDayList([...shelves], from, to - 1) : undefined
  const hours = [...(await store.ledger.readLedger([...shelves], from, to - 1, list)).values()].flat()
  return hours.filter(({ shelf, baseTime }) => {
    if (baseTime < from || baseTime >= to) return false
    return metrics.some((metric) => shelvesOfMetric(layoutAt(history, baseTime), metric).includes(shelf))
  })
}

function hourOf(ms: number): number {
  return Math.floor(ms / (HOUR_S * 1000)) * HOUR_S
}

async function onShelf(
  store: Store,
  { shelf, baseTime }: ShelfHour,
  metric: number,
  series: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const layout = layoutAt(await store.layout.readLayout({ from: baseTime, to: baseTime + HOUR_S }), baseTime)
  return series.filter((tsuid) => shelfOf(layout, metric, hashTsuid(tsuid)) === shelf)
}

/**
 * Waits for the lease of an hour and seals it as often as late blocks come.
 * @returns the lease, of the hour as sealed
 */
async function leaseSealed(store: Store, hour: ShelfHour, options: DeleteOptions): Promise<Lease> {
  const { until, leaseMs, pause = () => sleep(PAUSE_MS), clock = Date.now } = options
  const owner = randomUUID()
  const isTimeUp = () => clock() >= until
  while (!isTimeUp()) {
    const lease = await store.ledger.lease(hour, owner, clock(), leaseMs)
    if (lease === undefined) await pause()
    else if (lease.state === 'sealed') return lease
    else await sealHour(store, lease, isTimeUp, clock)
  }
  throw new DeleteUnfinishedError(`the hour ${hour.baseTime} is not sealed, or others work on it`)
}

async function deleteFromHour(
  store: Store,
  hour: ShelfHour,
  tsuids: readonly Uint8Array[],
  range: DeleteRange,
  options: DeleteOptions,
): Promise<number> {
  if (tsuids.length === 0) return 0
  const { until, clock = Date.now } = options
  const lease = await leaseSealed(store, hour, options)
  let deleted = 0
  try {
    for (const some of chunksOf(tsuids, SERIES_AT_A_TIME)) {
      if (clock() >= until) throw new DeleteUnfinishedError('its time is up')
      deleted += await rewriteRows(store, lease, some, range)
    }
  } catch (error) {
    if (error instanceof ConditionFailedError) throw new DeleteUnfinishedError('somebody else has the lease', error)
    // As below: some rows may have been rewritten.
    if (error instanceof DeleteUnfinishedError) await store.ledger.postpone(lease, clock())
    throw error
  }
  // Counts as a round of sealing, so that readers see the rows as they are now and not as a replica has them.
  await store.ledger.postpone(lease, clock())
  return deleted
}

/** @returns points deleted */
async function rewriteRows(
  store: Store,
  { baseTime, fence }: Lease,
  tsuids: readonly Uint8Array[],
  range: DeleteRange,
): Promise<number> {
  const stored = await store.rows.readRowsExact([baseTime], tsuids, { consistent: true })
  const rewritten: RowPut[] = []
  const emptied: RowId[] = []
  let deleted = 0
  for (const { tsuid, row } of stored) {
    const points = without(row.points, range)
    deleted += row.points.count - points.count
    if (points.count === 0) emptied.push({ tsuid, baseTime })
    else if (points.count < row.points.count) rewritten.push({ tsuid, baseTime, row: { ...row, points } })
  }
  await store.rows.putRows(rewritten, fence)
  await store.rows.emptyRows(emptied, fence)
  return deleted
}

/** The points outside of a range. */
function without(points: PointColumns, { start, end }: DeleteRange): PointColumns {
  const kept: number[] = []
  for (let i = 0; i < points.count; i++) {
    const time = points.times[i]!
    if (time < start || time > end) kept.push(i)
  }
  return pickPoints(points, Uint32Array.from(kept))
}
