import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeStreamRecord } from '../../../lib/codec/stream-record.ts'
import { type EventOptions, httpEvent, lambdaContext } from '../../helpers/http-event.ts'
import { type RunningKinesis, startKinesis } from '../../helpers/kinesis.ts'

// Whatever is sent to the handler, on a real stream in this process: an answer below 500, and no good point lost.
let kinesis: RunningKinesis
let handler: typeof import('../../../functions/put.ts').handler

beforeAll(async () => {
  kinesis = await startKinesis()
  vi.stubEnv('AWS_ENDPOINT_URL_KINESIS', kinesis.endpoint)
  vi.stubEnv('TSDB_STREAM', kinesis.streamName)
  vi.stubEnv('TSDB_META_TABLE', 'unused')
  handler = (await import('../../../functions/put.ts')).handler
})

afterAll(async () => {
  vi.unstubAllEnvs()
  await kinesis.stop()
})

/** Sends a body and checks what must hold for all. */
async function send(options: EventOptions): Promise<{ status: number; text: string }> {
  const result = await handler(httpEvent(options), lambdaContext())
  if (!('statusCode' in result)) throw new Error('not a result of the gateway')
  const [status, text] = [result.statusCode ?? 0, result.body ?? '']
  expect([200, 204, 400, 413, 415]).toContain(status)
  if (status === 204) expect(text).toBe('')
  else if (status >= 400) {
    const body = JSON.parse(text)
    expect(body.error?.message?.length > 0 || body.failed > 0).toBe(true)
  }
  return { status, text }
}

async function storedValues(): Promise<number[]> {
  return (await kinesis.newRecords()).flatMap((bytes) => {
    const { points } = decodeStreamRecord(bytes).batch
    return [...points.values.subarray(0, points.count)]
  })
}

const GOOD = { metric: 'good', timestamp: 1356998400, value: 1, tags: { host: 'a' } }

/** JSON text of a value that may be anywhere: odd literals that JSON.stringify would not write. */
const anyText = fc.oneof(
  { weight: 4, arbitrary: fc.json({ maxDepth: 3 }) },
  fc.constantFrom(
    'NaN',
    '-',
    '1e400',
    '-0',
    '01',
    '+5',
    '.5',
    '1.',
    '{}',
    '[]',
    '""',
    'nul',
    '"\\ud800"',
    '"\\u12"',
    '"\0"',
  ),
  fc.bigInt().map(String),
  fc.double().map(String),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.nat(2000).map((digits) => '9'.repeat(digits + 1)),
)
const anyField = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('metric', 'timestamp', 'value', 'tags') },
  fc.constantFrom('__proto__', 'constructor', 'toString', 'Metric', ''),
  fc.string(),
)
const anyTags = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom('host', '__proto__', 'a}'), fc.string()), anyText), { maxLength: 12 })
  .map((tags) => `{${tags.map(([tagk, tagv]) => `${JSON.stringify(tagk)}:${tagv}`).join()}}`)
/** An object with some right and some wrong fields, some of them twice. */
const anyPoint = fc.array(fc.tuple(anyField, fc.oneof(anyText, anyTags)), { maxLength: 6 }).map((fields) => {
  const valid = Object.entries(GOOD).map(([name, value]) => [name, JSON.stringify(value)] as const)
  return `{${[...valid, ...fields].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`
})
/** A right body in which some characters were replaced, taken out or put in. */
const mutated = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.string({ unit: 'binary', maxLength: 3 })), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([edits]) => {
    let text = JSON.stringify([GOOD, { ...GOOD, value: 2.5 }, { ...GOOD, tags: { a: 'b', c: 'd' } }])
    for (const [at, length, put] of edits) {
      const from = at % text.length
      text = text.slice(0, from) + put + text.slice(from + length)
    }
    return text
  })
const anyBody: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.oneof(anyPoint, anyText), { maxLength: 5 }).map((points) => `[${points.join()}]`),
  anyPoint,
  mutated,
  anyText,
  fc.string({ unit: 'binary' }),
)
const anyPath = fc.constantFrom('/api/put', '/api/put?details', '/api/put?summary', '/api/put?details&summary')

