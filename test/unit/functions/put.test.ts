import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeStreamRecord, type StreamRecord } from '../../../lib/codec/stream-record.ts'
import { AckStore } from '../../../lib/store/ack.ts'
import { Dynamo, openClient } from '../../../lib/store/dynamo.ts'
import { loadGroup } from '../../conformance/group.ts'
import { judge } from '../../conformance/judge.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { type EventOptions, httpEvent, lambdaContext } from '../../helpers/http-event.ts'
import { type RunningKinesis, startKinesis } from '../../helpers/kinesis.ts'

// The very handler that runs on Lambda, on a Kinesis and a DynamoDB in this process.
let kinesis: RunningKinesis
let dynamo: RunningDynamo
let handler: typeof import('../../../functions/put.ts').handler

beforeAll(async () => {
  kinesis = await startKinesis()
  vi.stubEnv('AWS_ENDPOINT_URL_KINESIS', kinesis.endpoint)
  vi.stubEnv('TSDB_STREAM', kinesis.streamName)
  dynamo = await startDynamo()
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamo.endpoint)
  vi.stubEnv('TSDB_META_TABLE', TABLES.meta)
  vi.stubEnv('TSDB_LIMITS', JSON.stringify({ unpackedBytes: 1_000_000, pointsPerRequest: 1000 }))
  handler = (await import('../../../functions/put.ts')).handler
})

afterAll(async () => {
  vi.unstubAllEnvs()
  await kinesis.stop()
  await dynamo.stop()
})

async function send(options: EventOptions): Promise<{ status: number; text: string; headers: unknown }> {
  const result = await handler(httpEvent(options), lambdaContext())
  if (!('statusCode' in result)) throw new Error('not a result of the gateway')
  return { status: result.statusCode ?? 0, text: result.body ?? '', headers: result.headers }
}

/** The values of the points that were put on the stream since the last call. */
async function newValues(): Promise<(number | bigint)[]> {
  const records = await kinesis.newRecords()
  return records.flatMap((bytes) => {
    const { points } = decodeStreamRecord(bytes).batch
    return Array.from({ length: points.count }, (_, i) => points.bigs.get(i) ?? points.values[i] ?? 0)
  })
}

const point = (fields: object = {}) => ({
  metric: 'm',
  timestamp: 1356998400,
  value: 1,
  tags: { host: 'a' },
  ...fields,
})
const json = (...points: unknown[]) => JSON.stringify(points)

describe('POST /api/put answers as OpenTSDB did', () => {
  const steps = loadGroup('put').steps.filter(
    ({ request, expect }) => request.path.startsWith('/api/put') && expect.status > 0,
  )

  it.each(steps.map((step) => [step.name, step] as const))('%s', async (_, step) => {
    const { method, path, text, headers, gzip } = step.request
    const packed = gzip && text !== undefined ? gzipSync(text) : undefined
    const { status, text: answer } = await send({
      method,
      // nobody consumes here, so nobody waits
      path: path.replace('sync', 'nosync'),
      headers: { ...headers, ...(gzip && { 'content-encoding': 'gzip' }) },
      ...(text !== undefined && { body: packed ?? text }),
    })
    expect(judge(step, step.expect, { status, text: answer })).toBeUndefined()
  })
})

