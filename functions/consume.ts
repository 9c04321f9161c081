import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda'
import { createConsumer } from '../lib/ingest/consume.ts'
import { CountedConsumer, type CountedResult, STORE_SLOW } from '../lib/ingest/consume-counted.ts'
import type { StreamInput } from '../lib/ingest/decode-record.ts'
import { DEFAULT_DEVICE_MAPPING, parseDeviceMapping } from '../lib/ingest/device-mapping.ts'
import { hooksOf } from '../lib/ingest/hooks.ts'
import type { SeriesNoter } from '../lib/ingest/series-noter.ts'
import { openStore } from '../lib/store/index.ts'
import { readConfig } from './config.ts'
import { noteLatest, tally } from './counters.ts'
import { log } from './log.ts'
import { metered } from './metered.ts'
import { count, measure, watchTotals } from './metrics.ts'
import { PLUGINS, pluginFailed } from './plugins/index.ts'
import { watchStore } from './store.ts'
import { publishUids } from './uid-metrics.ts'

let consumer: CountedConsumer | undefined
let noter: SeriesNoter | undefined

function openConsumer(): CountedConsumer {
  const { tables, uidWidths, shelves, saltBuckets, rejectTtlDays, limits, deviceMapping, blockTtlDays } = readConfig()
  const store = openStore({ tables, uidWidths, shelves, saltBuckets, rejectTtlDays, onUidsGiven: publishUids })
  watchStore(store)
  const opened = createConsumer({
    store,
    mapping: parseDeviceMapping(deviceMapping === '' ? DEFAULT_DEVICE_MAPPING : deviceMapping),
    limits,
    blockTtlDays,
    hooks: hooksOf(PLUGINS, store.uids, pluginFailed),
  })
  const { cacheCounts } = opened.series
  watchTotals(() => ({ SeriesCacheHits: cacheCounts.hits, SeriesCacheMisses: cacheCounts.misses }))
  noter = opened.noter
  return new CountedConsumer(opened)
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
export const handler = metered(consume)

async function consume(
  event: KinesisStreamEvent,
  context?: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<KinesisStreamBatchResponse> {
  consumer ??= openConsumer()
  const records = event.Records.map(streamInput)
  const result = await consumer.consume(records, context?.getRemainingTimeInMillis())
  const { points, rejects, failed, next } = result
  log('debug', 'consumed', { records: event.Records.length, points, rejects, next })
  if (rejects > 0) log('warn', 'records rejected', { rejects })
  count('PointsStored', points)
  // The alarm `Rejects` looks at it.
  count('RejectedRecords', rejects)
  const [oldest] = records
  // What was left for the next call is readable only then.
  const isAllStored = failed === undefined && next === undefined
  if (oldest !== undefined) {
    const lagMs = Math.max(0, Date.now() - oldest.arrivalMs)
    noteLatest('LagMs', lagMs)
    if (isAllStored) measure('PutToReadable', lagMs)
  }
  tally('SeriesFound', noter?.takeFound() ?? 0)
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