describe('POST /api/put, whatever is sent,', () => {
  it('answers any text below 500', async () => {
    await fc.assert(
      fc.asyncProperty(anyPath, anyBody, async (path, body) => {
        await send({ path, body })
      }),
      { numRuns: 600 },
    )
  })

  it('answers any bytes in any encoding below 500', async () => {
    const headers = fc.record(
      {
        'content-encoding': fc.constantFrom('gzip', 'deflate', 'br', 'identity', 'GZIP', ''),
        'content-type': fc.constantFrom('application/gzip', 'application/json', 'text/plain; charset=latin1'),
      },
      { requiredKeys: [] },
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(anyBody, fc.nat(), fc.boolean()).map(([text, cut, zlib]) => {
        const packed = zlib ? deflateSync(text) : gzipSync(text)
        return cut % 3 === 0 ? packed.subarray(0, cut % (packed.length + 1)) : packed
      }),
    )
    await fc.assert(
      fc.asyncProperty(headers, bytes, async (sent, body) => {
        await send({ headers: sent, body })
      }),
      { numRuns: 300 },
    )
  })

  it('keeps every good point of a body that is JSON, whatever the others are', async () => {
    const anyBad = fc.oneof(
      fc.constant('null'),
      fc.constant('{}'),
      fc
        .record({
          metric: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
          timestamp: fc.integer({ max: 0 }),
          value: fc.oneof(fc.string(), fc.double(), fc.boolean()),
          tags: fc.oneof(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer())), fc.constant(null)),
        })
        .map((point) => JSON.stringify(point)),
    )
    const anyPoints = fc.array(fc.oneof(anyBad, fc.nat(1_000_000)), { minLength: 1, maxLength: 10 })
    await kinesis.newRecords()
    await fc.assert(
      fc.asyncProperty(anyPoints, async (points) => {
        const good = points.filter((point) => typeof point === 'number')
        const texts = points.map((point) =>
          typeof point === 'number' ? JSON.stringify({ ...GOOD, value: point }) : point,
        )
        const { status, text } = await send({ path: '/api/put?summary', body: `[${texts.join()}]` })
        expect(status).toBe(good.length === points.length ? 200 : 400)
        expect(JSON.parse(text)).toEqual({ success: good.length, failed: points.length - good.length })
        expect(await storedValues()).toEqual(good)
      }),
      { numRuns: 100 },
    )
  })

  it.each<[string, () => EventOptions]>([
    ['a hundred megabytes', () => ({ body: 'x'.repeat(100_000_000) })],
    ['a hundred megabytes that unpack from little', () => bomb(Buffer.alloc(100_000_000, '[').toString())],
    ['a million levels of arrays', () => bomb(`[{"a":${'['.repeat(1_000_000)}`)],
    ['a million levels of objects', () => bomb(`[{"a":${'{"a":'.repeat(1_000_000)}`)],
    ['a million points', () => bomb(`[${`${JSON.stringify(GOOD)},`.repeat(999_999)}{}]`.slice(0, 60_000_000))],
    ['a million empty points', () => bomb(`[${'{},'.repeat(999_999)}{}]`)],
    ['a million tags', () => bomb(JSON.stringify({ ...GOOD, tags: many(1_000_000) }))],
    [
      'a number of a million digits',
      () => bomb(`{"metric":"m","timestamp":1,"value":${'9'.repeat(1_000_000)},"tags":{"a":"b"}}`),
    ],
    ['a timestamp of a million digits', () => bomb(`{"timestamp":${'9'.repeat(1_000_000)}}`)],
    ['a name of ten million characters', () => bomb(JSON.stringify({ ...GOOD, metric: '\\"'.repeat(10_000_000) }))],
    [
      'a hundred thousand bad points in detail',
      () => bomb(`[${'{"metric":"a b"},'.repeat(99_999)}null]`, '/api/put?details'),
    ],
  ])('answers %s in words', async (_, options) => {
    const { status } = await send(options())
    expect(status).toBeGreaterThanOrEqual(400)
  })

  const bomb = (text: string, path = '/api/put'): EventOptions => ({
    path,
    body: gzipSync(text, { level: 1 }),
    headers: { 'content-encoding': 'gzip' },
  })
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']))
})
