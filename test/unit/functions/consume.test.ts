import type { KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENV } from '../../../functions/environment.ts'
import { UnavailableError } from '../../../lib/model/errors.ts'
import type { Store } from '../../../lib/store/index.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'

const HOUR_S = 1_699_999_200

/** A record as Lambda hands it over. */
function kinesisRecord(i: number, data: string): KinesisStreamRecord {
  const sequenceNumber = String(49_545_115_243_490_985_018_280_067_714_973_144_582_180_062_593_244_200_961n + BigInt(i))
  const stream = 'arn:aws:kinesis:eu-central-1:123456789012:stream/tsdb'
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: '1',
      sequenceNumber,
      data: Buffer.from(data).toString('base64'),
      approximateArrivalTimestamp: 1_700_000_000.123,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000006:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::123456789012:role/lambda-role',
    awsRegion: 'eu-central-1',
    eventSourceARN: stream,
  }
}

describe('the consume function', () => {
  let dynamo: RunningDynamo
  let store: Store
  let consume: typeof import('../../../functions/consume.ts')

  beforeAll(async () => {
    dynamo = await startDynamo()
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
      [ENV.tsdbTable]: TABLES.data,
      [ENV.uidTable]: TABLES.uid,
      [ENV.metaTable]: TABLES.meta,
      [ENV.treeTable]: TABLES.tree,
      [ENV.shelves]: '2',
      [ENV.deviceMapping]: JSON.stringify({ metric: `plant.\${field}`, tags: { device: `\${clientId}` } }),
      [ENV.logLevel]: 'error',
    })
    consume = await import('../../../functions/consume.ts')
    store = openTestStore({ shelves: 2 })
  })
  afterAll(() => dynamo.stop())

  test('reads sequence, arrival, shard and bytes of a record', () => {
    expect(consume.streamInput(kinesisRecord(0, 'abc'))).toEqual({
      sequence: '49545115243490985018280067714973144582180062593244200961',
      arrivalMs: 1_700_000_000_123,
      shard: 6,
      bytes: Buffer.from('abc'),
    })
  })

  test('stores an event by the configuration in its environment and keeps what is bad', async () => {
    const payload = Buffer.from(JSON.stringify({ ts: HOUR_S, temp: 21.5 })).toString('base64')
    const event: KinesisStreamEvent = {
      Records: [
        kinesisRecord(0, JSON.stringify({ payload, topic: 'hall-2', clientId: 'esp32' })),
        kinesisRecord(1, 'neither points nor a message'),
      ],
    }
    expect(await consume.handler(event)).toEqual({ batchItemFailures: [] })
    expect([...(await store.ledger.readLedger([0, 1], HOUR_S, HOUR_S)).keys()]).toEqual([HOUR_S])
    expect(await store.uids.suggest('metric', 'plant.', 10)).toEqual(['plant.temp'])
    const rejects = []
    for await (const reject of store.rejects.list(1_700_000_000)) rejects.push(Buffer.from(reject.bytes).toString())
    expect(rejects).toEqual(['neither points nor a message'])
  })

  test('names the record from which on to deliver again', () => {
    const cause = new UnavailableError('store.unavailable', 'away')
    expect(consume.responseTo({ failed: { from: '4954', cause } })).toEqual({
      batchItemFailures: [{ itemIdentifier: '4954' }],
    })
    expect(consume.responseTo({})).toEqual({ batchItemFailures: [] })
  })
})
