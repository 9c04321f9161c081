import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda'
import { createConsumer } from '../lib/ingest/consume.ts'
import { CountedConsumer, type CountedResult, STORE_SLOW } from '../lib/ingest/consume-counted.ts'
import type { StreamInput } from '../lib/ingest/decode-record.ts'
import { DEFAULT_DEVICE_MAPPING, parseDeviceMapping } from '../lib/ingest/device-mapping.ts'
import { openStore } from '../lib/store/index.ts'
import { readConfig } from './config.ts'
import { log } from './log.ts'
import { publishUids } from './uid-metrics.ts'

let consumer: CountedConsumer | undefined
let metrics: Metrics | undefined

function openConsumer(): CountedConsumer {
  const { tables, uidWidths, shelves, saltBuckets, rejectTtlDays, limits, deviceMapping, blockTtlDays } = readConfig()
  return new CountedConsumer(
    createConsumer({
      store: openStore({ tables, uidWidths, shelves, saltBuckets, rejectTtlDays, onUidsGiven: publishUids }),
      mapping: parseDeviceMapping(deviceMapping === '' ? DEFAULT_DEVICE_MAPPING : deviceMapping),
      limits,
      blockTtlDays,
    }),
  )
}

/** @param record its eventID starts with the shard: `shardId-000000000003:49590338271490256608559692538361571095921575989136588898` */
export function streamInput({ eventID, kinesis }: KinesisStreamRecord): StreamInput {
  return {
    sequence: kinesis.sequenceNumber,
    arrivalMs: Math.round(kinesis.approximateArrivalTimestamp * 1000),
    shard: Number(/^shardId-(\d+):/.exec(eventID)?.[1] ?? 0),
    bytes: Buffer.from(kinesis.data, 'base64'),
  }
}

/** Counts rejected records in CloudWatch: the alarm `Rejects` looks at it. */
function publishRejects(rejects: number): void {
  metrics ??= new Metrics({ namespace: 'tsdb', serviceName: readConfig().tables.data })
  metrics.addMetric('RejectedRecords', MetricUnit.Count, rejects)
  metrics.publishStoredMetrics()
}

/** Stores what a batch of stream records holds; where the store is away, names the record from which on to deliver again. */
export async function handler(
  event: KinesisStreamEvent,
  context?: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<KinesisStreamBatchResponse> {
  consumer ??= openConsumer()
  const result = await consumer.consume(event.Records.map(streamInput), context?.getRemainingTimeInMillis())
  const { points, rejects, failed, next } = result
  log('debug', 'consumed', { records: event.Records.length, points, rejects, next })
  if (rejects > 0) {
    log('warn', 'records rejected', { rejects })
    publishRejects(rejects)
  }
  if (failed !== undefined) {
    log('error', 'the store is away', { from: failed.from, cause: failed.cause.message, details: failed.cause.details })
    // It may still be waiting for the store; what it remembers is not to be shared with the next call.
    if (failed.cause.code === STORE_SLOW) consumer = undefined
  }
  return responseTo(result)
}

/** @returns the record from which on Lambda is to deliver again, if any */
export function responseTo({ failed, next }: Pick<CountedResult, 'failed' | 'next'>): KinesisStreamBatchResponse {
  const from = failed?.from ?? next
  return { batchItemFailures: from === undefined ? [] : [{ itemIdentifier: from }] }
}
