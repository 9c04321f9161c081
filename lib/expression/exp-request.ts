import { LimitExceededError, NotBuiltYetError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { Query } from '../query/model.ts'
import { parseQueryBody } from '../query/request.ts'
import { BadExpressionError } from './errors.ts'
import { type Fields, fieldsOf, flagAt, objectsAt, parseObject, textAt } from './fields.ts'
import { fillAt, type NumericFill } from './fill.ts'
import { type Formula, parseFormula } from './formula.ts'

/** How the series of an expression's variables are brought together. */
export interface Join {
  /** Which series: those that every variable has, or any. */
  readonly operator: 'intersection' | 'union'
  /** Whether series are told apart by the tags that the query's filters name alone. */
  readonly useQueryTags: boolean
  /** Whether series are told apart also by the keys of the tags that were aggregated. */
  readonly includeAggTags: boolean
}

/** A variable that is read from the store. */
export interface ExpMetric {
  readonly id: string
  readonly metric: string
  readonly filter: string | undefined
  readonly aggregator: string | undefined
  readonly fill: NumericFill | undefined
}

/** A variable that is computed from others. */
export interface ExpExpression {
  readonly id: string
  readonly formula: Formula
  readonly join: Join
  readonly fill: NumericFill | undefined
}

/** A variable to be answered. */
export interface ExpOutput {
  readonly id: string
  readonly alias: string | undefined
}

/** What POST /api/query/exp asks for. */
export interface ExpRequest {
  /** As it came, for the answer to repeat. */
  readonly body: Fields
  /** The metrics' sub-queries, in the order of `metrics`. */
  readonly query: Query
  readonly metrics: readonly ExpMetric[]
  /** Each after those that it uses. */
  readonly expressions: readonly ExpExpression[]
  readonly outputs: readonly ExpOutput[]
}

/**
 * Reads the body of POST /api/query/exp.
 * @param now milliseconds since 1970
 * @throws BadExpressionError naming what is wrong, LimitExceededError, and as parseQueryBody
 */
export function parseExpRequest(text: string, now: number, limits: Limits): ExpRequest {
  const body = parseObject(text)
  const time = readTime(body)
  const metrics = objectsAt(body, 'metrics').map(readMetric)
  if (metrics.length === 0) throw new BadExpressionError('missing or empty metrics')
  const written = objectsAt(body, 'expressions')
  if (written.length === 0) throw new BadExpressionError('missing or empty expressions')
  if (written.length > limits.expressions) {
    throw new LimitExceededError('expressions', limits.expressions, written.length, 'expressions')
  }
  const expressions = written.map((each) => readExpression(each, limits))
  checkIds([...metrics, ...expressions])
  const query = parseQueryBody(JSON.stringify(queryOf(time, metrics, readFilters(body))), now)
  return {
    body,
    query,
    metrics,
    expressions: inOrderOfUse(metrics, expressions),
    outputs: readOutputs(body, expressions),
  }
}

interface ExpTime {
  readonly start: string
  readonly end: string | undefined
  readonly timezone: string | undefined
  readonly aggregator: string
  readonly downsample: string | undefined
  readonly rate: boolean
}

function readTime(body: Fields): ExpTime {
  if (body.time === undefined || body.time === null) throw new BadExpressionError('missing time')
  const time = fieldsOf(body.time, 'time')
  const start = textAt(time, 'start')
  if (start === undefined) throw new BadExpressionError('missing or empty start')
  const aggregator = textAt(time, 'aggregator')
  if (aggregator === undefined) throw new BadExpressionError('Missing or empty aggregator')
  return {
    start,
    end: textAt(time, 'end'),
    timezone: textAt(time, 'timezone'),
    aggregator,
    downsample: readDownsampler(time),
    rate: flagAt(time, 'rate', false),
  }
}

/** The downsampler in the form that other queries have it; what fills its gaps is each metric's own business. */
function readDownsampler(time: Fields): string | undefined {
  if (time.downsampler === undefined || time.downsampler === null) return undefined
  const downsampler = fieldsOf(time.downsampler, 'downsampler')
  const [interval, aggregator] = [textAt(downsampler, 'interval'), textAt(downsampler, 'aggregator')]
  if (interval === undefined) throw new BadExpressionError('Missing or empty interval')
  if (aggregator === undefined) throw new BadExpressionError('Missing or empty aggregator')
  fillAt(downsampler)
  return `${interval}-${aggregator}`
}

function readMetric(fields: Fields): ExpMetric {
  const id = readId(fields)
  const metric = textAt(fields, 'metric')
  if (metric === undefined) throw new BadExpressionError(`missing or empty metric of ${id}`)
  if (textAt(fields, 'timeOffset') !== undefined) throw new NotBuiltYetError('The field timeOffset')
  const [filter, aggregator] = [textAt(fields, 'filter'), textAt(fields, 'aggregator')]
  return { id, metric, filter, aggregator, fill: fillAt(fields) }
}

function readExpression(fields: Fields, limits: Limits): ExpExpression {
  const id = readId(fields)
  const text = textAt(fields, 'expr')
  if (text === undefined) throw new BadExpressionError(`missing or empty expr of ${id}`)
  return { id, formula: parseFormula(text, limits), join: readJoin(fields), fill: fillAt(fields) }
}

function readJoin(fields: Fields): Join {
  if (fields.join === undefined || fields.join === null) {
    return { operator: 'union', useQueryTags: false, includeAggTags: true }
  }
  const join = fieldsOf(fields.join, 'join')
  const operator = textAt(join, 'operator')?.toLowerCase()
  if (operator !== 'union' && operator !== 'intersection') {
    throw new BadExpressionError(`The operator of join must be union or intersection, it is ${operator ?? 'missing'}`)
  }
  return {
    operator,
    useQueryTags: flagAt(join, 'useQueryTags', false),
    includeAggTags: flagAt(join, 'includeAggTags', true),
  }
}

function readOutputs(body: Fields, expressions: readonly ExpExpression[]): ExpOutput[] {
  const outputs = objectsAt(body, 'outputs').map((each) => ({ id: readId(each), alias: textAt(each, 'alias') }))
  return outputs.length > 0 ? outputs : expressions.map(({ id }) => ({ id, alias: undefined }))
}

/** The filters by their ids, as other queries have them. */
function readFilters(body: Fields): ReadonlyMap<string, { filters: unknown; explicitTags: boolean }> {
  const filters = new Map<string, { filters: unknown; explicitTags: boolean }>()
  for (const fields of objectsAt(body, 'filters')) {
    const id = readId(fields)
    if (filters.has(id)) throw new BadExpressionError(`duplicated filter id: ${id}`)
    filters.set(id, { filters: objectsAt(fields, 'tags'), explicitTags: flagAt(fields, 'explicitTags', false) })
  }
  return filters
}

/** An ordinary query's body with a sub-query for each metric. */
function queryOf(
  { start, end, timezone, aggregator, downsample, rate }: ExpTime,
  metrics: readonly ExpMetric[],
  filters: ReturnType<typeof readFilters>,
): unknown {
  return {
    start,
    end,
    timezone,
    queries: metrics.map((one) => {
      const filter = one.filter === undefined ? undefined : filters.get(one.filter)
      if (one.filter !== undefined && filter === undefined) {
        throw new BadExpressionError(`unrecognized filter id ${one.filter} in metric ${one.id}`)
      }
      return { metric: one.metric, aggregator: one.aggregator ?? aggregator, downsample, rate, ...filter }
    }),
  }
}

/** An id is what formulas can name: letters and digits, not one digit alone. */
function readId(fields: Fields): string {
  const id = textAt(fields, 'id')
  if (id === undefined) throw new BadExpressionError('missing or empty id')
  if (!/^[A-Za-z0-9]+$/.test(id) || /^\d$/.test(id)) {
    throw new BadExpressionError(`Invalid id ("${id}"): it must be letters and digits, and not one digit alone`)
  }
  return id
}

function checkIds(variables: readonly { readonly id: string }[]): void {
  const seen = new Set<string>()
  for (const { id } of variables) {
    if (seen.has(id)) throw new BadExpressionError(`Duplicated variable or expression id: ${id}`)
    seen.add(id)
  }
}

/** Puts each expression after those that it uses. @throws BadExpressionError where one is missing or uses itself */
function inOrderOfUse(metrics: readonly ExpMetric[], expressions: readonly ExpExpression[]): ExpExpression[] {
  const byId = new Map(expressions.map((each) => [each.id, each]))
  const done = new Set(metrics.map(({ id }) => id))
  const under = new Set<string>()
  const ordered: ExpExpression[] = []
  const visit = (expression: ExpExpression): void => {
    const { id, formula } = expression
    if (under.has(id)) throw new BadExpressionError(`Circular reference found: ${id}`)
    under.add(id)
    for (const name of formula.variables) {
      if (done.has(name)) continue
      const used = byId.get(name)
      if (used === undefined) throw new BadExpressionError(`Expression [${formula.text}] was missing input ${name}`)
      visit(used)
    }
    done.add(id)
    ordered.push(expression)
  }
  for (const each of expressions) if (!done.has(each.id)) visit(each)
  return ordered
}
