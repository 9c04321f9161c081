import { LimitExceededError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { BadQueryError } from '../query/errors.ts'
import type { Query } from '../query/model.ts'
import { parseQueryParameters } from '../query/request.ts'
import { type QueryAnswer, type QueryDeps, type QueryResult, runQuery } from '../query/run.ts'
import { BadExpressionError } from './errors.ts'
import { FUNCTIONS, type FunctionContext } from './functions.ts'
import { type Call, parseCall } from './gexp-parse.ts'

/** What GET /api/query/gexp asks for. */
export interface GexpRequest {
  /** Its sub-queries are those of the calls, in the order in which they are written. */
  readonly query: Query
  readonly calls: readonly Call[]
}

/**
 * Reads the query string of GET /api/query/gexp: as that of /api/query, with `exp` instead of `m`.
 * @param now milliseconds since 1970
 * @throws BadExpressionError naming what is wrong, LimitExceededError, and as parseQueryParameters
 */
export function parseGexpParameters(parameters: URLSearchParams, now: number, limits: Limits): GexpRequest {
  const texts = parameters.getAll('exp')
  if (texts.length === 0) throw new BadQueryError('Missing sub queries')
  if (texts.length > limits.expressions) {
    throw new LimitExceededError('expressions', limits.expressions, texts.length, 'expressions')
  }
  const calls = texts.map((text) => parseCall(text, limits))
  calls.forEach(checkNames)
  const asQuery = new URLSearchParams(parameters)
  for (const name of ['exp', 'm', 'tsuid']) asQuery.delete(name)
  for (const metric of calls.flatMap(metricsOf)) asQuery.append('m', metric)
  return { query: parseQueryParameters(asQuery, now), calls }
}

function checkNames({ name, inputs }: Call): void {
  if (!FUNCTIONS.has(name)) {
    throw new BadExpressionError(
      `Function ${name} has not been implemented`,
      `There are ${[...FUNCTIONS.keys()].join(', ')}`,
    )
  }
  for (const input of inputs) if (typeof input !== 'string') checkNames(input)
}

/** The metric queries of a call and those in it, in the order in which they are written. */
function metricsOf(call: Call): string[] {
  return call.inputs.flatMap((input) => (typeof input === 'string' ? [input] : metricsOf(input)))
}

/**
 * Answers a gexp query, in the form of an ordinary one's answer: reads all metrics as an ordinary query does, and calls the functions on them.
 * @throws BadExpressionError where a function can't take what it is given; QueryTooLargeError; as runQuery
 */
export async function runGexp(deps: QueryDeps, { query, calls }: GexpRequest): Promise<QueryAnswer> {
  const answer = await runQuery(deps, query)
  const context = { widths: deps.names.widths, maxPoints: deps.limits.queryPoints }
  let index = 0
  const nextMetric = () => {
    const own = index++
    return answer.results.filter((result) => result.query.index === own)
  }
  return { ...answer, results: calls.flatMap((call) => evaluate(call, nextMetric, context)) }
}

function evaluate(call: Call, nextMetric: () => QueryResult[], context: FunctionContext): QueryResult[] {
  const run = FUNCTIONS.get(call.name)
  if (run === undefined) throw new Error(`BUG: ${call.name} was not checked`)
  const inputs = call.inputs.map((input) =>
    typeof input === 'string' ? nextMetric() : evaluate(input, nextMetric, context),
  )
  return run(inputs, call.parameters, context)
}
