import type { QueryDeps } from '../query/run.ts'
import { runQuery } from '../query/run.ts'
import { evaluateJoined } from './evaluate.ts'
import type { ExpRequest } from './exp-request.ts'
import { type FormulaSeries, formulaSeries, joinSeries } from './join.ts'

/** The series of a variable of an expression query. */
export interface ExpVariable {
  readonly id: string
  /** Whether it was computed, and not read. */
  readonly computed: boolean
  readonly series: readonly FormulaSeries[]
}

/** What stands for a point that a metric lacks, where its fill policy does not say. */
const METRIC_FILL = 0
/** What stands for one that an expression lacks. */
const EXPRESSION_FILL = Number.NaN

/**
 * Answers an expression query: reads the metrics as an ordinary query does, and computes the expressions over them.
 * @returns every variable by its id
 * @throws BadExpressionError where series can't be joined or computed with; QueryTooLargeError; as runQuery
 */
export async function runExpressions(deps: QueryDeps, request: ExpRequest): Promise<ReadonlyMap<string, ExpVariable>> {
  const { results } = await runQuery(deps, request.query)
  const { widths } = deps.names
  const variables = new Map<string, ExpVariable>()
  const fills = new Map<string, number>()
  for (const [index, { id, fill }] of request.metrics.entries()) {
    const own = results.filter(({ query }) => query.index === index)
    variables.set(id, { id, computed: false, series: formulaSeries(own, widths) })
    fills.set(id, fill?.value ?? METRIC_FILL)
  }
  for (const { id, formula, join, fill } of request.expressions) {
    const joined = joinSeries(
      formula.variables.map((name) => variables.get(name)?.series ?? []),
      join,
      widths,
    )
    const series = evaluateJoined(
      joined,
      formula.evaluate,
      formula.variables.map((name) => fills.get(name) ?? EXPRESSION_FILL),
      deps.limits.queryPoints,
    )
    variables.set(id, { id, computed: true, series })
    fills.set(id, fill?.value ?? EXPRESSION_FILL)
  }
  return variables
}
