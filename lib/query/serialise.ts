import { type Annotation, describeAnnotation } from '../model/annotation.ts'
import { KIND_BIG, KIND_FLOAT, type PointColumns } from '../model/points.ts'
import type { QueryUsage } from './budget.ts'
import { QueryTooLargeError } from './errors.ts'
import { javaDouble } from './java-double.ts'
import type { QueryAnswer, QueryResult } from './run.ts'

/** How an answer is written. */
export interface SerialiseOptions {
  /** Points as `[[time,value],...]`, not as `{"time":value}`. */
  readonly arrays: boolean
  /** Times in milliseconds, not in seconds. */
  readonly msResolution: boolean
  readonly showTsuids: boolean
  readonly showQuery: boolean
  /** A last element with what the query used. */
  readonly showSummary: boolean
  /** Characters that the answer may have. */
  readonly maxLength: number
}

/**
 * The answer of /api/query as JSON text. Integers are exact; doubles look like Java's; NaN is the string "NaN", or null where
 * the fill policy says so. With times in seconds, points of one second repeat its key in an object, as in OpenTSDB.
 * @throws QueryTooLargeError where it passes maxLength
 */
export function serialise(answer: QueryAnswer, options: SerialiseOptions): string {
  const { results, globalAnnotations, unresolved, usage } = answer
  const parts: string[] = []
  const globals = annotationsText('globalAnnotations', globalAnnotations)
  let length = 2
  for (const result of results) {
    const text = serialiseResult(result, globals, options)
    length += text.length + 1
    if (length > options.maxLength) throw new QueryTooLargeError('answerBytes', options.maxLength, 'bytes of answer')
    parts.push(text)
  }
  if (unresolved.length > 0) {
    parts.push(JSON.stringify({ unresolved: unresolved.map(({ kind, name, index }) => ({ type: kind, name, index })) }))
  }
  if (options.showSummary) parts.push(JSON.stringify({ statsSummary: summarise(results, usage) }))
  return `[${parts.join()}]`
}

function summarise(results: readonly QueryResult[], usage: QueryUsage): unknown {
  return {
    seriesRead: usage.series,
    dpsRead: usage.points,
    bytesRead: usage.bytes,
    seriesEmitted: results.length,
    emittedDPs: results.reduce((total, { points }) => total + points.count, 0),
    totalTime: usage.ms,
    rowReads: usage.plans,
  }
}

/** @param globals what annotationsText made of the global ones, which every result shows */
function serialiseResult(result: QueryResult, globals: string, options: SerialiseOptions): string {
  const { metric, tags, aggregateTags, tsuids } = result
  const head = { metric, tags, aggregateTags, ...(options.showTsuids && { tsuids }) }
  const query = options.showQuery ? `,"query":${JSON.stringify(describeQuery(result))}` : ''
  const own = result.combined === true ? ',"annotations":[]' : annotationsText('annotations', result.annotations)
  const notes = own + globals
  return `${JSON.stringify(head).slice(0, -1)}${query}${notes},"dps":${serialisePoints(result, options)}}`
}

/** A field of an object with a comma before it; nothing where there are none. */
function annotationsText(field: string, annotations: readonly Annotation[]): string {
  return annotations.length === 0 ? '' : `,"${field}":${JSON.stringify(annotations.map(describeAnnotation))}`
}

function serialisePoints(result: QueryResult, options: SerialiseOptions): string {
  const { points } = result
  const nan = result.query.downsample?.fill === 'null' ? 'null' : '"NaN"'
  const parts = new Array<string>(points.count)
  for (let i = 0; i < points.count; i++) {
    const time = options.msResolution ? points.times[i]! : Math.floor(points.times[i]! / 1000)
    const value = valueText(points, i, nan)
    parts[i] = options.arrays ? `[${time},${value}]` : `"${time}":${value}`
  }
  return options.arrays ? `[${parts.join()}]` : `{${parts.join()}}`
}

function valueText(points: PointColumns, index: number, nan: string): string {
  const kind = points.kinds[index]!
  const value = points.values[index]!
  if ((kind & KIND_FLOAT) !== 0) {
    if (Number.isFinite(value)) return javaDouble(value)
    return Number.isNaN(value) ? nan : `"${javaDouble(value)}"`
  }
  const big = (kind & KIND_BIG) !== 0 ? points.bigs.get(index) : undefined
  return String(big ?? value)
}

/**
 * The sub-query that a result belongs to, as `showQuery` asks for it; Grafana tells series apart by its index. Has the
 * fields of OpenTSDB's, with what they say there for parts that are not used here.
 */
function describeQuery({ query, filterTagks }: QueryResult): unknown {
  const { rate, filters } = query
  return {
    aggregator: query.aggregator.name,
    metric: query.metric ?? null,
    tsuids: query.tsuids ?? null,
    downsample: query.downsample?.text ?? null,
    rate: rate !== undefined,
    filters: filters.map(({ tagk, filter, groupBy, type }) => ({ tagk, filter, group_by: groupBy, type })),
    percentiles: query.percentiles ?? null,
    index: query.index,
    rateOptions: rate === undefined ? null : { ...rate, counterMax: Number(rate.counterMax) },
    filterTagKs: filters.length > 0 ? filterTagks : null,
    explicitTags: query.explicitTags,
    useFuzzyFilter: true,
    preAggregate: false,
    rollupUsage: null,
    rollupTable: 'raw',
    showHistogramBuckets: false,
    useMultiGets: true,
    tags: Object.fromEntries(
      filters.flatMap(({ tagk, type, filter, groupBy }) => (groupBy ? [[tagk, `${type}(${filter})`]] : [])),
    ),
    histogramQuery: false,
  }
}
