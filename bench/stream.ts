import type { APIGatewayProxyStructuredResultV2, KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda'
import type { GuardedEvent, HttpAnswer } from '../functions/http/index.ts'
import { EmulatorClient } from '../local/emulators/client.ts'
import { httpEvent } from '../test/helpers/http-event.ts'
import { BENCH_STREAM } from './emulators.ts'

/** A record as GetRecords answers it. */
interface StreamRecord {
  readonly SequenceNumber: string
  readonly PartitionKey: string
  /** Base64. */
  readonly Data: string
  /** Seconds since 1970. */
  readonly ApproximateArrivalTimestamp: number
}

/** Everything that lies in the benchmark's stream, as the event source mapping hands it to a function, shard by shard. */
export async function readStream(endpoint: string): Promise<KinesisStreamRecord[]> {
  const client = new EmulatorClient('kinesis', endpoint)
  const stream = { StreamName: BENCH_STREAM }
  const { Shards } = await client.call<{ Shards: { ShardId: string }[] }>('ListShards', stream)
  const records: KinesisStreamRecord[] = []
  for (const { ShardId } of Shards) {
    const from = { ...stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' }
    let { ShardIterator } = await client.call<{ ShardIterator: string }>('GetShardIterator', from)
    for (;;) {
      const page = await client.call<{ Records: StreamRecord[]; NextShardIterator: string }>('GetRecords', {
        ShardIterator,
      })
      if (page.Records.length === 0) break
      records.push(...page.Records.map((record) => eventRecord(ShardId, record)))
      ShardIterator = page.NextShardIterator
    }
  }
  client.close()
  return records
}

function eventRecord(shard: string, record: StreamRecord): KinesisStreamRecord {
  const arn = `arn:aws:kinesis:local:000000000000:stream/${BENCH_STREAM}`
  return {
    awsRegion: 'local',
    eventID: `${shard}:${record.SequenceNumber}`,
    eventName: 'aws:kinesis:record',
    eventSource: 'aws:kinesis',
    eventSourceARN: arn,
    eventVersion: '1.0',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/consume',
    kinesis: {
      approximateArrivalTimestamp: record.ApproximateArrivalTimestamp,
      data: record.Data,
      kinesisSchemaVersion: '1.0',
      partitionKey: record.PartitionKey,
      sequenceNumber: record.SequenceNumber,
    },
  }
}

/** Events of at most `size` records of one shard each, in the shard's order. */
export function streamEvents(records: readonly KinesisStreamRecord[], size: number): KinesisStreamEvent[] {
  const events: KinesisStreamEvent[] = []
  const shards = new Map<string, KinesisStreamRecord[]>()
  for (const record of records) {
    const shard = record.eventID.split(':')[0] ?? ''
    shards.set(shard, [...(shards.get(shard) ?? []), record])
  }
  for (const ofShard of shards.values()) {
    for (let at = 0; at < ofShard.length; at += size) events.push({ Records: ofShard.slice(at, at + size) })
  }
  return events
}

/** The gateway's event for a put request (payload format 2.0). */
export function putEvent(body: string): GuardedEvent {
  return httpEvent({ body, headers: { 'content-type': 'application/json', 'content-length': String(body.length) } })
}

/** The status of what the put function answers. */
export function statusOf(answer: APIGatewayProxyStructuredResultV2 | HttpAnswer): number | undefined {
  return 'status' in answer ? answer.status : answer.statusCode
}
