import { type AckReader, type PutReport, type PutRequest, put } from '../lib/ingest/put.ts'
import { BadSyncTimeoutError } from '../lib/ingest/put-errors.ts'
import { AckStore } from '../lib/store/ack.ts'
import { readConfig } from './config.ts'
import { openDynamo } from './dynamo.ts'
import { type HttpAnswer, type HttpRequest, httpHandler, MethodNotAllowedError } from './http/index.ts'
import { answerKairosPut, isKairosPut } from './kairos/put.ts'
import { metered } from './metered.ts'
import { count } from './metrics.ts'
import { putRule } from './permit.ts'
import { putAnswer } from './put-answer.ts'
import { sharedStream } from './stream.ts'

const ACK_DEADLINE_MS = 2_000

let acks: AckReader | undefined

/** Acknowledgements alone, not the whole store: most puts do not wait, and the bundle stays small. */
function sharedAcks(): AckReader {
  acks ??= new AckStore(openDynamo(ACK_DEADLINE_MS), readConfig().tables.meta)
  return acks
}

/** POST /api/put and POST /api/v1/datapoints: docs/api/put.md and docs/api/kairos.md. */
export const handler = metered(httpHandler(answerPut))

async function answerPut(request: HttpRequest): Promise<HttpAnswer> {
  if (request.method !== 'POST') throw new MethodNotAllowedError(request.method)
  const { limits, syncTimeoutMs } = readConfig()
  const { query } = request
  // presence counts, as in OpenTSDB: ?sync, ?sync=true and ?sync=false say the same
  const timeoutMs = query.has('sync') ? waitMs(query.get('sync_timeout'), syncTimeoutMs) : undefined
  const deps = { stream: sharedStream(), acks: sharedAcks, limits }
  // Read by who answers, since a body that can't be read is told in the form of the API.
  const read = (): PutRequest => ({
    text: request.body(),
    ...putRule(request.grant),
    ...(timeoutMs !== undefined && { syncTimeoutMs: timeoutMs }),
  })
  if (isKairosPut(request.path)) return answerKairosPut(deps, read, countPoints)
  const report = await put(deps, read())
  countPoints(report)
  return putAnswer(report, {
    details: query.has('details'),
    summary: query.has('summary'),
    countTimeouts: query.has('sync') && Number(query.get('sync_timeout') ?? 0) > 0,
  })
}

function countPoints({ stored, timedOut, refused, unavailable }: Omit<PutReport, 'errors' | 'received'>): void {
  // On the stream is accepted, whether or not word of it came in time.
  count('PointsAccepted', stored + timedOut)
  count('PointsRefused', refused)
  count('PointsTurnedAway', unavailable)
}

/**
 * @param asked sync_timeout, milliseconds; 0 or none: as long as may be
 * @param most milliseconds that a put may wait
 */
function waitMs(asked: string | null, most: number): number {
  if (asked === null || asked === '') return most
  if (!/^[0-9]{1,9}$/.test(asked)) throw new BadSyncTimeoutError(asked)
  const ms = Number(asked)
  return ms === 0 ? most : Math.min(ms, most)
}
