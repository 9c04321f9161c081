import { KIND_FLOAT, type PointColumns, PointColumnsBuilder } from '../model/points.ts'
import type { UidWidths } from '../model/series.ts'
import { integerAt, isFloat } from '../query/columns.ts'
import { QueryTooLargeError } from '../query/errors.ts'
import type { QueryResult } from '../query/run.ts'
import { BadExpressionError } from './errors.ts'
import { evaluateJoined } from './evaluate.ts'
import { formulaSeries, type JoinedSeries, joinSeries } from './join.ts'
import { movingAverage, parseWindow } from './moving-average.ts'

/** What functions need besides their series. */
export interface FunctionContext {
  readonly widths: UidWidths
  /** Points that a function may make or look at. */
  readonly maxPoints: number
}

type GexpFunction = (
  inputs: readonly (readonly QueryResult[])[],
  parameters: readonly string[],
  context: FunctionContext,
) => QueryResult[]

/** The functions by name. */
export const FUNCTIONS: ReadonlyMap<string, GexpFunction> = new Map<string, GexpFunction>([
  ['scale', scale],
  ['absolute', absolute],
  ['alias', alias],
  ['movingAverage', average],
  ['highestMax', highest(greatestOf)],
  ['highestCurrent', highest(latestOf)],
  ['sumSeries', combine((a, b) => a + b)],
  ['diffSeries', combine((a, b) => a - b)],
  ['multiplySeries', combine((a, b) => a * b)],
  ['divideSeries', combine((a, b) => (b === 0 ? 0 : a / b))],
  ['timeShift', refuseShift],
  ['shift', refuseShift],
])

/** `scale(SERIES, 2.5)`: an integer times a whole number stays a 64-bit integer. */
function scale(inputs: readonly (readonly QueryResult[])[], [text]: readonly string[]): QueryResult[] {
  if (text === undefined) throw new BadExpressionError('Missing scaling factor')
  const factor = /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(factor)) throw new BadExpressionError(`Unparseable scale factor value: ${text}`)
  const whole = Number.isInteger(factor) ? BigInt(factor) : undefined
  return inputs.flat().map((one) => ({
    ...one,
    points: mapValues(
      one.points,
      (value) => factor * value,
      whole === undefined ? undefined : (value) => whole * value,
    ),
  }))
}

/** `absolute(SERIES)`. */
function absolute([input = []]: readonly (readonly QueryResult[])[]): QueryResult[] {
  return input.map((one) => ({
    ...one,
    points: mapValues(one.points, Math.abs, (value) => (value < 0n ? -value : value)),
  }))
}

/** `alias(SERIES, name-of-@host)`: the name instead of metric and tags, each `@KEY` in it replaced by that tag's value. */
function alias([input = []]: readonly (readonly QueryResult[])[], parameters: readonly string[]): QueryResult[] {
  if (parameters.length === 0) throw new BadExpressionError('Missing the alias')
  return input.map((one) => ({
    ...one,
    metric: Object.entries(one.tags).reduce(
      (name, [key, value]) => name.replaceAll(`@${key}`, () => value),
      parameters.join(),
    ),
    tags: {},
    aggregateTags: [],
  }))
}

/** `movingAverage(SERIES, 10)` or `movingAverage(SERIES, '10min')`. */
function average(
  inputs: readonly (readonly QueryResult[])[],
  [text]: readonly string[],
  { maxPoints }: FunctionContext,
): QueryResult[] {
  const window = parseWindow(text)
  let spent = 0
  const spend = (points: number) => {
    spent += points
    if (spent > maxPoints) throw new QueryTooLargeError('queryPoints', maxPoints, 'points')
  }
  return inputs.flat().map((one) => ({ ...one, points: movingAverage(one.points, window, spend) }))
}

