import { intervalFor } from './interval.ts'
import type { Downsample, Graph, GraphPage, Query } from './page.ts'
import { instantOf } from './time.ts'

/** A range in milliseconds since 1970. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The body of POST /api/query, with what this page uses of it. */
export interface QueryBody {
  readonly start: number | string
  readonly end?: number | string
  readonly timezone: string
  readonly msResolution: true
  readonly showQuery: true
  readonly showSummary: true
  readonly globalAnnotations: true
  readonly skipUnresolved: true
  readonly queries: readonly SubQuery[]
}

interface SubQuery {
  readonly aggregator: string
  readonly metric: string
  readonly filters: readonly { type: string; tagk: string; filter: string; groupBy: boolean }[]
  readonly downsample?: string
  readonly rate?: true
  readonly rateOptions?: { counter: boolean; counterMax?: number; resetValue?: number; dropResets: boolean }
  readonly explicitTags?: true
}

/**
 * The range that a page means.
 * @param now milliseconds since 1970
 * @returns a text that says what is wrong with it, else the range
 */
export function spanOf({ start, end, tz }: Pick<GraphPage, 'start' | 'end' | 'tz'>, now: number): Span | string {
  const from = instantOf(start, tz, now)
  const to = instantOf(end, tz, now)
  const forms = 'Write 1h-ago, 2026/11/22-05:00:00 or seconds since 1970'
  if (from === undefined) return `“${start}” is no time to start at. ${forms}`
  if (to === undefined) return `“${end}” is no time to end at. ${forms}`
  return from < to ? { from, to } : 'The range ends before it starts'
}

/**
 * What to ask the server for a graph.
 * @param pixels width of what is drawn, for automatic intervals
 * @param zone IANA zone for intervals by the calendar
 * @returns undefined while no query names a metric
 */
export function requestFor(graph: Graph, span: Span, pixels: number, zone: string): QueryBody | undefined {
  const queries = askedQueries(graph)
  if (queries.length === 0) return undefined
  return {
    start: Math.floor(span.from),
    end: Math.ceil(span.to),
    timezone: zone,
    msResolution: true,
    showQuery: true,
    showSummary: true,
    globalAnnotations: true,
    skipUnresolved: true,
    queries: queries.map((query) => subQueryOf(query, span, pixels)),
  }
}

/** The queries that are asked, in the order in which answers count them. */
export function askedQueries(graph: Graph): readonly Query[] {
  return graph.queries.filter(({ metric }) => metric !== '')
}

/** What a downsample is in a request, or undefined: all points. */
export function downsampleText(downsample: Downsample, span: Span, pixels: number): string | undefined {
  if (downsample.kind === 'raw') return undefined
  const interval = downsample.kind === 'every' ? downsample.interval : intervalFor(span.to - span.from, pixels)
  if (interval === undefined) return undefined
  return `${interval}-${downsample.fn}${downsample.fill === 'none' ? '' : `-${downsample.fill}`}`
}

function subQueryOf(query: Query, span: Span, pixels: number): SubQuery {
  const { aggregator, metric, rate, explicitTags } = query
  const downsample = downsampleText(query.downsample, span, pixels)
  const filters = query.filters.filter(({ tagk, filter }) => tagk !== '' && filter !== '')
  return {
    aggregator,
    metric,
    filters: filters.map(({ type, tagk, filter, groupBy }) => ({ type, tagk, filter, groupBy })),
    ...(downsample !== undefined && { downsample }),
    ...(rate !== undefined && {
      rate: true,
      rateOptions: {
        counter: rate.counter,
        dropResets: rate.dropResets,
        ...(rate.max !== '' && { counterMax: Number(rate.max) }),
        ...(rate.reset !== '' && { resetValue: Number(rate.reset) }),
      },
    }),
    ...(explicitTags && { explicitTags }),
  }
}

/** A command that asks the same of the API; its quotes are a shell's. */
export function curlFor(body: QueryBody, origin: string): string {
  const json = JSON.stringify(body).replaceAll("'", "'\\''")
  return `curl '${origin}/api/query?arrays' -H 'content-type: application/json' -d '${json}'`
}
