import type { PointColumns } from '../model/points.ts'
import type { ScanRange } from './range.ts'

/** One series as the store has it. */
export interface StoredSeries {
  readonly tsuid: Uint8Array
  /** UIDs, ascending by tag key. */
  readonly tags: readonly (readonly [tagk: number, tagv: number])[]
  /** Ascending by time, each time once. */
  readonly points: PointColumns
}

/**
 * Where queries read from. How points lie in the store, as blocks now and as sealed rows besides, is known only behind it.
 */
export interface SeriesSource {
  /**
   * The series of a metric that have points in some hours, in order of their TSUIDs.
   * @param metric the metric's UID
   * @param wanted asked with the tags, as UIDs, of each series before its points are merged
   */
  read(
    metric: number,
    range: ScanRange,
    wanted: (tags: StoredSeries['tags']) => boolean,
    budget: ReadBudget,
  ): Promise<StoredSeries[]>
}

/** What a source reports to; each call throws once the query has used up what it may. */
export interface ReadBudget {
  series(count: number): void
  points(count: number): void
  bytes(count: number): void
  time(): void
}
