import { KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { PointStream } from '../lib/ingest/point-stream.ts'
import { type AckReader, type PutReport, put } from '../lib/ingest/put.ts'
import { BadSyncTimeoutError } from '../lib/ingest/put-errors.ts'
import { AckStore } from '../lib/store/ack.ts'
import { Dynamo, openClient } from '../lib/store/dynamo.ts'
import { readConfig } from './config.ts'
import { type HttpAnswer, type HttpRequest, httpHandler, MethodNotAllowedError } from './http/index.ts'
import { answerKairosPut, isKairosPut } from './kairos/put.ts'
import { count, metered, watchTotals } from './metrics.ts'
import { putRule } from './permit.ts'
import { putAnswer } from './put-answer.ts'

/** Milliseconds that a put tries to get its points onto the stream; the gateway waits 30 s. */
const STREAM_DEADLINE_MS = 8_000
const ACK_DEADLINE_MS = 2_000

let stream: PointStream | undefined
let acks: AckReader | undefined

/** The stream of this instance; its connections outlive a request. */
function sharedStream(): PointStream {
  stream ??= watchStream(new PointStream(openStream(), readConfig().streamName, { deadlineMs: STREAM_DEADLINE_MS }))
  return stream
}

function openStream(): KinesisClient {
  const client = new KinesisClient({
    maxAttempts: 1,
    // the steps of a request are the same each time
    cacheMiddleware: true,
    // HTTP/1.1 with kept connections: Kinesis' default is HTTP/2, which the local stream does not speak
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 1_000,
      requestTimeout: 5_000,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true },
      httpsAgent: { keepAlive: true },
    }),
  })
  // It copies each request and answer for a log that nobody keeps.
  client.middlewareStack.remove('loggerMiddleware')
  return client
}

function watchStream(opened: PointStream): PointStream {
  watchTotals(() => ({ StreamRetries: opened.retries }))
  return opened
}

/** Acknowledgements alone, not the whole store: most puts do not wait, and the bundle stays small. */
function sharedAcks(): AckReader {
  acks ??= new AckStore(
    new Dynamo({
      client: openClient(),
      retry: { deadlineMs: ACK_DEADLINE_MS },
      onConsumed: ({ readUnits }) => {
        count('StoreRequests', 1)
        count('ReadUnits', readUnits)
      },
      onRetry: () => count('StoreRetries', 1),
    }),
    readConfig().tables.meta,
  )
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
  if (isKairosPut(request.path)) return answerKairosPut(deps, request, timeoutMs, countPoints)
  const report = await put(deps, {
    text: request.body(),
    ...putRule(request.grant),
    ...(timeoutMs !== undefined && { syncTimeoutMs: timeoutMs }),
  })
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
