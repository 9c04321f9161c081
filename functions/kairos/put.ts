import type { PutDeps, PutReport, PutRequest } from '../../lib/ingest/put.ts'
import { putKairos } from '../../lib/kairos/put.ts'
import type { HttpAnswer } from '../http/index.ts'
import { answeringKairos, errorsAnswer } from './answers.ts'

/** Whether a put is one to KairosDB's API. @param path as sent */
export function isKairosPut(path: string): boolean {
  return /^\/api\/v1\/datapoints\/*$/.test(path)
}

/**
 * POST /api/v1/datapoints. Points that could be stored by sending the request again make it a 503, bad ones a 400; the good
 * ones beside them are stored.
 * @param read reads the body, and throws where it can't be read
 * @param countPoints told what became of the points
 */
export const answerKairosPut = answeringKairos(answerPut)

async function answerPut(
  deps: PutDeps,
  read: () => PutRequest,
  countPoints: (report: PutReport) => void,
): Promise<HttpAnswer> {
  const { errors, stored } = await putKairos(deps, read(), Date.now())
  countPoints({ ...stored, refused: stored.refused + errors.length })
  const all = [...errors, ...new Set(stored.errors.map(({ message }) => message))]
  if (stored.unavailable > 0 || stored.timedOut > 0) return errorsAnswer(503, all, { 'retry-after': '1' })
  return all.length > 0 ? errorsAnswer(400, shortened(all)) : { status: 204 }
}

/** Errors that are listed: Lambda's answers end at 6 MB. */
const LISTED_ERRORS = 1000

function shortened(errors: readonly string[]): readonly string[] {
  if (errors.length <= LISTED_ERRORS) return errors
  return [...errors.slice(0, LISTED_ERRORS), `${errors.length - LISTED_ERRORS} more errors are not listed`]
}
