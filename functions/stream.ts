import { KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { PointStream } from '../lib/ingest/point-stream.ts'
import { readConfig } from './config.ts'
import { watchTotals } from './metrics.ts'

/** Milliseconds that points are tried to be got onto the stream; the gateway waits 30 s. */
const STREAM_DEADLINE_MS = 8_000

let stream: PointStream | undefined

/** The stream of this instance; its connections outlive a request. */
export function sharedStream(): PointStream {
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
