import type { KinesisStreamBatchResponse, KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda'
import { type ConsumeResult, type Consumer, consumeBatch, createConsumer } from '../lib/ingest/consume.ts'
import type { StreamInput } from '../lib/ingest/decode-record.ts'
import { DEFAULT_DEVICE_MAPPING, parseDeviceMapping } from '../lib/ingest/device-mapping.ts'
import { openStore } from '../lib/store/index.ts'
import { readConfig } from './config.ts'
import { log } from './log.ts'
import { publishUids } from './uid-metrics.ts'

let consumer: Consumer | undefined

function openConsumer(): Consumer {
  const { tables, uidWidths, shelves, saltBuckets, rejectTtlDays, limits, deviceMapping, blockTtlDays } = readConfig()
  return createConsumer({
    store: openStore({ tables, uidWidths, shelves, saltBuckets, rejectTtlDays, onUidsGiven: publishUids }),
    mapping: parseDeviceMapping(deviceMapping === '' ? DEFAULT_DEVICE_MAPPING : deviceMapping),
    limits,
    blockTtlDays,
  })
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

/** Stores what a batch of stream records holds; where the store is away, names the record from which on to deliver again. */
export async function handler(event: KinesisStreamEvent): Promise<KinesisStreamBatchResponse> {
  consumer ??= openConsumer()
  const result = await consumeBatch(consumer, event.Records.map(streamInput))
  const { points, rejects, failed } = result
  log('debug', 'consumed', { records: event.Records.length, points, rejects })
  if (rejects > 0) log('warn', 'records rejected', { rejects })
  if (failed !== undefined) {
    log('error', 'the store is away', { from: failed.from, cause: failed.cause.message, details: failed.cause.details })
  }
  return responseTo(result)
}

/** @returns the record from which on Lambda is to deliver again, if any */
export function responseTo({ failed }: Pick<ConsumeResult, 'failed'>): KinesisStreamBatchResponse {
  return { batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed.from }] }
}
