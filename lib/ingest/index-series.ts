import { latin1 } from '../codec/bytes.ts'
import { type Posting, tagKeysOf } from '../codec/postings.ts'
import type { UidWidths } from '../model/series.ts'
import type { PostingsStore } from '../store/postings.ts'
import { spanOf } from '../store/postings-pages.ts'
import type { SeriesLog, SeriesLogItem } from '../store/series-log.ts'

/**
 * Series in a metric's log from which on they move to the postings. A fold rewrites the pages that they go into, so it pays
 * for many; readers meanwhile read the log, some 40 KB at this size.
 */
export const FOLD_SERIES = 4096

/** Items below MERGE_SERIES in a metric's log from which on they are put together: each costs its readers a request's share. */
const MERGE_ITEMS = 64

/** Series of an item that is left as it is when items are put together. */
const MERGE_SERIES = 64

/** Series that are folded at a time, which bounds the memory that a burst's log takes. */
const SERIES_PER_PASS = 50_000

/** What folding works with. */
export interface FoldDeps {
  readonly seriesLog: Pick<SeriesLog, 'readItems' | 'replace' | 'remove'>
  readonly postings: Pick<PostingsStore, 'merge'>
  readonly widths: UidWidths
}

export interface FoldOptions {
  /** Series in the log from which on they are folded. @default FOLD_SERIES */
  readonly foldSeries?: number
  /** Series folded at a time. @default SERIES_PER_PASS */
  readonly seriesPerPass?: number
  /** Asked before each pass; once it says true, the rest is left to the next fold. @default never */
  readonly outOfTime?: () => boolean
}

/** What a fold did. */
export interface FoldResult {
  /** Series moved from the log to the postings. */
  readonly folded: number
  /** Items of the log that were put together. */
  readonly merged: number
  /** Pages of postings written. */
  readonly pages: number
}

/**
 * Moves the series of a metric's log into its postings: first into every list, then out of the log, exactly those items that
 * were read. So a series is found in one or the other whenever this stops, and running it again, or twice at once, does
 * what is left. A log too short to be worth it stays; where it is many small items, they are put together.
 * @throws StoreUnavailableError
 */
export async function foldSeriesLog(deps: FoldDeps, metric: number, options: FoldOptions = {}): Promise<FoldResult> {
  const { foldSeries = FOLD_SERIES, seriesPerPass = SERIES_PER_PASS, outOfTime = () => false } = options
  let [folded, pages, waitingSeries] = [0, 0, 0]
  let waiting: SeriesLogItem[] = []
  const foldWaiting = async () => {
    const done = await foldItems(deps, metric, waiting)
    folded += done.folded
    pages += done.pages
    ;[waiting, waitingSeries] = [[], 0]
  }
  for await (const items of deps.seriesLog.readItems(metric)) {
    for (const item of items) {
      waiting.push(item)
      waitingSeries += item.postings.length
      if (waitingSeries < seriesPerPass) continue
      if (outOfTime()) return { folded, pages, merged: 0 }
      await foldWaiting()
    }
  }
  if (waiting.length === 0 || outOfTime()) return { folded, pages, merged: 0 }
  if (waitingSeries >= foldSeries) {
    await foldWaiting()
    return { folded, pages, merged: 0 }
  }
  const small = waiting.filter(({ postings }) => postings.length < MERGE_SERIES)
  if (small.length < MERGE_ITEMS) return { folded, pages, merged: 0 }
  await deps.seriesLog.replace(metric, small, unite(small))
  return { folded, pages, merged: small.length }
}

async function foldItems(
  { seriesLog, postings, widths }: FoldDeps,
  metric: number,
  items: readonly SeriesLogItem[],
): Promise<{ folded: number; pages: number }> {
  const series = unite(items)
  const byTagk = new Map<number, Posting[]>()
  for (const posting of series) {
    for (const tagk of tagKeysOf(posting.tsuid, widths)) {
      const list = byTagk.get(tagk)
      if (list === undefined) byTagk.set(tagk, [posting])
      else list.push(posting)
    }
  }
  let pages = await postings.merge(metric, undefined, series)
  // One list after the other: each reads and writes its pages in parallel, and one's memory is free before the next.
  for (const [tagk, list] of byTagk) pages += await postings.merge(metric, tagk, list)
  await seriesLog.remove(items)
  return { folded: series.length, pages }
}

/** The series of some items, each once with the days of all, ascending. */
function unite(items: readonly SeriesLogItem[]): Posting[] {
  const united = new Map<string, Posting>()
  for (const { postings } of items) {
    for (const posting of postings) {
      const name = latin1(posting.tsuid)
      const known = united.get(name)
      united.set(name, known === undefined ? posting : spanOf(known, posting))
    }
  }
  return [...united.values()].sort((a, b) => Buffer.compare(a.tsuid, b.tsuid))
}
