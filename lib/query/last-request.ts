import { parseSentJson } from '../model/json.ts'
import { BadQueryError } from './errors.ts'
import { parseMetricAndFilters } from './grammar.ts'

/** Series whose last points are asked for: by TSUID, or those of a metric that have some tags. */
export type LastSubQuery =
  | { readonly tsuids: readonly string[] }
  | { readonly metric: string; readonly tags: Readonly<Record<string, string>> }

/** What /api/query/last asks for. */
export interface LastQuery {
  readonly queries: readonly LastSubQuery[]
  /** Whether metric and tags are answered by name. */
  readonly resolveNames: boolean
  /** Hours before the current one to look back; 0 where it is not said. */
  readonly backScan: number
}

/**
 * Reads the query string of GET /api/query/last: `timeseries=METRIC{TAG=VALUE}` and `tsuids=HEX,HEX`, each any number of times,
 * `resolve` and `back_scan=HOURS`.
 * @throws BadQueryError naming what is wrong
 */
export function parseLastParameters(parameters: URLSearchParams): LastQuery {
  const series = parameters.getAll('timeseries').map((text): LastSubQuery => {
    const { metric, filters } = parseMetricAndFilters(text)
    if (metric === '') throw new BadQueryError(`Missing the metric of timeseries=${text}`)
    return { metric, tags: Object.fromEntries(filters.map(({ tagk, filter }) => [tagk, filter])) }
  })
  const byTsuid = parameters.getAll('tsuids').map((text) => ({ tsuids: text.split(',') }))
  return checked({
    queries: [...series, ...byTsuid],
    resolveNames: parameters.has('resolve'),
    backScan: hoursOf(parameters.get('back_scan') ?? 0, 'back_scan'),
  })
}

/**
 * Reads the body of POST /api/query/last.
 * @param text JSON: `{"queries":[{"metric","tags"} or {"tsuids"}],"resolveNames","backScan"}`
 * @throws BadQueryError naming what is wrong
 */
export function parseLastBody(text: string): LastQuery {
  let body: unknown
  try {
    body = parseSentJson(text)
  } catch (cause) {
    throw new BadQueryError('Unable to parse the given JSON', cause instanceof Error ? cause.message : undefined)
  }
  const { queries = [], resolveNames = false, backScan = 0 } = fieldsOf(body, 'the body')
  if (!Array.isArray(queries)) throw new BadQueryError('queries must be an array')
  if (typeof resolveNames !== 'boolean') throw new BadQueryError('resolveNames must be true or false')
  return checked({ queries: queries.map(parseSubQuery), resolveNames, backScan: hoursOf(backScan, 'backScan') })
}

function parseSubQuery(value: unknown): LastSubQuery {
  const { tsuids, metric, tags } = fieldsOf(value, 'each of queries')
  if (Array.isArray(tsuids) && tsuids.length > 0) return { tsuids: tsuids.map(String) }
  if (typeof metric !== 'string' || metric === '') {
    throw new BadQueryError('Missing the metric or tsuids, provide at least one')
  }
  const pairs = Object.entries(tags === undefined || tags === null ? {} : fieldsOf(tags, 'tags'))
  for (const [tagk, tagv] of pairs) {
    if (typeof tagv !== 'string' || tagv === '') throw new BadQueryError(`The tag ${tagk} must be text`)
  }
  return { metric, tags: Object.fromEntries(pairs.map(([tagk, tagv]) => [tagk, String(tagv)])) }
}

function fieldsOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new BadQueryError(`${what} must be an object`)
}

/** Below 0 says nothing, as 0 does. */
function hoursOf(value: unknown, name: string): number {
  const hours = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof hours !== 'number' || !Number.isSafeInteger(hours)) {
    throw new BadQueryError(`Unable to parse ${name} parameter`, `It must be a whole number of hours, it is ${value}`)
  }
  return Math.max(0, hours)
}

function checked(query: LastQuery): LastQuery {
  if (query.queries.length === 0) throw new BadQueryError('Missing sub queries')
  return query
}
