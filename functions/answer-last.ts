import { lastPoints } from '../lib/query/last.ts'
import { parseLastBody, parseLastParameters } from '../lib/query/last-request.ts'
import type { HttpAnswer, HttpRequest } from './http/index.ts'
import { queryDeps } from './query-deps.ts'
import { sharedStore } from './store.ts'

/** Answers GET and POST /api/query/last. */
export async function answerLast(request: HttpRequest): Promise<HttpAnswer> {
  const query = request.method === 'POST' ? parseLastBody(request.body()) : parseLastParameters(request.query)
  const points = await lastPoints({ ...queryDeps(), index: sharedStore().index }, query)
  return { status: 200, body: JSON.stringify(points) }
}
