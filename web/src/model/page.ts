// What a page shows, as data: all of it stands in the URL.

/** How a filter compares tag values: the types of /api/config/filters. */
export const FILTER_TYPES = [
  'literal_or',
  'wildcard',
  'regexp',
  'not_literal_or',
  'iliteral_or',
  'not_iliteral_or',
  'iwildcard',
] as const
export type FilterType = (typeof FILTER_TYPES)[number]

export interface Filter {
  readonly tagk: string
  readonly type: FilterType
  readonly filter: string
  /** Whether each value of the tag gets a line of its own. */
  readonly groupBy: boolean
}

/** What an interval without points gives. */
export const FILLS = ['none', 'nan', 'null', 'zero'] as const
export type Fill = (typeof FILLS)[number]

/** One point per interval: as many as the graph has pixels, per interval of the viewer's choice, or all that are stored. */
export type Downsample =
  | { readonly kind: 'auto'; readonly fn: string; readonly fill: Fill }
  | { readonly kind: 'every'; readonly interval: string; readonly fn: string; readonly fill: Fill }
  | { readonly kind: 'raw' }

export interface Rate {
  readonly counter: boolean
  /** Where a counter begins again; empty: 2^63 - 1. Text, as it may have more digits than a number holds. */
  readonly max: string
  /** A rate above this is taken for a restart; empty: none is. */
  readonly reset: string
  /** Leaves out the point after a fall. */
  readonly dropResets: boolean
}

export interface Query {
  readonly aggregator: string
  readonly metric: string
  readonly filters: readonly Filter[]
  readonly downsample: Downsample
  readonly rate: Rate | undefined
  /** Only series without any tags but those that the filters name. */
  readonly explicitTags: boolean
  readonly axis: 'left' | 'right'
}

export const UNITS = ['si', 'bytes', 'bytes/s', 'bits/s', '%', 's', 'ms', 'plain'] as const
export type Unit = (typeof UNITS)[number]

export interface Axis {
  readonly unit: Unit
  readonly log: boolean
  /** Fixed ends in the series' unit; undefined: what the values need. */
  readonly min: number | undefined
  readonly max: number | undefined
}

export interface Graph {
  readonly title: string
  /** How long before its range the same is shown again, such as `1d`; empty: not at all. */
  readonly compare: string
  readonly queries: readonly Query[]
  readonly left: Axis
  readonly right: Axis
}

export interface GraphPage {
  /** As OpenTSDB takes it: `1h-ago`, `2026/11/22-05:00:00`, seconds or milliseconds since 1970. */
  readonly start: string
  /** Likewise; empty: now. */
  readonly end: string
  /** IANA zone that dates are read and shown in; empty: the viewer's. */
  readonly tz: string
  /** Seconds between two looks; 0: none by itself. */
  readonly refresh: number
  readonly graphs: readonly Graph[]
}

export const NO_AXIS_OPTIONS: Axis = { unit: 'si', log: false, min: undefined, max: undefined }
export const NEW_RATE: Rate = { counter: false, max: '', reset: '', dropResets: false }
export const AUTO: Downsample = { kind: 'auto', fn: 'avg', fill: 'none' }

/** A query as it is before anybody has said anything. */
export function newQuery(metric = ''): Query {
  return {
    aggregator: 'avg',
    metric,
    filters: [],
    downsample: AUTO,
    rate: undefined,
    explicitTags: false,
    axis: 'left',
  }
}

export function newGraph(queries: readonly Query[] = [newQuery()]): Graph {
  return { title: '', compare: '', queries, left: NO_AXIS_OPTIONS, right: NO_AXIS_OPTIONS }
}

export function newPage(): GraphPage {
  return { start: '1h-ago', end: '', tz: '', refresh: 0, graphs: [newGraph()] }
}
