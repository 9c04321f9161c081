import { runExpressions } from '../lib/expression/exp.ts'
import { serialiseExp } from '../lib/expression/exp-answer.ts'
import { parseExpRequest } from '../lib/expression/exp-request.ts'
import { parseGexpParameters, runGexp } from '../lib/expression/gexp.ts'
import { serialise } from '../lib/query/index.ts'
import { jsonp } from './answer-query.ts'
import type { HttpAnswer, HttpRequest } from './http/index.ts'
import { queryDeps } from './query-deps.ts'

/** Answers POST /api/query/exp. */
export async function answerExp(request: HttpRequest): Promise<HttpAnswer> {
  const deps = queryDeps(request.grant)
  const parsed = parseExpRequest(request.body(), deps.clock(), deps.limits)
  const variables = await runExpressions(deps, parsed)
  return { status: 200, body: serialiseExp(parsed, variables, deps.limits.answerBytes) }
}

/** Answers GET /api/query/gexp. */
export async function answerGexp(request: HttpRequest): Promise<HttpAnswer> {
  const deps = queryDeps(request.grant)
  const parsed = parseGexpParameters(request.query, deps.clock(), deps.limits)
  const answer = await runGexp(deps, parsed)
  const options = { ...parsed.query, arrays: request.query.has('arrays'), maxLength: deps.limits.answerBytes }
  return jsonp(serialise(answer, options), request.query.get('jsonp'))
}
