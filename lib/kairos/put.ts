import { type PutDeps, type PutReport, type PutRequest, storePut } from '../ingest/put.ts'
import { parseKairosPut } from './put-json.ts'

/** What became of a put to KairosDB's API. */
export interface KairosPutReport {
  /** What is wrong with the points that were not taken, in KairosDB's words. */
  readonly errors: readonly string[]
  /** Of the points that were. */
  readonly stored: PutReport
}

/**
 * Checks the points of a request and puts the good ones on the stream, as put of lib/ingest does with OpenTSDB's.
 * @param now milliseconds since 1970, from which `ttl` counts
 * @throws LimitExceededError, StreamRefusedError
 */
export async function putKairos(
  deps: PutDeps,
  { text, mayPut, syncTimeoutMs }: PutRequest,
  now: number,
): Promise<KairosPutReport> {
  const begun = performance.now()
  const { batch, errors } = parseKairosPut(text, deps.limits, now, mayPut)
  const parsed = { batch, received: batch.points.count, errors: [], goodIndexes: undefined }
  return { errors, stored: await storePut(deps, parsed, syncTimeoutMs, begun) }
}