describe('POST /api/put', () => {
  it('puts the good points of a request on the stream when others are bad', async () => {
    await newValues()
    const body = json(point({ value: 7 }), point({ metric: '' }), null, point({ value: '9223372036854775807' }))
    const { status, text } = await send({ path: '/api/put?details', body })
    expect(status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({ success: 2, failed: 2 })
    expect(await newValues()).toEqual([7, 9223372036854775807n])
  })

  it('puts nothing on the stream where the body is refused as a whole', async () => {
    await newValues()
    const { status } = await send({ body: `${json(point()).slice(0, -1)},{"timestamp":"yesterday"}]` })
    expect(status).toBe(400)
    expect(await newValues()).toEqual([])
  })

  it('takes gzip by either header, and deflate', async () => {
    await newValues()
    const body = gzipSync(json(point({ value: 1.5 })))
    expect((await send({ body, headers: { 'content-encoding': 'gzip' } })).status).toBe(204)
    expect((await send({ body, headers: { 'content-type': 'application/gzip' } })).status).toBe(204)
    expect(await newValues()).toEqual([1.5, 1.5])
  })

  it.each([
    ['what is no gzip', 'notgzip', 400, 'The body is not valid gzip'],
    ['gzip that breaks off', gzipSync(json(point())).subarray(0, 30), 400, 'The body is not valid gzip'],
    ['a gzip bomb', gzipSync(Buffer.alloc(20_000_000, 0x20)), 413, 'unpackedBytes allows 1000000'],
  ])('refuses %s in words', async (_, body, status, words) => {
    const answer = await send({ body, headers: { 'content-encoding': 'gzip' } })
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.text).error.message).toContain(words)
  })

  it.each([
    ['a body that is too large', ' '.repeat(6 * 1024 * 1024 + 1), 'bodyBytes'],
    ['too many points', json(...Array.from({ length: 1001 }, () => point())), 'pointsPerRequest'],
    ['JSON that nests too deeply', `[{"a":${'['.repeat(100_000)}`, 'jsonDepth'],
  ])('answers 413 to %s and names the limit', async (_, body, limit) => {
    const { status, text } = await send({ body })
    expect(status).toBe(413)
    expect(JSON.parse(text).error.message).toContain(limit)
  })

  it('lists a point whose name is too long, naming the limit, and keeps the others', async () => {
    await newValues()
    const { status, text } = await send({
      path: '/api/put?details',
      body: json(point({ metric: 'm'.repeat(257) }), point()),
    })
    expect(status).toBe(400)
    expect(JSON.parse(text).errors[0].error).toBe('Invalid metric name: 257 bytes, nameBytes allows 256')
    expect(await newValues()).toEqual([1])
  })

  it('waits with ?sync for the acknowledgement and lists the points that the consumer could not store', async () => {
    await newValues()
    const body = json(point({ metric: '' }), point({ value: 2 }), point({ value: 3.0 }))
    const answer = send({ path: '/api/put?sync&details', body })
    let records: Uint8Array[] = []
    while (records.length === 0) records = await kinesis.newRecords()
    const [{ syncId, syncParts }] = records.map(decodeStreamRecord) as [StreamRecord]
    if (syncId === undefined || syncParts === undefined) throw new Error('the record does not ask for word')
    const errors = [{ index: 1, message: 'No UID left' }]
    const client = openClient(dynamo.endpoint)
    const acks = new AckStore(new Dynamo({ client, retry: { deadlineMs: 1000 } }), TABLES.meta)
    await acks.write(syncId, syncParts, { stored: 1, errors })
    client.destroy()
    const { status, text } = await answer
    expect(status).toBe(400)
    expect(JSON.parse(text)).toEqual({
      success: 1,
      failed: 2,
      errors: [
        {
          datapoint: { metric: '', timestamp: 1356998400, value: '1', tags: { host: 'a' } },
          error: 'Metric name was empty',
        },
        { datapoint: { metric: 'm', timestamp: 1356998400, value: '3', tags: { host: 'a' } }, error: 'No UID left' },
      ],
    })
  })

  it('answers 503 with the counts to a put that waits where nothing acknowledges it', async () => {
    const { status, text } = await send({
      path: '/api/put?sync&sync_timeout=1&details',
      body: json(point(), point({ metric: '' })),
    })
    expect(status).toBe(503)
    const { success, failed, timeouts, errors } = JSON.parse(text)
    expect([success, failed, timeouts]).toEqual([0, 1, 1])
    expect(errors[0]).toEqual({
      datapoint: { metric: 'm', timestamp: 1356998400, value: '1', tags: { host: 'a' } },
      error: 'Write timedout',
    })
    const plain = await send({ path: '/api/put?sync&sync_timeout=1', body: json(point()) })
    expect(plain.headers).toMatchObject({ 'retry-after': '1' })
    expect(JSON.parse(plain.text).error.message).toBe(
      'The put call has timedout with 0 successful writes, 0 failed writes and 1 timed out writes.',
    )
  })

  it('refuses a sync_timeout that is no number', async () => {
    const { status, text } = await send({ path: '/api/put?sync&sync_timeout=soon', body: json(point()) })
    expect(status).toBe(400)
    expect(JSON.parse(text).error.message).toContain('sync_timeout')
  })

  it('lists at most as many errors as an answer may hold and says how many are left out', async () => {
    const body = json(
      ...Array.from({ length: 1000 }, () => point({ metric: 'é !'.repeat(400), tags: { host: 'é !'.repeat(400) } })),
    )
    const { status, text } = await send({ path: '/api/put?details', body })
    expect(status).toBe(400)
    expect(text.length).toBeLessThan(4_000_000)
    const { failed, errors } = JSON.parse(text)
    expect(failed).toBe(1000)
    expect(errors.at(-1)).toMatchObject({ datapoint: null, error: expect.stringContaining('not listed') })
  })
})