/** `highestMax(SERIES, 5)` and its like: the series for which `measure` is highest, the highest first. */
function highest(measure: (points: PointColumns) => number): GexpFunction {
  return (inputs, [text]) => {
    if (text === undefined) throw new BadExpressionError('Missing top n value (number of series to return)')
    if (!/^\d{1,9}$/.test(text)) throw new BadExpressionError(`Unparseable top n value: ${text}`)
    if (Number(text) < 1) throw new BadExpressionError(`Top n value must be greater than zero: ${text}`)
    const measured = inputs.flat().map((series) => ({ series, by: measure(series.points) }))
    measured.sort((a, b) => (a.by === b.by ? 0 : b.by - a.by))
    return measured.slice(0, Number(text)).map(({ series }) => series)
  }
}

function greatestOf({ count, values }: PointColumns): number {
  let greatest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < count; i++) if (values[i]! > greatest) greatest = values[i]!
  return greatest
}

function latestOf({ count, values }: PointColumns): number {
  for (let i = count - 1; i >= 0; i--) if (!Number.isNaN(values[i]!)) return values[i]!
  return Number.NEGATIVE_INFINITY
}

/** OpenTSDB compiles these to formulas of a to z. */
const MOST_INPUTS = 26

/**
 * `sumSeries(SERIES, SERIES, ...)` and its like: series with the same tags become one; what one lacks, and NaN, counts as 0.
 * @param fold of two values
 */
function combine(fold: (a: number, b: number) => number): GexpFunction {
  return (inputs, _parameters, { widths, maxPoints }) => {
    if (inputs.length < 2 || inputs.length > MOST_INPUTS) {
      throw new BadExpressionError(`Must have 2 to ${MOST_INPUTS} series, got ${inputs.length} instead`)
    }
    const results = inputs.flat()
    const joined = joinSeries(
      inputs.map((series) => formulaSeries(series, widths)),
      { operator: 'union', useQueryTags: false, includeAggTags: false },
      widths,
    )
    const compute = (values: Float64Array) => values.reduce(fold)
    const fills = new Array<number>(inputs.length).fill(0)
    // One by one: unlike those of a formula, each has points at its own times alone.
    return joined.flatMap((one) =>
      evaluateJoined([one], compute, fills, maxPoints).map(({ points }) => describe(one, results[0]!, points)),
    )
  }
}

/** What is combined has the metric with the least UID; the sub-query is the first one's. */
function describe(
  { metrics, tags, aggregateTags, tsuids }: JoinedSeries,
  like: QueryResult,
  points: PointColumns,
): QueryResult {
  const [metric = like.metric] = metrics.values()
  return { ...like, metric, tags, aggregateTags, tsuids, points, annotations: [], combined: true }
}

/** OpenTSDB takes the closing quote for a part of the unit, which it then does not know: no call of it ever passes. */
function refuseShift(_inputs: readonly (readonly QueryResult[])[], [text]: readonly string[]): never {
  if (text === undefined) throw new BadExpressionError('Need amount of timeshift to perform timeshift')
  const [, unit] = /^'\d+(.*)$/.exec(text) ?? []
  if (unit === undefined) throw new BadExpressionError(`Invalid timeshift='${text}'`)
  throw new BadExpressionError(`unknown time unit=${unit}`, 'OpenTSDB 2.4 knows no unit that can be written here')
}

/** @param ofInteger what becomes of integers, in 64 bits, which wrap; undefined: they become doubles */
function mapValues(
  points: PointColumns,
  ofDouble: (value: number) => number,
  ofInteger: ((value: bigint) => bigint) | undefined,
): PointColumns {
  const mapped = new PointColumnsBuilder(points.count)
  for (let i = 0; i < points.count; i++) {
    const [time, value] = [points.times[i]!, points.values[i]!]
    if (isFloat(points, i) || ofInteger === undefined) mapped.push(time, ofDouble(value), KIND_FLOAT)
    else mapped.pushInteger(time, BigInt.asIntN(64, ofInteger(integerAt(points, i))), 0)
  }
  return mapped
}
