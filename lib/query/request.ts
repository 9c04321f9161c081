import { parseSentJson, shownJson } from '../model/json.ts'
import { aggregatorOf } from './aggregate/index.ts'
import { type IntervalOptions, parseDownsample } from './downsample-spec.ts'
import { BadQueryError, MissingParameterError } from './errors.ts'
import { makeFilter, parseTagValue, type TagFilter } from './filters.ts'
import { checkPercentile, type MetricExpression, parseMetricExpression, parseTsuidExpression } from './grammar.ts'
import type { Query, RateOptions, SubQuery } from './model.ts'
import { DEFAULT_COUNTER_MAX, PLAIN_RATE } from './rate.ts'
import { parseTime } from './times.ts'
import { isTimezone } from './timezone.ts'

/** A JSON object whose fields are not known to be of any type yet. */
type Fields = Readonly<Record<string, unknown>>

/**
 * Reads the body of POST /api/query.
 * @param text JSON
 * @param now milliseconds since 1970
 * @throws BadQueryError naming what is wrong
 */
export function parseQueryBody(text: string, now: number): Query {
  if (text.trim() === '') {
    throw new BadQueryError('Missing message content', 'Supply valid JSON formatted data in the body of your request')
  }
  const body = parseJson(text)
  if (flagOf(body, 'delete')) {
    throw new BadQueryError('The field delete is not allowed here', 'Points are deleted by DELETE /api/query')
  }
  const timezone = textOf(body, 'timezone')
  const time = parseTimes(textOf(body, 'start'), textOf(body, 'end'), timezone, now)
  const queries = body.queries
  if (!Array.isArray(queries) || queries.length === 0) throw new BadQueryError('Missing queries')
  return {
    ...time,
    queries: makeSubQueries(queries.map(parseSubQuery), timezone, flagOf(body, 'useCalendar')),
    msResolution: flagOf(body, 'msResolution'),
    showTsuids: flagOf(body, 'showTSUIDs'),
    showQuery: flagOf(body, 'showQuery'),
    showSummary: flagOf(body, 'showSummary'),
    showStats: flagOf(body, 'showStats'),
    noAnnotations: flagOf(body, 'noAnnotations'),
    globalAnnotations: flagOf(body, 'globalAnnotations'),
    skipUnresolved: flagOf(body, 'skipUnresolved'),
  }
}

/**
 * Reads the query string of GET /api/query. Flags such as `ms` are set by being there, whatever they say, as in OpenTSDB.
 * @param now milliseconds since 1970
 * @throws as parseQueryBody
 */
export function parseQueryParameters(parameters: URLSearchParams, now: number): Query {
  const start = parameters.get('start')
  if (start === null || start === '') throw new MissingParameterError('start')
  const expressions = [
    ...parameters.getAll('tsuid').map(parseTsuidExpression),
    ...parameters.getAll('m').map(parseMetricExpression),
  ]
  if (expressions.length === 0) throw new BadQueryError('Missing sub queries')
  const timezone = parameters.get('tz') || parameters.get('timezone') || undefined
  return {
    ...parseTimes(start, parameters.get('end') ?? undefined, timezone, now),
    queries: makeSubQueries(expressions, timezone, parameters.has('use_calendar')),
    msResolution: parameters.has('ms'),
    showTsuids: parameters.has('show_tsuids'),
    showQuery: parameters.has('show_query'),
    showSummary: parameters.has('show_summary'),
    showStats: parameters.has('show_stats'),
    noAnnotations: parameters.has('no_annotations'),
    globalAnnotations: parameters.has('global_annotations'),
    skipUnresolved: parameters.has('skip_unresolved'),
  }
}

function parseJson(text: string): Fields {
  let body: unknown
  try {
    body = parseSentJson(text)
  } catch (cause) {
    throw new BadQueryError('Unable to parse the given JSON', cause instanceof Error ? cause.message : undefined)
  }
  return asFields(body, 'the body')
}

function asFields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadQueryError('Unable to parse the given JSON', `${what} must be an object`)
  }
  return { ...value }
}

/** Text, or a number as text; undefined where absent, null or empty. */
function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new BadQueryError('Unable to parse the given JSON', `${name} must be text or a number`)
}

function flagOf(fields: Fields, name: string): boolean {
  const value = fields[name]
  if (value === undefined || value === null) return false
  if (typeof value === 'boolean') return value
  if (value === 'true' || value === 'false') return value === 'true'
  throw new BadQueryError('Unable to parse the given JSON', `${name} must be true or false`)
}

/** An array; undefined where absent or null. */
function listOf(value: unknown, name: string): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value)) return value
  throw new BadQueryError('Unable to parse the given JSON', `${name} must be an array`)
}

function numberOf(fields: Fields, name: string): number {
  const value = Number(textOf(fields, name) ?? 0)
  if (Number.isFinite(value)) return Math.trunc(value)
  throw new BadQueryError('Unable to parse the given JSON', `${name} must be a number`)
}

function parseTimes(
  startText: string | undefined,
  endText: string | undefined,
  timezone: string | undefined,
  now: number,
): Pick<Query, 'start' | 'end'> {
  if (startText === undefined) throw new BadQueryError('Missing start time')
  const start = parseTime(startText, now, timezone)
  const end = endText === undefined || endText === '' ? now : parseTime(endText, now, timezone)
  if (end <= start) throw new BadQueryError(`End time [${end}] must be greater than the start time [${start}]`)
  return { start, end }
}

