import type { PointColumns } from '../model/points.ts'
import type { TagConstraint } from '../store/postings-pages.ts'
import type { PlanStats } from './plan-rows.ts'
import type { ScanRange } from './range.ts'

/** One series as the store has it. */
export interface StoredSeries {
  readonly tsuid: Uint8Array
  /** UIDs, ascending by tag key. */
  readonly tags: readonly (readonly [tagk: number, tagv: number])[]
  /** Ascending by time, each time once. Asking for them may decode them: ask once. */
  readonly points: PointColumns
}

/** What the series index can be asked for to find the series wanted. */
export interface IndexSelection {
  /** One for a tag key, each of which every series wanted meets; none: nothing is known. */
  readonly constraints: readonly TagConstraint[]
  /** Looks at the names of series that meet them and are wanted by their UIDs. */
  readonly accept: <T extends Pick<StoredSeries, 'tags'>>(series: readonly T[]) => Promise<readonly T[]>
}

/**
 * Where queries read from. How points lie in the store, as blocks now and as sealed rows besides, is known only behind it.
 */
export interface SeriesSource {
  /**
   * The series of a metric that have points in some hours, in order of their TSUIDs.
   * @param metric the metric's UID
   * @param wanted asked with the tags, as UIDs, of each series before its points are merged
   * @param selection how a source may narrow down what it reads; series that it does not accept may be answered all the same
   */
  read(
    metric: number,
    range: ScanRange,
    wanted: (tags: StoredSeries['tags']) => boolean,
    budget: ReadBudget,
    selection?: IndexSelection,
  ): Promise<StoredSeries[]>
}

/** What a source reports to; each call throws once the query has used up what it may. */
export interface ReadBudget {
  series(count: number): void
  points(count: number): void
  bytes(count: number): void
  time(): void
  /** Takes note of how rows are read. */
  planned?(stats: PlanStats): void
  /** Takes note of a row that was read. */
  row?(): void
  /** Takes note of the blocks that were read of a shelf's hour. */
  blocks?(count: number): void
}
