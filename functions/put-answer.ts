import type { PutReport } from '../lib/ingest/put.ts'
import { PointsRefusedError } from '../lib/ingest/put-errors.ts'
import type { PointError } from '../lib/ingest/put-json.ts'
import { PointsNotStoredError, PutTimedOutError } from '../lib/ingest/stream-errors.ts'
import type { HttpAnswer } from './http/index.ts'

/** What a put asks to be told. */
export interface PutFlags {
  /** The bad points, one by one. */
  readonly details: boolean
  /** How many were stored and how many not. */
  readonly summary: boolean
  /** It named its own time limit for waiting; then OpenTSDB counts time-outs even if there are none. */
  readonly countTimeouts: boolean
}

/** Characters of listed errors: Lambda's answers end at 6 MB, and each character may take more than a byte. */
const LISTED_CHARACTERS = 2_000_000

/**
 * The answer to a put, in OpenTSDB's form. A point that could be stored by sending the request again makes it a 503, which
 * clients do send again; OpenTSDB says 400 there, and clients drop the points.
 *
 * @throws PointsRefusedError, PointsNotStoredError, PutTimedOutError where the request asked for neither details nor summary
 */
export function putAnswer(report: PutReport, flags: PutFlags): HttpAnswer {
  const { received, stored, refused, unavailable, timedOut } = report
  const failed = refused + unavailable
  const again = unavailable > 0 || timedOut > 0
  if (!flags.details && !flags.summary) {
    if (timedOut > 0) throw new PutTimedOutError(stored, failed, timedOut)
    if (unavailable > 0) throw new PointsNotStoredError(unavailable, received)
    if (refused > 0) throw new PointsRefusedError()
    return { status: 204 }
  }
  const fields = [`"success":${stored}`, `"failed":${failed}`]
  if (flags.countTimeouts || timedOut > 0) fields.push(`"timeouts":${timedOut}`)
  if (flags.details) fields.push(`"errors":[${listed(report.errors).join(',')}]`)
  return {
    status: again ? 503 : failed > 0 ? 400 : 200,
    ...(again && { headers: { 'retry-after': '1' } }),
    body: `{${fields.join(',')}}`,
  }
}

/** The errors as JSON texts; what would make the answer too long is counted at the end. */
function listed(errors: readonly PointError[]): string[] {
  const texts: string[] = []
  let characters = 0
  for (const { datapoint, message } of errors) {
    const text = `{"datapoint":${datapoint},"error":${JSON.stringify(message)}}`
    characters += text.length
    if (characters > LISTED_CHARACTERS) {
      const more = `${errors.length - texts.length} more errors are not listed: the answer would be too long`
      texts.push(`{"datapoint":null,"error":${JSON.stringify(more)}}`)
      break
    }
    texts.push(text)
  }
  return texts
}
