import type { KinesisStreamRecord } from 'aws-lambda'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { ENV } from '../../../functions/environment.ts'
import { TokenStore } from '../../../lib/access/tokens.ts'
import { Dynamo, openClient } from '../../../lib/store/dynamo.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { httpEvent, lambdaContext } from '../../helpers/http-event.ts'
import { type RunningKinesis, startKinesis } from '../../helpers/kinesis.ts'
import { PointWriter } from '../../helpers/stored-points.ts'

// What the very handlers that run on Lambda publish of what they did.
let kinesis: RunningKinesis
let dynamo: RunningDynamo
let put: typeof import('../../../functions/put.ts')
let consume: typeof import('../../../functions/consume.ts')
let query: typeof import('../../../functions/query.ts')
let kairosQuery: typeof import('../../../functions/kairos-query.ts')
let authorize: typeof import('../../../functions/authorize.ts')
let lines: Record<string, unknown>[] = []

beforeAll(async () => {
  kinesis = await startKinesis()
  dynamo = await startDynamo()
  Object.entries({
    AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    [ENV.streamName]: kinesis.streamName,
    [ENV.tsdbTable]: TABLES.data,
    [ENV.uidTable]: TABLES.uid,
    [ENV.metaTable]: TABLES.meta,
    [ENV.treeTable]: TABLES.tree,
    [ENV.shelves]: '2',
    POWERTOOLS_SERVICE_NAME: 'mine',
    POWERTOOLS_DEV: 'true',
    POWERTOOLS_METRICS_DISABLED: 'false',
  }).forEach(([name, value]) => void vi.stubEnv(name, value))
  vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(JSON.parse(line)))
  put = await import('../../../functions/put.ts')
  consume = await import('../../../functions/consume.ts')
  query = await import('../../../functions/query.ts')
  kairosQuery = await import('../../../functions/kairos-query.ts')
  authorize = await import('../../../functions/authorize.ts')
})

beforeEach(() => {
  lines = []
})

afterAll(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await kinesis.stop()
  await dynamo.stop()
})

const HOUR = 1_356_998_400
const point = (fields: object = {}) => ({ metric: 'm', timestamp: HOUR, value: 1, tags: { host: 'a' }, ...fields })

function kinesisRecord(sequence: number, arrivalMs: number, data: Uint8Array): KinesisStreamRecord {
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: '1',
      sequenceNumber: String(sequence),
      data: Buffer.from(data).toString('base64'),
      approximateArrivalTimestamp: arrivalMs / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000000:${sequence}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::123456789012:role/lambda-role',
    awsRegion: 'eu-central-1',
    eventSourceARN: 'arn:aws:kinesis:eu-central-1:123456789012:stream/tsdb',
  }
}

test('put says how many points it accepted and how many it refused', async () => {
  const body = JSON.stringify([point(), point({ timestamp: HOUR + 1 }), point({ metric: 'no such character: !' })])
  await put.handler(httpEvent({ path: '/api/put?details', body }), lambdaContext())
  expect(lines).toMatchObject([{ service: 'mine', PointsAccepted: 2, PointsRefused: 1 }])
  expect(lines[0]).not.toHaveProperty('PointsTurnedAway')
})

test('consume says how many points it stored, how long they took, which series it knew and what it had to reject', async () => {
  const [record] = await kinesis.newRecords()
  const event = (ms: number, ...datas: (Uint8Array | undefined)[]) => ({
    Records: datas.map((data, i) =>
      kinesisRecord(ms + i, Date.now() - ms, data ?? Buffer.from('neither packed nor JSON')),
    ),
  })
  await consume.handler(event(5000, record))
  await consume.handler(event(1000, record, undefined))
  expect(lines).toMatchObject([
    { PointsStored: 2, SeriesCacheMisses: 1, WriteUnits: expect.any(Number) },
    { PointsStored: 2, SeriesCacheHits: 1, RejectedRecords: 1 },
  ])
  expect(lines[0]?.PutToReadable).toBeGreaterThanOrEqual(5000)
  expect(lines[1]?.PutToReadable).toBeGreaterThanOrEqual(1000)
})

test('query says what it read, what that cost, and which names it knew already', async () => {
  const writer = new PointWriter(dynamo.endpoint)
  await writer.write(JSON.stringify([point({ metric: 'q' }), point({ metric: 'q', timestamp: HOUR + 1 })]))
  writer.close()
  const path = `/api/query?start=${HOUR}&end=${HOUR + 60}&m=sum:q`
  for (let i = 0; i < 2; i++) await query.handler(httpEvent({ method: 'GET', path }), lambdaContext())
  const cost = { QueriedSeries: 1, QueriedPoints: 2, ReadUnits: expect.any(Number), StoreRequests: expect.any(Number) }
  expect(lines).toMatchObject([
    { ...cost, NameCacheMisses: expect.any(Number), BlockCacheMisses: 1 },
    { ...cost, NameCacheHits: 3, BlockCacheHits: 1 },
  ])
  expect(lines[1]).not.toHaveProperty('NameCacheMisses')
  expect(lines[1]).not.toHaveProperty('BlockCacheMisses')
})

test('kairos-query says what it read and what that cost, which blocks it knew, and which points it saved', async () => {
  // An hour of its own, in whose shelf no other block lies.
  const hour = HOUR + 3600
  const writer = new PointWriter(dynamo.endpoint)
  await writer.write(
    JSON.stringify([point({ metric: 'k', timestamp: hour }), point({ metric: 'k', timestamp: hour + 1 })]),
  )
  writer.close()
  const ask = (aggregators: object[]) => {
    const metrics = [{ name: 'k', aggregators }]
    const body = JSON.stringify({ start_absolute: hour * 1000, end_absolute: (hour + 60) * 1000, metrics })
    return kairosQuery.handler(httpEvent({ path: '/api/v1/datapoints/query', body }), lambdaContext())
  }
  await ask([])
  expect(await ask([{ name: 'save_as', metric_name: 'saved' }])).toMatchObject({ statusCode: 200 })
  const cost = { QueriedSeries: 1, QueriedPoints: 2, ReadUnits: expect.any(Number), StoreRequests: expect.any(Number) }
  expect(lines).toMatchObject([
    { ...cost, BlockCacheMisses: 1 },
    { ...cost, BlockCacheHits: 1, PointsAccepted: 2 },
  ])
})

test('authorize says what looking for a token cost, and how many callers had none that is valid', async () => {
  const tokens = new TokenStore(
    new Dynamo({ client: openClient(dynamo.endpoint), retry: { deadlineMs: 10_000 } }),
    TABLES.meta,
  )
  const { text } = await tokens.create({ name: 'a', scopes: ['put'], prefixes: [], expiresAt: undefined })
  const unknown = `tsdb_${'0'.repeat(16)}_${'A'.repeat(43)}`
  for (const each of [text, unknown, 'no token']) {
    await authorize.handler({ headers: { authorization: `Bearer ${each}` }, routeKey: '$default' })
  }
  expect(lines).toMatchObject([
    // The token is read, and its first use of the day is noted.
    { service: 'mine', StoreRequests: 2, ReadUnits: expect.any(Number), WriteUnits: expect.any(Number) },
    { StoreRequests: 1, SignInsRefused: 1 },
    { SignInsRefused: 1 },
  ])
  expect(lines[0]).not.toHaveProperty('SignInsRefused')
  expect(lines[2]).not.toHaveProperty('StoreRequests')
  // Lines of a log are read by more people than may sign in.
  expect(JSON.stringify(lines)).not.toContain(text)
})
