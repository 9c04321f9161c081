import { BadRequestError } from '../lib/model/errors.ts'
import {
  parseQueryBody,
  parseQueryParameters,
  type Query,
  runQuery,
  type SeriesSource,
  StoredSeriesSource,
  serialise,
} from '../lib/query/index.ts'
import type { QueryAnswer } from '../lib/query/run.ts'
import { readConfig } from './config.ts'
import type { HttpAnswer, HttpRequest } from './http/index.ts'
import { sharedStore } from './store.ts'

let source: SeriesSource | undefined

/** What queries of this instance read from, with what it remembers from one to the next. */
function sharedSource(): SeriesSource {
  source ??= new StoredSeriesSource(sharedStore(), readConfig().uidWidths)
  return source
}

/** Answers /api/query: a POST's body or a GET's parameters. */
export async function answerQuery(request: HttpRequest): Promise<HttpAnswer> {
  const { limits } = readConfig()
  const now = Date.now()
  const query =
    request.method === 'POST' ? parseQueryBody(request.body(), now) : parseQueryParameters(request.query, now)
  const answer = await runParsedQuery(query)
  const body = serialise(answer, { ...query, arrays: request.query.has('arrays'), maxLength: limits.answerBytes })
  return jsonp(body, request.query.get('jsonp'))
}

/** Runs a query on this instance's store, within its limits. */
export function runParsedQuery(query: Query): Promise<QueryAnswer> {
  const { uids, annotations } = sharedStore()
  const { limits } = readConfig()
  return runQuery({ names: uids, source: sharedSource(), annotations, limits, clock: Date.now }, query)
}

/** With `jsonp=NAME`, which pages of other origins use, JSON becomes a call of that function. */
export function jsonp(body: string, callback: string | null): HttpAnswer {
  if (callback === null) return { status: 200, body }
  if (!/^[\w$.]{1,128}$/.test(callback)) {
    throw new BadRequestError('query.jsonp', 'The parameter jsonp must be the name of a function')
  }
  const headers = { 'content-type': 'application/javascript; charset=UTF-8', 'x-content-type-options': 'nosniff' }
  return { status: 200, headers, body: `${callback}(${body})` }
}
