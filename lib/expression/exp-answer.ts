import { QueryTooLargeError } from '../query/errors.ts'
import { javaDouble } from '../query/java-double.ts'
import { Cursor, timesOf } from './evaluate.ts'
import type { ExpVariable } from './exp.ts'
import type { ExpOutput, ExpRequest } from './exp-request.ts'
import { type Fields, fieldsOf, flagAt, objectsAt, textAt } from './fields.ts'
import { fillAt } from './fill.ts'
import type { FormulaSeries } from './join.ts'

/** What an output shows where a series that was read has no point. */
const ABSENT = 0

/**
 * The answer of /api/query/exp as JSON text: for each output rows of a time and the value of every series then, what these
 * series are, and the query as it was understood. Outputs of no variable are left out.
 * @throws QueryTooLargeError where it passes maxLength characters
 */
export function serialiseExp(
  request: ExpRequest,
  variables: ReadonlyMap<string, ExpVariable>,
  maxLength: number,
): string {
  const { start, end } = request.query
  const outputs = request.outputs.flatMap((output) => {
    const variable = variables.get(output.id)
    return variable === undefined ? [] : [serialiseOutput(output, variable, { start, end }, maxLength)]
  })
  return `{"outputs":[${outputs.join()}],"query":${JSON.stringify(echo(request.body, request.outputs))}}`
}

interface Range {
  readonly start: number
  readonly end: number
}

function serialiseOutput(output: ExpOutput, variable: ExpVariable, range: Range, maxLength: number): string {
  const { series, computed } = variable
  const times = timesOf(series).filter((time) => !computed || (time >= range.start && time <= range.end))
  const cursors = series.map((one) => new Cursor(one))
  const rows: string[] = []
  let length = 0
  for (const time of times) {
    const row = `[${[time, ...cursors.map((cursor) => numberText(cursor.at(time) ?? ABSENT))].join()}]`
    length += row.length
    if (length > maxLength) throw new QueryTooLargeError('answerBytes', maxLength, 'bytes of answer')
    rows.push(row)
  }
  const head = JSON.stringify({ id: output.id, alias: output.alias }).slice(0, -1)
  const dpsMeta = JSON.stringify(describePoints(times, computed, series.length))
  const meta = series.length === 0 ? '' : `,"meta":${JSON.stringify(describeSeries(series))}`
  return `${head},"dps":[${rows.join()}],"dpsMeta":${dpsMeta}${meta}}`
}

function numberText(value: number): string {
  return Number.isFinite(value) ? javaDouble(value) : `"${javaDouble(value)}"`
}

/** Of a single time a computed output says 0 as its last one, as OpenTSDB does. */
function describePoints(times: Float64Array, computed: boolean, series: number): unknown {
  const single = computed && times.length === 1
  return {
    firstTimestamp: times[0] ?? 0,
    lastTimestamp: single ? 0 : (times.at(-1) ?? 0),
    setCount: times.length,
    series,
  }
}

/** What each column is: the time first. The metrics are those of the first series, as in OpenTSDB. */
function describeSeries(series: readonly FormulaSeries[]): unknown {
  const metrics = [...(series[0]?.metrics.values() ?? [])].sort()
  return [
    { index: 0, metrics: ['timestamp'] },
    ...series.map(({ tags, aggregateTags }, i) => ({
      index: i + 1,
      metrics,
      commonTags: tags,
      aggregatedTags: aggregateTags,
    })),
  ]
}

/** The query with everything that it may say, as it was understood. */
function echo(body: Fields, outputs: readonly ExpOutput[]): unknown {
  const time = fieldsOf(body.time, 'time')
  return {
    name: textAt(body, 'name') ?? null,
    time: {
      start: textAt(time, 'start'),
      end: textAt(time, 'end') ?? null,
      timezone: textAt(time, 'timezone') ?? null,
      downsampler: echoDownsampler(time),
      aggregator: textAt(time, 'aggregator'),
      rate: flagAt(time, 'rate', false),
    },
    filters: body.filters === undefined || body.filters === null ? null : objectsAt(body, 'filters').map(echoFilter),
    metrics: objectsAt(body, 'metrics').map((metric) => ({
      metric: textAt(metric, 'metric'),
      id: textAt(metric, 'id'),
      filter: textAt(metric, 'filter') ?? null,
      aggregator: textAt(metric, 'aggregator') ?? null,
      timeOffset: null,
      fillPolicy: echoFill(metric),
    })),
    expressions: objectsAt(body, 'expressions').map((expression) => ({
      id: textAt(expression, 'id'),
      expr: textAt(expression, 'expr'),
      join: echoJoin(expression),
      fillPolicy: echoFill(expression),
    })),
    outputs: body.outputs === undefined || body.outputs === null ? null : outputs,
  }
}

function echoDownsampler(time: Fields): unknown {
  if (time.downsampler === undefined || time.downsampler === null) return null
  const downsampler = fieldsOf(time.downsampler, 'downsampler')
  return {
    interval: textAt(downsampler, 'interval'),
    aggregator: textAt(downsampler, 'aggregator'),
    fillPolicy: echoFill(downsampler),
  }
}

function echoFilter(filter: Fields): unknown {
  return {
    id: textAt(filter, 'id'),
    tags: objectsAt(filter, 'tags').map((tag) => ({
      tagk: textAt(tag, 'tagk'),
      filter: textAt(tag, 'filter'),
      group_by: flagAt(tag, 'groupBy', flagAt(tag, 'group_by', false)),
      type: textAt(tag, 'type'),
    })),
    explicitTags: flagAt(filter, 'explicitTags', false),
  }
}

function echoJoin(expression: Fields): unknown {
  const given = expression.join === undefined || expression.join === null ? {} : fieldsOf(expression.join, 'join')
  return {
    operator: textAt(given, 'operator')?.toLowerCase() ?? 'union',
    useQueryTags: flagAt(given, 'useQueryTags', false),
    includeAggTags: flagAt(given, 'includeAggTags', true),
  }
}

function echoFill(fields: Fields): unknown {
  const fill = fillAt(fields)
  return fill === undefined ? null : { ...fill, value: Number.isFinite(fill.value) ? fill.value : String(fill.value) }
}
