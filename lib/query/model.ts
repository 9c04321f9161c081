import type { Aggregator } from './aggregate/index.ts'
import type { Calendar } from './calendar.ts'
import type { TagFilter } from './filters.ts'

/** What stands for a downsampling interval that holds no points: no point at all, or a value. */
export type FillPolicy = 'none' | 'nan' | 'null' | 'zero'

/** `5m-avg-nan`: one point per interval and series. */
export interface Downsample {
  /**
   * Milliseconds; undefined for `all`, one interval from the query's start to its end. Of intervals by the calendar it is
   * what they are taken to last where the store is read: a month 30 days, a year 365.
   */
  readonly intervalMs: number | undefined
  /** Where intervals begin, if they follow the calendar; undefined: at multiples of their length since 1970. */
  readonly calendar: Calendar | undefined
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
  /** Undefined where `tsuids` say which series are meant. */
  readonly metric: string | undefined
  /** Upper-case hex, at least one, of one metric; undefined where the metric and the filters say which series are meant. */
  readonly tsuids: readonly string[] | undefined
  readonly aggregator: Aggregator
  readonly downsample: Downsample | undefined
  readonly rate: RateOptions | undefined
  readonly filters: readonly TagFilter[]
  /** Only series that have no other tags than the filters name. */
  readonly explicitTags: boolean
  /** Asks for these percentiles of histograms, of which the store has none. */
  readonly percentiles: readonly number[] | undefined
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
  /** Each series of the answer shows what it cost. */
  readonly showStats: boolean
  /** Also annotations that belong to no series. */
  readonly globalAnnotations: boolean
  /** No annotations at all. */
  readonly noAnnotations: boolean
  /** Names that nothing was ever stored under are listed in the answer, instead of failing it. */
  readonly skipUnresolved: boolean
}
