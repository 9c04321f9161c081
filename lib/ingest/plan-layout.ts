import type { LayoutHistory } from '../store/layout.ts'
import { isSameLayout, type LayoutChange } from '../store/layout-record.ts'
import type { ShelfVolume } from '../store/volumes.ts'

/** How large things are to be, in bytes of blocks an hour. */
export interface LayoutTargets {
  /**
   * More than this on the average shelf and there are to be more shelves; half of it at least is what they hold then. A query for
   * an hour that is not sealed reads a shelf of it.
   */
  readonly shelfBytes: number
}

/** Shelf-hours of 2 to 4 MB. */
export const DEFAULT_TARGETS: LayoutTargets = { shelfBytes: 4 * 2 ** 20 }

/** A metric is split where a part of it has more than this part of a shelf's bytes, so that no shelf is much fuller than others. */
const LARGEST_PART = 1 / 2
/** What a part of a metric has at most of a shelf's bytes once it is split: small, so that parts spread evenly. */
const SPLIT_PART = 1 / 4
/** A metric is split less where the parts are less than this: a quarter of what they may be after a split. */
const SMALLEST_PART = SPLIT_PART / 4

/** There are fewer shelves where they then hold at most this part of what is too much, so that a little more changes nothing. */
const FULL_AFTER_HALVING = 3 / 4

/** Hours with points that must have been seen before anything is made smaller: not by what the first hours of a store hold. */
const HOURS_TO_SHRINK = 6

/** Shelves that there are at most; a shelf is a partition key of its own, and sealing looks at each. */
const MOST_SHELVES = 4096

/** Metrics that are split at most, the largest first: each is a line of a history that everybody reads. */
const MOST_SPLITS = 256

/** Parts of a metric at most, for each shelf: more would not spread it better. */
const PARTS_A_SHELF = 4

/**
 * Decides whether there should be another layout, by the fullest hour that was seen: more shelves, or a metric split further, as
 * soon as one hour says so; less only where a whole day does, and with room to spare, so that neither the time of day nor a
 * load on the edge moves it back and forth.
 * @param history its last layout is the one to be changed
 * @param seen of all shelves, the hours that are over of the last 24
 * @returns undefined: as it is
 */
export function planLayout(
  history: LayoutHistory,
  seen: readonly ShelfVolume[],
  targets: LayoutTargets = DEFAULT_TARGETS,
): LayoutChange | undefined {
  const now = history[history.length - 1] ?? history[0]
  const { hours, fullest, metrics } = summarise(seen)
  const mayShrink = hours >= HOURS_TO_SHRINK && seen.every(({ blockBytes }) => blockBytes !== undefined)
  const shelves = planShelves(now.shelves, fullest, mayShrink, targets)
  const splits = planSplits(now.splits, metrics, shelves, mayShrink, targets)
  const next = { shelves, splits }
  return isSameLayout(now, next) ? undefined : next
}

/** The fullest hour's bytes, and each metric's in its fullest hour. */
function summarise(seen: readonly ShelfVolume[]): { hours: number; fullest: number; metrics: Map<number, number> } {
  const byHour = new Map<number, { bytes: number; metrics: Map<number, number> }>()
  for (const { baseTime, blockBytes = 0, metricBytes } of seen) {
    const hour = byHour.get(baseTime) ?? { bytes: 0, metrics: new Map<number, number>() }
    byHour.set(baseTime, hour)
    hour.bytes += blockBytes
    for (const [metric, bytes] of metricBytes) hour.metrics.set(metric, (hour.metrics.get(metric) ?? 0) + bytes)
  }
  const metrics = new Map<number, number>()
  let fullest = 0
  for (const hour of byHour.values()) {
    fullest = Math.max(fullest, hour.bytes)
    for (const [metric, bytes] of hour.metrics) metrics.set(metric, Math.max(bytes, metrics.get(metric) ?? 0))
  }
  return { hours: byHour.size, fullest, metrics }
}

function planShelves(shelves: number, bytes: number, mayShrink: boolean, { shelfBytes }: LayoutTargets): number {
  let planned = shelves
  while (bytes / planned > shelfBytes && planned < MOST_SHELVES) planned = Math.min(planned * 2, MOST_SHELVES)
  if (!mayShrink) return planned
  // A number that was configured need not be a power of two.
  for (let fewer = Math.ceil(planned / 2); fewer < planned; fewer = Math.ceil(planned / 2)) {
    if (bytes / fewer > shelfBytes * FULL_AFTER_HALVING) break
    planned = fewer
  }
  return planned
}

function planSplits(
  splits: ReadonlyMap<number, number>,
  metricBytes: ReadonlyMap<number, number>,
  shelves: number,
  mayShrink: boolean,
  { shelfBytes }: LayoutTargets,
): Map<number, number> {
  const most = shelves === 1 ? 1 : shelves * PARTS_A_SHELF
  const planned: [metric: number, split: number, bytes: number][] = []
  for (const metric of new Set([...splits.keys(), ...metricBytes.keys()])) {
    const bytes = metricBytes.get(metric) ?? 0
    const before = splits.get(metric) ?? 1
    let split = before
    if (bytes / before > shelfBytes * LARGEST_PART) {
      while (bytes / split > shelfBytes * SPLIT_PART) split *= 2
    } else if (mayShrink) {
      while (split > 1 && bytes / split < shelfBytes * SMALLEST_PART) split = Math.ceil(split / 2)
    }
    split = Math.min(split, mayShrink ? most : Math.max(most, before))
    if (split > 1) planned.push([metric, split, bytes])
  }
  // Those that are split already first, then the largest.
  planned.sort((a, b) => Number(splits.has(b[0])) - Number(splits.has(a[0])) || b[2] - a[2])
  return new Map(planned.slice(0, MOST_SPLITS).map(([metric, split]) => [metric, split]))
}