/** A sub-query of a body, in the form that `m=` is read into. */
function parseSubQuery(value: unknown): MetricExpression {
  const fields = asFields(value, 'each of queries')
  for (const name of ['preAggregate', 'showHistogramBuckets', 'histogramQuery'] as const) {
    if (flagOf(fields, name))
      throw new BadQueryError(`The field ${name} asks for ${NOT_STORED[name]}, of which the store has none`)
  }
  const aggregator = textOf(fields, 'aggregator')
  if (aggregator === undefined) throw new BadQueryError('Missing the aggregation function')
  const tsuids = parseTsuids(fields.tsuids)
  const metric = textOf(fields, 'metric')
  if (metric === undefined && tsuids === undefined) {
    throw new BadQueryError('Missing the metric or tsuids, provide at least one')
  }
  return {
    aggregator,
    metric: tsuids === undefined ? metric : undefined,
    tsuids,
    downsample: textOf(fields, 'downsample'),
    rate: flagOf(fields, 'rate') ? parseRateOptions(fields.rateOptions) : undefined,
    filters: tsuids === undefined ? parseAllFilters(fields) : [],
    explicitTags: flagOf(fields, 'explicitTags'),
    percentiles: parsePercentiles(fields.percentiles),
  }
}

const NOT_STORED = {
  preAggregate: 'points aggregated in advance',
  showHistogramBuckets: 'histograms',
  histogramQuery: 'histograms',
} as const

/** Where there are tsuids, the metric, tags and filters are not looked at, as in OpenTSDB. */
function parseTsuids(value: unknown): string[] | undefined {
  const list = listOf(value, 'tsuids')
  if (list === undefined || list.length === 0) return undefined
  return list.map((one) => {
    if (typeof one === 'string') return one
    throw new BadQueryError('Unable to parse the given JSON', 'each of tsuids must be text')
  })
}

function parsePercentiles(value: unknown): number[] | undefined {
  const list = listOf(value, 'percentiles')
  if (list === undefined || list.length === 0) return undefined
  return list.map((one) => checkPercentile(typeof one === 'number' ? one : Number.NaN, shownJson(one)))
}

/** Where there are both, `filters` replace `tags`, as in OpenTSDB. */
function parseAllFilters(fields: Fields): TagFilter[] {
  const filters = parseFilters(fields.filters)
  return filters.length > 0 ? filters : parseTags(fields.tags)
}

/** The older form of filters, `{"host":"*"}`; each makes groups. */
function parseTags(value: unknown): TagFilter[] {
  if (value === undefined || value === null) return []
  const tags = asFields(value, 'tags')
  return Object.keys(tags).map((tagk) => parseTagValue(tagk, textOf(tags, tagk) ?? '', true))
}

function parseFilters(value: unknown): TagFilter[] {
  return (listOf(value, 'filters') ?? []).map((one) => {
    const fields = asFields(one, 'each of filters')
    const groupBy = flagOf(fields, 'groupBy') || flagOf(fields, 'group_by')
    const [tagk = '', type = '', filter = ''] = ['tagk', 'type', 'filter'].map((name) => textOf(fields, name))
    return makeFilter(tagk, type, filter, groupBy)
  })
}

function parseRateOptions(value: unknown): RateOptions {
  if (value === undefined || value === null) return PLAIN_RATE
  const fields = asFields(value, 'rateOptions')
  const counterMax = textOf(fields, 'counterMax')
  return {
    counter: flagOf(fields, 'counter'),
    // a body's numbers are doubles; the greatest 64-bit integer comes as 2^63 and must not wrap
    counterMax:
      counterMax === undefined ? DEFAULT_COUNTER_MAX : atMost(DEFAULT_COUNTER_MAX, numberOf(fields, 'counterMax')),
    resetValue: numberOf(fields, 'resetValue'),
    dropResets: flagOf(fields, 'dropResets'),
  }
}

function atMost(limit: bigint, value: number): bigint {
  const exact = BigInt(value)
  return exact < limit ? exact : limit
}

function makeSubQueries(
  expressions: readonly MetricExpression[],
  timezone: string | undefined,
  useCalendar: boolean,
): SubQuery[] {
  const downsampled = expressions.some(({ downsample }) => downsample !== undefined)
  if (downsampled && timezone !== undefined && !isTimezone(timezone)) {
    throw new BadQueryError(`The timezone specification could not be found: ${timezone}`)
  }
  const options = { timezone: timezone ?? 'UTC', useCalendar }
  return expressions.map((expression, index) => makeSubQuery(expression, index, options))
}

function makeSubQuery(expression: MetricExpression, index: number, options: IntervalOptions): SubQuery {
  const { metric, tsuids, downsample, rate, filters, explicitTags, percentiles } = expression
  const aggregator = aggregatorOf(expression.aggregator)
  if (aggregator === undefined) throw new BadQueryError(`No such aggregation function: ${expression.aggregator}`)
  if (metric === '') throw new BadQueryError('Missing the metric')
  return {
    index,
    metric,
    tsuids: tsuids?.map(checkTsuid),
    aggregator,
    downsample: downsample === undefined ? undefined : parseDownsample(downsample, options),
    rate,
    filters,
    explicitTags,
    percentiles,
  }
}

/** Whole bytes of hex; how many there have to be, only the store's UID widths say. */
function checkTsuid(text: string): string {
  if (/^([0-9a-f]{2})+$/i.test(text)) return text.toUpperCase()
  throw new BadQueryError(`Invalid TSUID: '${text}', must be pairs of hexadecimal digits`)
}
