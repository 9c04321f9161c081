import { LAST_DAY, type Posting } from '../codec/postings.ts'
import { decodeTsuid } from '../codec/tsuid.ts'
import {
  type DeleteOptions,
  type DeleteRange,
  deletePoints,
  HourStillOpenError,
  openFrom,
  sealForDelete,
} from '../ingest/delete.ts'
import type { Limits } from '../model/limits.ts'
import { Budget } from '../query/budget.ts'
import { HOUR_S, hourOf } from '../query/range.ts'
import { StoredSeriesSource } from '../query/stored-source.ts'
import type { Store } from '../store/index.ts'
import type { TagConstraint } from '../store/postings-pages.ts'
import { emptySeries } from './living.ts'
import { storedName } from './names.ts'

/** Points to delete: of the series of a metric that have one of the values of each tag, from start to end. */
export interface KairosDeletion {
  /** As KairosDB writes names. */
  readonly metric: string
  readonly tags: ReadonlyMap<string, readonly string[]>
  /** Milliseconds since 1970, both included; they may lie outside of all that the store can hold. */
  readonly start: number
  readonly end: number
}

/** What a deletion did. */
export interface Deleted {
  readonly series: number
  readonly points: number
}

const DAY_MS = 86_400_000

/** Milliseconds since 1970 of the last time that a point can have. */
const LAST_TIME_MS = 2 ** 32 * 1000 - 1

/**
 * Deletes points. Points of hours that still take some can't be deleted: where the series have any there, none at all is.
 * Series that have no points left are noted as empty.
 * @param limits of a query, for looking into hours that are still open
 * @throws HourStillOpenError, DeleteUnfinishedError, QueryTooLargeError, StoreUnavailableError
 */
export async function deleteKairos(
  store: Store,
  deletion: KairosDeletion,
  limits: Limits,
  options: DeleteOptions,
): Promise<Deleted> {
  const { clock = Date.now } = options
  const range = { start: Math.max(0, deletion.start), end: Math.min(LAST_TIME_MS, deletion.end) }
  const metric = (await store.uids.namesToUids('metric', [storedName(deletion.metric)])).values().next().value
  if (metric === undefined || range.start > range.end) return { series: 0, points: 0 }
  const constraints = await constraintsOf(store, deletion.tags)
  if (constraints === undefined) return { series: 0, points: 0 }
  const { series } = await store.index.find(metric, constraints)
  if (series.length === 0) return { series: 0, points: 0 }

  const lived = clipped(range, series)
  const open = openFrom(clock()) * 1000
  if (lived.end >= open) await refuseOpenPoints(store, metric, series, { ...lived, open }, limits, clock)
  const closed = { start: lived.start, end: Math.min(lived.end, open - 1) }
  if (closed.start > closed.end) return { series: 0, points: 0 }
  await sealForDelete(store, [metric], closed, options)
  const tsuids = series.map(({ tsuid }) => tsuid)
  const points = await deletePoints(store, tsuids, closed, options)
  await store.emptied.note(metric, await emptySeries(store, metric, series, limits, clock))
  return { series: series.length, points }
}

/** The part of a range in which series may have points: the index knows their days, and the ledger of all time is long. */
function clipped({ start, end }: DeleteRange, series: readonly Posting[]): DeleteRange {
  let [first, last] = [LAST_DAY, 0]
  for (const { firstDay, lastDay } of series) {
    first = Math.min(first, firstDay)
    last = Math.max(last, lastDay)
  }
  return {
    start: Math.max(start, first * DAY_MS),
    // the last day there is also stands for one that nobody knows
    end: last === LAST_DAY ? end : Math.min(end, (last + 1) * DAY_MS - 1),
  }
}

/** @returns undefined where no series can have these tags */
async function constraintsOf({ uids }: Store, tags: KairosDeletion['tags']): Promise<TagConstraint[] | undefined> {
  const constraints: TagConstraint[] = []
  for (const [name, values] of tags) {
    const tagk = (await uids.namesToUids('tagk', [storedName(name)])).values().next().value
    const tagvs = new Set((await uids.namesToUids('tagv', values.map(storedName))).values())
    if (tagk === undefined || (values.length > 0 && tagvs.size === 0)) return undefined
    constraints.push(values.length === 0 ? { tagk } : { tagk, tagvs })
  }
  return constraints
}

/** @throws HourStillOpenError where one of the series has a point from `open` on */
async function refuseOpenPoints(
  store: Store,
  metric: number,
  series: readonly Posting[],
  { start, end, open }: { start: number; end: number; open: number },
  limits: Limits,
  clock: () => number,
): Promise<void> {
  const { widths } = store.uids
  const wanted = new Set(series.map(({ tsuid }) => decodeTsuid(tsuid, widths).tags.join()))
  const source = new StoredSeriesSource(store, widths, clock, 'all')
  const from = hourOf(Math.floor(Math.max(start, open) / 1000))
  const to = hourOf(Math.floor(end / 1000)) + HOUR_S
  const read = await source.read(metric, { from, to }, (tags) => wanted.has(tags.join()), new Budget(limits, clock))
  for (const { points } of read) {
    const { times, count } = points
    const held = times.subarray(0, count).find((time) => time >= start && time <= end)
    if (held !== undefined) throw new HourStillOpenError(hourOf(Math.floor(held / 1000)))
  }
}
