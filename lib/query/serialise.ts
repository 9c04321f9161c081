import { type Annotation, describeAnnotation } from '../model/annotation.ts'
import { KIND_BIG, KIND_FLOAT, type PointColumns } from '../model/points.ts'
import { AsciiBuffer } from './ascii-buffer.ts'
import type { QueryUsage } from './budget.ts'
import { QueryTooLargeError } from './errors.ts'
import { javaDouble } from './java-double.ts'
import type { QueryAnswer, QueryResult } from './run.ts'
import { statsOf, summaryOf } from './stats.ts'

/** How an answer is written. */
export interface SerialiseOptions {
  /** Points as `[[time,value],...]`, not as `{"time":value}`. */
  readonly arrays: boolean
  /** Times in milliseconds, not in seconds. */
  readonly msResolution: boolean
  readonly showTsuids: boolean
  readonly showQuery: boolean
  /** Each series shows what its sub-query used. */
  readonly showStats: boolean
  /** A last element with what the query used. */
  readonly showSummary: boolean
  /** Characters that the answer may have. */
  readonly maxLength: number
}

/** Characters from which a piece of the answer is handed on. */
const PIECE_LENGTH = 2 ** 16

/**
 * The answer of /api/query as JSON text, in pieces of some 64 KB, so that however long it is, it is never held whole here.
 * Integers are exact; doubles look like Java's; NaN is the string "NaN", or null where the fill policy says so. With times in
 * seconds, points of one second repeat its key in an object, as in OpenTSDB.
 * @throws QueryTooLargeError where it passes maxLength: what was handed on by then is no answer
 */
export function* serialise(answer: QueryAnswer, options: SerialiseOptions): Generator<string, void, undefined> {
  let length = 0
  let piece = ''
  for (const text of textsOf(answer, options)) {
    piece += text
    length += text.length
    if (length > options.maxLength) {
      throw new QueryTooLargeError('answerBytes', options.maxLength, 'bytes of answer')
    }
    if (piece.length >= PIECE_LENGTH) {
      yield piece
      piece = ''
    }
  }
  yield piece
}

function* textsOf(answer: QueryAnswer, options: SerialiseOptions): Generator<string, void, undefined> {
  const { results, globalAnnotations, unresolved, usage } = answer
  const startedAt = performance.now()
  const globals = annotationsText('globalAnnotations', globalAnnotations)
  let before = '['
  for (const result of results) {
    yield before + headText(result, globals, usage, options)
    yield* pointTexts(result, options)
    yield '}'
    before = ','
  }
  if (unresolved.length > 0) {
    yield before +
      JSON.stringify({ unresolved: unresolved.map(({ kind, name, index }) => ({ type: kind, name, index })) })
    before = ','
  }
  if (options.showSummary) {
    yield before + JSON.stringify({ statsSummary: summaryOf(answer, performance.now() - startedAt) })
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}

/**
 * All of a result's object that comes before its points.
 * @param globals what annotationsText made of the global ones, which every result shows
 */
function headText(result: QueryResult, globals: string, usage: QueryUsage, options: SerialiseOptions): string {
  const { metric, tags, aggregateTags, tsuids } = result
  const head = { metric, tags, aggregateTags, ...(options.showTsuids && { tsuids }) }
  const query = options.showQuery ? `,"query":${JSON.stringify(describeQuery(result))}` : ''
  const own = result.combined === true ? ',"annotations":[]' : annotationsText('annotations', result.annotations)
  const spent = usage.queries.find(({ index }) => index === result.query.index)
  const stats = options.showStats ? `,"stats":${JSON.stringify(spent === undefined ? {} : statsOf(spent))}` : ''
  return `${JSON.stringify(head).slice(0, -1)}${query}${own}${globals}${stats},"dps":`
}

/** A field of an object with a comma before it; nothing where there are none. */
function annotationsText(field: string, annotations: readonly Annotation[]): string {
  return annotations.length === 0 ? '' : `,"${field}":${JSON.stringify(annotations.map(describeAnnotation))}`
}

/** Points of a result that become text at a time: some 64 KB, and a tenth of a millisecond between two looks at the length. */
const POINTS_A_TEXT = 2048

/** The points of a result as an object or a list. */
function* pointTexts(result: QueryResult, options: SerialiseOptions): Generator<string, void, undefined> {
  const { arrays } = options
  const { count } = result.points
  const nan = result.query.downsample?.fill === 'null' ? 'null' : '"NaN"'
  const buffer = new AsciiBuffer(Math.min(count, POINTS_A_TEXT) * POINT_LENGTH)
  yield arrays ? '[' : '{'
  for (let from = 0; from < count; from += POINTS_A_TEXT) {
    writePoints(buffer, result.points, from, Math.min(count, from + POINTS_A_TEXT), nan, options)
    yield buffer.take()
  }
  yield arrays ? ']' : '}'
}

/** Characters that a point has, about. */
const POINT_LENGTH = 24

/** Points `from` (inclusive) to `to` (exclusive), with a comma before each but the very first. */
function writePoints(
  buffer: AsciiBuffer,
  points: PointColumns,
  from: number,
  to: number,
  nan: string,
  { arrays, msResolution }: SerialiseOptions,
): void {
  const { times, values, kinds } = points
  const [open, middle, close] = arrays ? ['[', ',', ']'] : ['"', '":', '']
  let before = from === 0 ? open : `,${open}`
  for (let i = from; i < to; i++) {
    buffer.text(before)
    buffer.integer(msResolution ? times[i]! : Math.floor(times[i]! / 1000))
    buffer.text(middle)
    const value = values[i]!
    const plain = kinds[i]! & (KIND_FLOAT | KIND_BIG)
    if (plain === 0) buffer.integer(value)
    else if (plain === KIND_FLOAT && Number.isFinite(value)) buffer.double(value)
    else buffer.text(otherText(points, i, nan))
    buffer.text(close)
    before = `,${open}`
  }
}

/** What is no finite double, and no integer that a double holds. */
function otherText(points: PointColumns, index: number, nan: string): string {
  const value = points.values[index]!
  if ((points.kinds[index]! & KIND_FLOAT) !== 0) return Number.isNaN(value) ? nan : `"${javaDouble(value)}"`
  return String(points.bigs.get(index) ?? value)
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
