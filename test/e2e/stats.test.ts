import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { startTestServer } from '../helpers/server.ts'

let server: LocalServer
let kinesis: KinesisClient

beforeAll(async () => {
  server = await startTestServer({ batchWindowMs: 20, logLevel: 'silent' })
  kinesis = new KinesisClient({
    endpoint: server.kinesisEndpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  })
})
afterAll(async () => {
  kinesis.destroy()
  await server.close()
})

interface Reject {
  readonly timestamp: number
}

interface Stat {
  readonly metric: string
  readonly value: string
  readonly tags: Readonly<Record<string, string>>
}

async function get<Body>(path: string): Promise<{ status: number; body: Body }> {
  const answer = await fetch(`${server.url}${path}`)
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}

/** Figures by their names and tags. */
async function figures(): Promise<Record<string, number>> {
  const { body } = await get<readonly Stat[]>('/api/stats')
  return Object.fromEntries(
    body.map(({ metric, tags, value }) => {
      const { function: name, ...others } = tags
      return [[metric, name, ...Object.values(others)].join(' '), Number(value)]
    }),
  )
}

test('before anything was put, points in and stored are 0', async () => {
  expect(await figures()).toMatchObject({
    'tsd.rpc.received put put': 0,
    'tsd.datapoints.received put put': 0,
    'tsd.datapoints.added consume all': 0,
    'tsd.rejects.records consume': 0,
  })
})

test('points in, refused and stored, series, units of all functions and the lag are told by every instance', async () => {
  const points = [0, 1, 2].map((i) => ({
    metric: 'sys.cpu',
    timestamp: 1_795_319_400 + i,
    value: i,
    tags: { host: `web${i}` },
  }))
  const put = await fetch(`${server.url}/api/put?sync&details`, {
    method: 'POST',
    body: JSON.stringify([
      ...points,
      { metric: 'sys.cpu', timestamp: 1_795_319_400, value: 'no number', tags: { host: 'web0' } },
    ]),
  })
  expect(put.status).toBe(400)
  expect((await get('/api/query?start=1795319000&end=1795320000&m=sum:sys.cpu')).status).toBe(200)
  await expect.poll(figures).toMatchObject({ 'tsd.datapoints.added consume all': 3 })
  const told = await figures()
  expect(told).toMatchObject({
    'tsd.rpc.received put put': 1,
    'tsd.rpc.errors put invalid_values': 1,
    'tsd.rpc.errors put unavailable': 0,
    'tsd.datapoints.received put put': 3,
    'tsd.series.found consume': 3,
    'tsd.query.series query': 3,
    'tsd.query.points query': 3,
  })
  expect(told['tsd.store.write_units consume']).toBeGreaterThan(5)
  expect(told['tsd.store.read_units query']).toBeGreaterThan(0)
  expect(told['tsd.consume.lag_ms consume']).toBeGreaterThanOrEqual(0)
})

test('what was counted has a history in steps of five minutes', async () => {
  const { status, body } = await get<readonly Stat[]>('/api/stats/history?hours=1')
  expect(status).toBe(200)
  const stored = body.find(({ metric }) => metric === 'tsd.datapoints.added')
  expect(stored).toEqual({
    metric: 'tsd.datapoints.added',
    tags: { function: 'consume', type: 'all' },
    dps: [[expect.any(Number), 3]],
  })
  expect(body).toContainEqual({
    metric: 'tsd.uid.ids-used',
    tags: { function: 'meta', kind: 'tagv' },
    dps: [[expect.any(Number), 3]],
  })
})

test('rejects are listed with their reasons, the newest first', async () => {
  expect((await get('/api/stats/rejects')).body).toEqual([])
  for (const text of ['no points at all', '{"metric": "sys.cpu"}']) {
    const Data = Buffer.from(text)
    await kinesis.send(new PutRecordCommand({ StreamName: server.streamName, Data, PartitionKey: 'one' }))
    await expect
      .poll(async () => (await get<readonly Reject[]>('/api/stats/rejects')).body.length)
      .toBeGreaterThan(text.startsWith('{') ? 1 : 0)
  }
  const { body } = await get<readonly Reject[]>('/api/stats/rejects')
  expect(body).toMatchObject([
    { id: expect.stringMatching(/^[0-9a-f]{12}$/), size: 21, reason: expect.stringContaining('timestamp') },
    { id: expect.stringMatching(/^[0-9a-f]{12}$/), size: 16, sequence: expect.stringMatching(/^\d+$/) },
  ])
  expect(body[0]?.timestamp).toBeGreaterThanOrEqual(body[1]?.timestamp ?? Number.NaN)
  expect((await get('/api/stats/rejects?limit=1')).body).toEqual([body[0]])
  await expect.poll(figures).toMatchObject({ 'tsd.rejects.records consume': 2 })
})

test.each([
  ['/api/stats/history?hours=0', 'hours=0 must be a whole number from 1 to 168'],
  ['/api/stats/history?hours=169', 'hours=169 must be a whole number from 1 to 168'],
  ['/api/stats/rejects?limit=101', 'limit=101 must be a whole number from 1 to 100'],
  ['/api/stats/rejects?days=32', 'days=32 must be a whole number from 1 to 31'],
  ['/api/stats/rejects?days=x', "Unable to convert 'days' to a valid number"],
])('%s is answered 400', async (path, message) => {
  expect(await get(path)).toMatchObject({ status: 400, body: { error: { message } } })
})
