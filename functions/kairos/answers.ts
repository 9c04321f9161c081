import { KairosRequestError } from '../../lib/kairos/errors.ts'
import { OwnServiceError } from '../../lib/kairos/metadata.ts'
import { TsdbError, UnavailableError } from '../../lib/model/errors.ts'
import { detailsFor, type HttpAnswer } from '../http/index.ts'
import { logUnavailable } from '../log.ts'

/** An answer that tells what is wrong as KairosDB's clients read it: `{"errors":["...","..."]}`. */
export function errorsAnswer(
  status: number,
  errors: readonly string[],
  headers?: Readonly<Record<string, string>>,
): HttpAnswer {
  return { status, body: JSON.stringify({ errors }), ...(headers && { headers }) }
}

/**
 * Makes errors that are made on purpose answers in KairosDB's form, which is no word at all for metadata of its own, also where the answer is
 * already being sent. Others go through, to be logged and to become a bland 500.
 * @param run what answers a request
 */
export function answeringKairos<A extends readonly unknown[]>(
  run: (...args: A) => HttpAnswer | Promise<HttpAnswer>,
): (...args: A) => Promise<HttpAnswer> {
  return async (...args) => {
    try {
      return { ...(await run(...args)), failing: told }
    } catch (error) {
      const answer = told(error)
      if (answer === undefined) throw error
      return answer
    }
  }
}

/** An error in KairosDB's form; undefined of one that nobody made on purpose. */
function told(error: unknown): HttpAnswer | undefined {
  if (!(error instanceof TsdbError) || error.statusCode === 500) return undefined
  if (error instanceof OwnServiceError) return { status: error.statusCode }
  logUnavailable(error)
  const { message } = error
  const details = detailsFor(error)
  const errors =
    error instanceof KairosRequestError ? error.errors : [details === undefined ? message : `${message}. ${details}`]
  const again = error instanceof UnavailableError ? { 'retry-after': String(error.retryAfter) } : undefined
  return errorsAnswer(error.statusCode, errors, again)
}
