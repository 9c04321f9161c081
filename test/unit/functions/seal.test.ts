import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ENV } from '../../../functions/environment.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'
import { PointWriter } from '../../helpers/stored-points.ts'

const HOUR_S = 1_699_999_200
const context = { getRemainingTimeInMillis: () => 900_000 }

let dynamo: RunningDynamo
let seal: typeof import('../../../functions/seal.ts')

beforeAll(async () => {
  dynamo = await startDynamo()
  // Metrics go through the global console, where a test can look.
  Object.assign(process.env, {
    POWERTOOLS_DEV: 'true',
    POWERTOOLS_METRICS_DISABLED: 'false',
    POWERTOOLS_SERVICE_NAME: TABLES.data,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    [ENV.tsdbTable]: TABLES.data,
    [ENV.uidTable]: TABLES.uid,
    [ENV.metaTable]: TABLES.meta,
    [ENV.shelves]: '4',
    [ENV.logLevel]: 'error',
  })
  seal = await import('../../../functions/seal.ts')
  vi.useFakeTimers({ toFake: ['Date'], now: (HOUR_S + 3600) * 1000 })
  const writer = new PointWriter(dynamo.endpoint)
  await writer.write(JSON.stringify([{ metric: 'm', timestamp: HOUR_S, value: 1, tags: { host: 'a' } }]))
  writer.close()
})
afterAll(() => {
  vi.useRealTimers()
  return dynamo.stop()
})

test('seals what is due, and not before its time', async () => {
  vi.setSystemTime((HOUR_S + 3600 + 359) * 1000)
  expect(await seal.handler({}, context)).toMatchObject({ hours: 0, lagMs: 0 })
  vi.setSystemTime((HOUR_S + 3600 + 360) * 1000)
  expect(await seal.handler({}, context)).toMatchObject({ hours: 1, rows: 1, points: 1, lagMs: 0, failures: [] })
})

test('says as metrics in CloudWatch’s embedded format what a run did', async () => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => {})
  const report = await seal.handler({}, context)
  const lines = printed.mock.calls.map(([line]): unknown => JSON.parse(String(line)))
  printed.mockRestore()
  expect(lines).toMatchObject([
    {
      _aws: { CloudWatchMetrics: [{ Namespace: 'tsdb', Dimensions: [['service']] }] },
      service: TABLES.data,
      SealLag: report.lagMs,
      SealLateLag: report.lateLagMs,
      ReadUnits: expect.any(Number),
    },
  ])
  expect(lines).not.toContainEqual(expect.objectContaining({ SealedHours: 0 }))
})

test('begins nothing shortly before its time is up, and fails once an hour waits for more than a day', async () => {
  const store = openTestStore({})
  await store.ledger.openHour(1, HOUR_S + 3600)
  store.close()
  const late = { getRemainingTimeInMillis: () => 50_000 }
  vi.setSystemTime((HOUR_S + 9000) * 1000)
  expect(await seal.handler({}, late)).toMatchObject({ hours: 0, left: 1, lagMs: 1_440_000 })
  vi.setSystemTime((HOUR_S + 90_000 + 9000) * 1000)
  await expect(seal.handler({}, late)).rejects.toThrow('waits to be sealed')
})

test('fails where an hour can’t be sealed', async () => {
  const store = openTestStore({})
  await store.ledger.openHour(2, HOUR_S - 3600)
  const key = { shelf: 2, baseTime: HOUR_S - 3600, writtenAt: 1, shard: 0, firstSequence: 0n, lastSequence: 0n }
  await store.data.putBlock(key, Buffer.from('no block'))
  store.close()
  await expect(seal.handler({}, context)).rejects.toThrow('1 hours of shelves could not be sealed')
})
