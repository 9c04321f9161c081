import type { MappingModel } from '../template/index.ts'
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../template/resources.ts'

/** A record as Kinesis' GetRecords answers it in JSON. */
export interface StreamRecord {
  readonly SequenceNumber: string
  /** Seconds since 1970, with a fraction. */
  readonly ApproximateArrivalTimestamp: number
  /** Base64. */
  readonly Data: string
  readonly PartitionKey: string
}

/** Lambda takes 6 MB of records a call. */
export const PAYLOAD_BYTES = 6 * 1024 * 1024
/** About what a record's fields besides its data take in the event. */
const ENVELOPE_BYTES = 600

/** Bytes that a record takes in an event. */
export function eventBytes(record: StreamRecord): number {
  return record.Data.length + record.PartitionKey.length + ENVELOPE_BYTES
}

/**
 * How many of the records, from the first on, one call takes. At least one, however large.
 * @param batchSize the mapping's
 */
export function batchLength(records: readonly StreamRecord[], batchSize: number): number {
  let bytes = 0
  let length = 0
  for (const record of records) {
    bytes += eventBytes(record)
    if (length === batchSize || (length > 0 && bytes > PAYLOAD_BYTES)) break
    length++
  }
  return length
}

/**
 * The event that Lambda's poller makes of records of a shard.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
 */
export function streamEvent(records: readonly StreamRecord[], shardId: string, mapping: MappingModel): object {
  return {
    Records: records.map((record) => ({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: record.PartitionKey,
        sequenceNumber: record.SequenceNumber,
        data: record.Data,
        approximateArrivalTimestamp: record.ApproximateArrivalTimestamp,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${shardId}:${record.SequenceNumber}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: `arn:aws:iam::${LOCAL_ACCOUNT}:role/local`,
      awsRegion: LOCAL_REGION,
      eventSourceARN: mapping.streamArn,
    })),
  }
}
