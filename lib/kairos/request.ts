import type { Aggregator } from './aggregators/aggregator.ts'
import { parseAggregators } from './aggregators/parse.ts'
import { asArray, asInteger, asObject, asText, isArray } from './coerce.ts'
import { KairosRequestError } from './errors.ts'
import { type GroupBy, parseGroupBys } from './group-by.ts'
import { type Json, type JsonObject, parseLenientJson } from './lenient-json.ts'
import { asDuration, asZone } from './properties.ts'
import { addUnits } from './time-unit.ts'
import { UTC, type Zone } from './zone.ts'

/** What a query asks of one metric. */
export interface MetricQuery {
  readonly metric: string
  /** Milliseconds since 1970, inclusive; below 0 where the query begins before. */
  readonly start: number
  /** Milliseconds since 1970, inclusive; Infinity where the query names no end. */
  readonly end: number
  /** By tag: a series must have one of the values. None of a tag: it does not matter. */
  readonly tags: ReadonlyMap<string, readonly string[]>
  readonly groupBys: readonly GroupBy[]
  readonly aggregators: readonly Aggregator[]
  /** Newest first: points are fed to aggregators so too. */
  readonly isDescending: boolean
  /**
   * Points that are read of each row, which is what a series has of one type in three weeks, and points that a group then
   * has before aggregators; 0 for all.
   */
  readonly limit: number
  readonly excludeTags: boolean
}

/** What a query's time and metrics are read from. */
interface Times {
  readonly start: number | undefined
  readonly end: number | undefined
  readonly zone: Zone
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Reads the JSON of a query.
 * @param now milliseconds since 1970, which relative times are counted from
 * @throws KairosRequestError naming what is wrong as KairosDB names it
 */
export function parseKairosQuery(text: string, now: number): MetricQuery[] {
  const json = asObject(parseLenientJson(text), 'query')
  const times = readTimes(json, now)
  const metrics = json.get('metrics')
  if (metrics === undefined) throw new KairosRequestError('query.metric[] must have a size of at least 1')
  const queries = asArray(metrics, 'query.metrics').map((one, i) => readMetric(one, `query.metric[${i}]`, times))
  refusePlugins(json, '')
  return queries
}

function readTimes(json: JsonObject, now: number): Times {
  const given = (name: string): Json => json.get(name) ?? null
  const absolute = (name: string): number | undefined =>
    given(name) === null ? undefined : asInteger(given(name), 64, `query.${name}`)
  const relative = (name: string): number | undefined => {
    if (given(name) === null) return undefined
    const { value, unit } = asDuration(given(name), name, 'query')
    return addUnits(now, -value, unit, UTC)
  }
  const [start, end] = [absolute('start_absolute'), absolute('end_absolute')]
  const cacheTime = given('cache_time')
  if (cacheTime !== null && asInteger(cacheTime, 32, 'query.cache_time') < 0) {
    throw new KairosRequestError('cache_time must be greater than or equal to 0')
  }
  const [relativeStart, relativeEnd] = [relative('start_relative'), relative('end_relative')]
  const zone = given('time_zone')
  const finalEnd = end ?? relativeEnd
  return {
    start: start ?? relativeStart,
    end: finalEnd !== undefined && finalEnd >= 0 ? finalEnd : undefined,
    zone: zone === null ? UTC : asZone(zone, 'query.time_zone', 'query'),
    now,
  }
}

/** @param context how messages name the metric */
function readMetric(value: Json, context: string, times: Times): MetricQuery {
  const json = asObject(value, context)
  const metric = readName(json, context)
  const tags = readTags(json.get('tags'), context)
  const limit = json.get('limit')
  const excluded = json.get('exclude_tags')
  const order = json.get('order')
  const fields = {
    limit: limit === undefined ? 0 : asInteger(limit, 32, `${context}.limit`),
    excludeTags: excluded !== undefined && asText(excluded, `${context}.exclude_tags`).toLowerCase() === 'true',
  }
  const { start, end = Number.POSITIVE_INFINITY, zone } = times
  if (start === undefined) {
    throw new KairosRequestError(`${context}.start_time relative or absolute time must be set`)
  }
  if (end < start) throw new KairosRequestError(`${context}.end_time must be greater than the start time`)
  const [groupBy, aggregators] = [json.get('group_by'), json.get('aggregators')]
  const groupBys = groupBy === undefined ? [] : parseGroupBys(groupBy, context, start)
  const groupTags = new Set(groupBys.flatMap((one) => (one.name === 'tag' ? one.tags : [])))
  const defaults = { start, end: Number.isFinite(end) ? end : times.now, zone, groupTags }
  const chain = aggregators === undefined ? [] : parseAggregators(aggregators, context, defaults)
  refusePlugins(json, context)
  return {
    metric,
    start,
    end,
    tags,
    groupBys,
    aggregators: chain,
    isDescending: order !== undefined && isDescending(asText(order, `${context}.order`), context),
    ...fields,
  }
}

function readName(json: JsonObject, context: string): string {
  const name = json.get('name')
  if (name === undefined) throw new KairosRequestError(`${context}.name may not be null`)
  const text = asText(name, `${context}.name`)
  if (text === '') throw new KairosRequestError(`${context}.name may not be empty`)
  return text
}

function readTags(value: Json | undefined, context: string): Map<string, readonly string[]> {
  const tags = new Map<string, readonly string[]>()
  if (value === undefined) return tags
  for (const [i, [key, values]] of [...asObject(value, `${context}.tags`)].entries()) {
    const place = `${context}.tags[${i}]`
    if (key === '') throw new KairosRequestError(`${place} name must not be empty`)
    const texts = (isArray(values) ? values : [values]).map((one) => {
      const text = one === null ? '' : asText(one, `${place}.${key}`)
      if (text === '') throw new KairosRequestError(`${place}.${key} value must not be null or empty`)
      return text
    })
    tags.set(key, texts)
  }
  return tags
}

function isDescending(text: string, context: string): boolean {
  const order = text.toLowerCase()
  if (order === 'asc' || order === 'desc') return order === 'desc'
  throw new KairosRequestError(`${context}.order must be either 'asc' or 'desc'`)
}

/** There are none, as in KairosDB without additions. */
function refusePlugins(json: JsonObject, context: string): void {
  const plugins = json.get('plugins')
  if (plugins === undefined) return
  for (const [i, one] of asArray(plugins, `${context}.plugins`).entries()) {
    const place = `${context}.plugins[${i}]`
    const given = asObject(one, place).get('name')
    const name = given === undefined ? '' : asText(given, `${place}.name`)
    throw new KairosRequestError(
      name === '' ? `${place} must have a name` : `${place}.${name} invalid query plugin name`,
    )
  }
}
