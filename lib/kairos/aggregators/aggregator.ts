import type { PointColumns } from '../../model/points.ts'
import type { GroupType } from '../points.ts'
import type { TagSets } from '../tag-sets.ts'

/** What an aggregator is told of the query and the group whose points it gets. */
export interface AggregatorContext {
  /** Milliseconds since 1970, inclusive: what the query asks for. */
  readonly start: number
  readonly end: number
  /** The metric's name. */
  readonly metric: string
  /** Tags of the group's series. */
  readonly tags: TagSets
  /** Told how many points were made of nothing; throws where they are too many. */
  readonly made: (count: number) => void
  /** Throws where the query has taken too long. */
  readonly time: () => void
  /** Told of points to be saved as another metric. */
  readonly save: (saved: SavedPoints) => void
}

/** Points that a query asks to be written. */
export interface SavedPoints {
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
  /** Seconds for which they are kept, 0 for ever. */
  readonly ttl: number
  readonly points: PointColumns
}

/** One step from a group's points, in the order of the query, to others. */
export interface Aggregator {
  readonly name: string
  /** Whether it passes over groups of texts, which then stay as they are. */
  readonly numbersOnly: boolean
  /** What a group that it took is of then. */
  readonly gives: (type: GroupType) => GroupType
  /** Whether only what takes points without a value may come behind it. */
  readonly leavesGaps?: boolean
  /** @throws KairosRequestError where its properties can't be used, QueryTooLargeError */
  apply(points: PointColumns, context: AggregatorContext): PointColumns
}
