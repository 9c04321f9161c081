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
export function layoutAt(_history: LayoutHistory, _baseTime: number): ShelfLayout {
  throw new Error('coming')
}

/**
 * The shelf that a series' blocks of an hour lie on.
 * @param metric the metric's UID
 * @param tsuidHash hashTsuid of the series
 */
export function shelfOf(_layout: ShelfLayout, _metric: number, _tsuidHash: number): number {
  throw new Error('coming')
}

/** The shelves that may hold series of a metric in an hour: split(metric) of them, ascending, each once. */
export function shelvesOfMetric(_layout: ShelfLayout, _metric: number): number[] {
  throw new Error('coming')
}

export class LayoutStore {
  /** The history; of an empty store, the configured layout. Reads only; cached for a minute. */
  async readLayout(): Promise<LayoutHistory> {
    throw new Error('coming')
  }

  /** The same for writers: an empty store gets the configured layout first. */
  async ensureLayout(): Promise<LayoutHistory> {
    throw new Error('coming')
  }
}
