import { lastPoints } from '../lib/query/last.ts'
import { parseLastBody, parseLastParameters } from '../lib/query/last-request.ts'
import type { HttpAnswer, HttpRequest } from './http/index.ts'
import { permitMetric } from './permit.ts'
import { queryDeps } from './query-deps.ts'
import { sharedStore } from './store.ts'

/** Answers GET and POST /api/query/last. */
export async function answerLast(request: HttpRequest): Promise<HttpAnswer> {
  const query = request.method === 'POST' ? parseLastBody(request.body()) : parseLastParameters(request.query)
  for (const asked of query.queries) permitMetric(request.grant, 'metric' in asked ? asked.metric : undefined)
  const points = await lastPoints({ ...queryDeps(request.grant), index: sharedStore().index }, query)
  return { status: 200, body: JSON.stringify(points) }
}
