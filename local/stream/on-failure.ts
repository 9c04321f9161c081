import { randomUUID } from 'node:crypto'
import { appendFile, mkdir } from 'node:fs/promises'
import type { FunctionModel, MappingModel, QueueModel } from '../template/index.ts'
import type { GivenUp } from './deliver.ts'
import type { StreamRecord } from './records.ts'

/**
 * What Lambda sends to an on-failure queue, and the records themselves: the local stream does not keep them.
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export function failureMessage(
  shardId: string,
  records: readonly StreamRecord[],
  why: GivenUp,
  calls: number,
  mapping: MappingModel,
  model: FunctionModel,
  now: number,
): object {
  const first = records.at(0)
  const last = records.at(-1)
  const time = (record: StreamRecord | undefined) =>
    record && new Date(record.ApproximateArrivalTimestamp * 1000).toISOString()
  return {
    requestContext: {
      requestId: randomUUID(),
      functionArn: model.arn,
      condition: why,
      approximateInvokeCount: calls,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: new Date(now).toISOString(),
    KinesisBatchInfo: {
      shardId,
      startSequenceNumber: first?.SequenceNumber,
      endSequenceNumber: last?.SequenceNumber,
      approximateArrivalOfFirstRecord: time(first),
      approximateArrivalOfLastRecord: time(last),
      batchSize: records.length,
      streamArn: mapping.streamArn,
    },
    records,
  }
}

/**
 * A queue, as a file with a line of JSON for each message.
 * @returns the file's path
 */
export async function sendToQueue(dataDir: string, queue: QueueModel, message: object): Promise<string> {
  const path = `${dataDir}/queues/${queue.name}.jsonl`
  await mkdir(`${dataDir}/queues`, { recursive: true })
  await appendFile(path, `${JSON.stringify(message)}\n`, { flush: true })
  return path
}
