import { type Grant, isLimited } from '../lib/access/grant.ts'
import { BadRequestError } from '../lib/model/errors.ts'
import { parseQueryBody, parseQueryParameters, type Query, runQuery, serialise } from '../lib/query/index.ts'
import { withoutNaN } from '../lib/query/numbers-alone.ts'
import type { QueryAnswer } from '../lib/query/run.ts'
import type { HttpAnswer, HttpRequest } from './http/index.ts'
import { type Preferences, preferencesApplied, readPreferences } from './http/preferences.ts'
import { serialiserOf, seriesOf } from './plugins/serialisers.ts'
import { queryDeps } from './query-deps.ts'
import { QueryLog } from './query-log.ts'

/** Answers /api/query: a POST's body or a GET's parameters. */
export async function answerQuery(request: HttpRequest): Promise<HttpAnswer> {
  const notes = new QueryLog(request.requestId)
  try {
    const serialiser = serialiserOf(request.query.get('serializer'))
    const preferences = preferencesOf(request)
    const query = parseQuery(request, preferences)
    notes.asked(query)
    const deps = queryDeps(request.grant)
    const whole = await runQuery({ ...deps, onUsage: (usage) => notes.used(usage) }, query)
    const answer = preferences.omitNaN ? withoutNaN(whole) : whole
    if (serialiser !== undefined) {
      const headers = { 'content-type': serialiser.contentType }
      return { status: 200, headers, body: notes.answering(serialiser.serialise(seriesOf(answer))) }
    }
    const options = { ...query, arrays: request.query.has('arrays'), maxLength: deps.limits.answerBytes }
    const answered = jsonp(notes.answering(serialise(answer, options)), request.query.get('jsonp'))
    return { ...answered, headers: { ...answered.headers, ...preferencesApplied(preferences) } }
  } catch (error) {
    notes.failed(error)
    throw error
  }
}

/** Who is limited to some metrics is not shown annotations that belong to none; what is but preferred is then no reason to refuse. */
function preferencesOf({ headers, grant }: HttpRequest): Preferences {
  const preferences = readPreferences(headers.prefer)
  return { ...preferences, globalAnnotations: preferences.globalAnnotations && !isLimited(grant) }
}

/** Of other methods OpenTSDB looks at the one that was sent, and so would answer as if points were deleted. */
function refuseDeletion({ query }: HttpRequest): void {
  if (query.get('method_override')?.toUpperCase() !== 'DELETE') return
  throw new BadRequestError('query.override', 'The parameter method_override=delete is not allowed here', {
    details: 'Points are deleted by DELETE /api/query',
  })
}

function parseQuery(request: HttpRequest, preferences: Preferences): Query {
  refuseDeletion(request)
  const now = Date.now()
  const query =
    request.method === 'POST' ? parseQueryBody(request.body(), now) : parseQueryParameters(request.query, now)
  return preferences.globalAnnotations ? { ...query, globalAnnotations: true } : query
}

/** Runs a query on this instance's store, within its limits. */
export function runParsedQuery(query: Query, grant: Grant): Promise<QueryAnswer> {
  return runQuery(queryDeps(grant), query)
}

/**
 * With `jsonp=NAME`, which pages of other origins use, JSON becomes a call of that function.
 * @param body pieces of JSON
 */
export function jsonp(body: Iterable<string>, callback: string | null): HttpAnswer {
  if (callback === null) return { status: 200, body }
  if (!/^[\w$.]{1,128}$/.test(callback)) {
    throw new BadRequestError('query.jsonp', 'The parameter jsonp must be the name of a function')
  }
  const headers = { 'content-type': 'application/javascript; charset=UTF-8' }
  return { status: 200, headers, body: called(callback, body) }
}

function* called(callback: string, body: Iterable<string>): Generator<string, void, undefined> {
  yield `${callback}(`
  yield* body
  yield ')'
}
