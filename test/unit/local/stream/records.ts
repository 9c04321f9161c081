import type { StreamRecord } from '../../../../local/stream/records.ts'
import type { MappingModel } from '../../../../local/template/index.ts'

/** Records with the sequence numbers 1 to `count`, a second apart. */
export function records(count: number, firstSecond = 100): StreamRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    SequenceNumber: String(index + 1),
    ApproximateArrivalTimestamp: firstSecond + index,
    Data: 'AA==',
    PartitionKey: 'p',
  }))
}

/** A mapping as the infrastructure makes it, with changes. */
export function mappingModel(changes: Partial<MappingModel> = {}): MappingModel {
  return {
    logicalId: 'Mapping',
    functionId: 'Consume',
    streamArn: 'arn:aws:kinesis:local:000000000000:stream/points',
    batchSize: 10_000,
    windowSeconds: 5,
    bisectOnError: false,
    reportItemFailures: true,
    maxRetries: -1,
    maxRecordAgeSeconds: -1,
    onFailureQueueArn: undefined,
    ...changes,
  }
}
