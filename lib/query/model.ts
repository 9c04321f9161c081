import type { Aggregator } from './aggregate/index.ts'
import type { TagFilter } from './filters.ts'

/** What stands for a downsampling interval that holds no points: no point at all, or a value. */
export type FillPolicy = 'none' | 'nan' | 'null' | 'zero'

/** `5m-avg-nan`: one point per interval and series. */
export interface Downsample {
  /** Milliseconds; undefined for `all`, one interval from the query's start to its end. */
  readonly intervalMs: number | undefined
  readonly aggregator: Aggregator
  readonly fill: FillPolicy
  /** As it was written. */
  readonly text: string
}

/** How change per second is computed. */
export interface RateOptions {
  /** The value only grows and starts anew after `counterMax`. */
  readonly counter: boolean
  /** The greatest value of the counter. */
  readonly counterMax: bigint
  /** A rate above this after a fall counts as a reset, giving 0; 0 turns it off. */
  readonly resetValue: number
  /** A fall of the counter gives no point at all. */
  readonly dropResets: boolean
}

/** One metric of a query, its series filtered, grouped and aggregated. */
export interface SubQuery {
  /** Its place in the query, from 0. */
  readonly index: number
  readonly metric: string
  readonly aggregator: Aggregator
  readonly downsample: Downsample | undefined
  readonly rate: RateOptions | undefined
  readonly filters: readonly TagFilter[]
  /** Only series that have no other tags than the filters name. */
  readonly explicitTags: boolean
}

/** A whole request to /api/query. */
export interface Query {
  /** Milliseconds since 1970, inclusive. */
  readonly start: number
  /** Milliseconds since 1970, inclusive. */
  readonly end: number
  readonly queries: readonly SubQuery[]
  readonly msResolution: boolean
  readonly showTsuids: boolean
  readonly showQuery: boolean
  readonly showSummary: boolean
  /** Also annotations that belong to no series. */
  readonly globalAnnotations: boolean
  /** No annotations at all. */
  readonly noAnnotations: boolean
}
