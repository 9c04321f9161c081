import { expect, test } from 'vitest'
import { batchLength, PAYLOAD_BYTES, streamEvent } from '../../../../local/stream/records.ts'
import { mappingModel, records } from './records.ts'

test('a batch ends at the batch size', () => {
  expect(batchLength(records(5), 3)).toBe(3)
  expect(batchLength(records(2), 3)).toBe(2)
  expect(batchLength([], 3)).toBe(0)
})

test('a batch ends before Lambda’s payload limit, and holds a record at least', () => {
  const large = { ...records(1)[0]!, Data: 'A'.repeat(PAYLOAD_BYTES / 3) }
  expect(batchLength([large, large, large], 100)).toBe(2)
  const tooLarge = { ...large, Data: 'A'.repeat(PAYLOAD_BYTES) }
  expect(batchLength([tooLarge, large], 100)).toBe(1)
})

test('an event has the members that Lambda gives it', () => {
  expect(streamEvent(records(1, 1763790300.25), 'shardId-000000000001', mappingModel())).toEqual({
    Records: [
      {
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: 'p',
          sequenceNumber: '1',
          data: 'AA==',
          approximateArrivalTimestamp: 1763790300.25,
        },
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: 'shardId-000000000001:1',
        eventName: 'aws:kinesis:record',
        invokeIdentityArn: 'arn:aws:iam::000000000000:role/local',
        awsRegion: 'local',
        eventSourceARN: 'arn:aws:kinesis:local:000000000000:stream/points',
      },
    ],
  })
})
