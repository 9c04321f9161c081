import { murmur3 } from '../codec/murmur3.ts'

/** Where blocks and rows lie from an hour on. */
export interface ShelfLayout {
  /** Seconds since 1970, the start of the first hour that it holds for. */
  readonly fromHour: number
  readonly shelves: number
  readonly saltBuckets: number
  /** Over how many shelves a hot metric (its UID) is split; 1 for those not named. */
  readonly splits: ReadonlyMap<number, number>
}

/** Every layout there was, ascending by `fromHour`; the first holds from 0 on. */
export type LayoutHistory = readonly [ShelfLayout, ...ShelfLayout[]]

/** The layout of the hour that starts at `baseTime` (seconds). */
export function layoutAt(history: LayoutHistory, baseTime: number): ShelfLayout {
  let found = history[0]
  for (const layout of history) if (layout.fromHour <= baseTime) found = layout
  return found
}

/**
 * The shelf that a series' blocks of an hour lie on: hash(metric, hash(TSUID) mod split(metric)) mod shelves, so a metric's
 * series lie on as many shelves as its split says.
 * @param metric the metric's UID
 * @param tsuidHash hashTsuid of the series
 */
export function shelfOf(layout: ShelfLayout, metric: number, tsuidHash: number): number {
  const split = layout.splits.get(metric) ?? 1
  return shelfOfPart(layout, metric, split === 1 ? 0 : tsuidHash % split)
}

/** The shelves that may hold series of a metric in an hour: at most split(metric) of them, ascending. */
export function shelvesOfMetric(layout: ShelfLayout, metric: number): number[] {
  const shelves = new Set<number>()
  const split = layout.splits.get(metric) ?? 1
  for (let part = 0; part < split; part++) shelves.add(shelfOfPart(layout, metric, part))
  return [...shelves].sort((a, b) => a - b)
}

const hashed = new Uint8Array(12)
const hashedView = new DataView(hashed.buffer)

/** MurmurHash3 of the metric's UID (8 bytes, big-endian) and the part (4 bytes, big-endian), modulo the shelves. */
function shelfOfPart(layout: ShelfLayout, metric: number, part: number): number {
  hashedView.setUint32(0, Math.floor(metric / 2 ** 32))
  hashedView.setUint32(4, metric % 2 ** 32)
  hashedView.setUint32(8, part)
  return murmur3(hashed) % layout.shelves
}
