import { NotSignedInError } from '../../lib/access/errors.ts'
import { TsdbError, UnavailableError } from '../../lib/model/errors.ts'
import { StoreUnavailableError } from '../../lib/store/errors.ts'
import type { HttpAnswer } from './types.ts'

/** RFC 9110, 11.6.1: the ways to sign in. */
const SIGN_IN = 'Bearer realm="tsdb", Basic realm="tsdb", charset="UTF-8"'

/**
 * An error as OpenTSDB's clients read it: `{"error":{"code","message","details"}}`. The one place that knows this shape.
 *
 * Errors made on purpose say what they are. Anything else may hold secrets or stack traces, so it becomes a bland 500
 * with the request's id, under which the log has the rest.
 *
 * @param requestId the id of the invocation, for unknown errors
 */
export function errorBody(error: unknown, requestId: string): HttpAnswer {
  if (!(error instanceof TsdbError) || error.statusCode === 500) {
    return answerOf(500, 'Internal error', `The request's id is ${requestId}`)
  }
  const answer = answerOf(error.statusCode, shortened(error.message), detailsFor(error))
  if (error instanceof NotSignedInError) return { ...answer, headers: { 'www-authenticate': SIGN_IN } }
  if (!(error instanceof UnavailableError)) return answer
  return { ...answer, headers: { 'retry-after': String(error.retryAfter) } }
}

/**
 * What a client is told beside the message. Not why a store is away: AWS's own words name tables, accounts and addresses, which are the
 * log's to have.
 */
export function detailsFor(error: TsdbError): string | undefined {
  if (error instanceof StoreUnavailableError) return undefined
  return error.details === undefined ? undefined : shortened(error.details)
}

/** Messages show what was sent, which may be as long as a body. */
const MOST_CHARACTERS = 10_000

function shortened(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}...`
}

function answerOf(status: number, message: string, details: string | undefined): HttpAnswer {
  return { status, body: JSON.stringify({ error: { code: status, message, details } }) }
}
