import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { text as readAll } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, type Limits } from '../../lib/model/limits.ts'
import { Budget } from '../../lib/query/budget.ts'
import type { LocalServer } from '../../local/server.ts'
import { startTestServer } from '../helpers/server.ts'

// Each limit of docs/api/limits.md, through the whole server: what is just within it passes, what is just beyond is refused with
// the status that the page says and words that name the limit.

/** Small, so that requests are; those not here keep their defaults. */
const LIMITS: Partial<Limits> = {
  bodyBytes: 20_000,
  unpackedBytes: 60_000,
  jsonDepth: 6,
  pointsPerRequest: 20,
  tags: 3,
  nameBytes: 40,
  kairosTags: 4,
  kairosNameBytes: 60,
  textBytes: 100,
  subQueries: 3,
  filters: 2,
  regexpLength: 12,
  expressions: 2,
  expressionLength: 80,
  expressionDepth: 4,
  querySeries: 5,
  queryPoints: 100,
  answerBytes: 1_000,
  annotationBytes: 300,
  documentBytes: 300,
  bulkAnnotations: 3,
  treeRules: 3,
  treeBytes: 2_000,
  treeSeries: 2,
}

const HOUR_S = 1_699_999_200
let server: LocalServer

beforeAll(async () => {
  server = await startTestServer({
    batchWindowMs: 20,
    logLevel: 'silent',
    context: { limits: JSON.stringify(LIMITS) },
  })
  // Metrics of five and six series, and one of 100 points and one of 101.
  await put(many(5).map((i) => point({ metric: 'five', tags: { host: `h${i}` } })))
  await put(many(6).map((i) => point({ metric: 'six', tags: { host: `h${i}` } })))
  for (let from = 0; from < 101; from += 20) {
    const times = many(Math.min(20, 101 - from)).map((i) => HOUR_S + from + i)
    await put(times.map((timestamp) => point({ metric: 'p101', timestamp })))
    if (from < 100) await put(times.map((timestamp) => point({ metric: 'p100', timestamp })))
  }
})
afterAll(() => server.close())

interface Answer {
  readonly status: number
  readonly text: string
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const isJson = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)
  const answer = await fetch(server.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: isJson ? JSON.stringify(body) : (body as string | Uint8Array<ArrayBuffer>) }),
  })
  return { status: answer.status, text: await answer.text() }
}

const many = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

function point(changes: object = {}): object {
  return { metric: 'm', timestamp: HOUR_S, value: 1, tags: { host: 'a' }, ...changes }
}

async function put(points: readonly object[]): Promise<void> {
  expect((await ask('POST', '/api/put?sync', points)).status).toBe(204)
}

const putOne = (changes: object) => ask('POST', '/api/put?details', [point(changes)])
const query = (m: string) => ask('GET', `/api/query?start=${HOUR_S}&end=${HOUR_S + 3600}&${m}`)
const subQueries = (count: number) =>
  query(
    many(count)
      .map(() => 'm=sum:five%7Bhost=h0%7D')
      .join('&'),
  )
const formula = (expr: readonly string[]) =>
  ask('POST', '/api/query/exp', {
    time: { start: HOUR_S, end: HOUR_S + 3600, aggregator: 'sum' },
    metrics: [{ id: 'a', metric: 'five' }],
    expressions: expr.map((text, i) => ({ id: `e${i}`, expr: text })),
    outputs: expr.map((_, i) => ({ id: `e${i}` })),
  })
const annotation = (description: string) => ask('POST', '/api/annotation', { startTime: HOUR_S, description })
const functions = (levels: number) => {
  const exp = `${'absolute('.repeat(levels)}sum:five{host=h0}${')'.repeat(levels)}`
  return ask('GET', `/api/query/gexp?start=${HOUR_S}&end=${HOUR_S + 60}&exp=${encodeURIComponent(exp)}`)
}
const kairos = (changes: object) =>
  ask('POST', '/api/v1/datapoints', [
    { name: 'k', timestamp: HOUR_S * 1000, value: 1, tags: { host: 'a' }, ...changes },
  ])
const tagsOf = (count: number) => Object.fromEntries(many(count).map((i) => [`tag${i}`, 'x']))

/** An answer of as many points as fit, and some more: each point of ten digits of time takes as many characters. */
async function answerOf(more: number): Promise<Answer> {
  const ofPoints = (count: number) => ask('GET', `/api/query?start=${HOUR_S}&end=${HOUR_S + count - 1}&m=sum:p100`)
  const [two, three] = [(await ofPoints(2)).text.length, (await ofPoints(3)).text.length]
  return ofPoints(2 + Math.floor(((LIMITS.answerBytes ?? 0) - two) / (three - two)) + more)
}

async function document(length: number): Promise<Answer> {
  const { text } = await ask('GET', '/api/uid/assign?metric=documented')
  const uid = JSON.parse(text).metric?.documented ?? '000001'
  return ask('POST', '/api/uid/uidmeta', { uid, type: 'metric', description: 'd'.repeat(length) })
}

async function rulesOf(count: number): Promise<Answer> {
  const treeId = await tree()
  let last: Answer = { status: 0, text: '' }
  for (const level of many(count))
    last = await ask('POST', '/api/tree/rule', { treeId, level, order: 0, type: 'METRIC' })
  return last
}

const notesOf = async (length: number) => ask('POST', '/api/tree', { treeId: await tree(), notes: 'n'.repeat(length) })

async function treeTest(count: number): Promise<Answer> {
  const treeId = await tree()
  await ask('POST', '/api/tree/rule', { treeId, level: 0, order: 0, type: 'METRIC' })
  const { text } = await ask('GET', `/api/query?start=${HOUR_S}&end=${HOUR_S + 60}&m=none:five&show_tsuids=true`)
  const tsuids = (JSON.parse(text) as { tsuids: string[] }[]).flatMap((series) => series.tsuids).slice(0, count)
  expect(tsuids).toHaveLength(count)
  return ask('GET', `/api/tree/test?treeid=${treeId}&tsuids=${tsuids.join(',')}`)
}
let trees = 0
const tree = async () => {
  const { text } = await ask('POST', '/api/tree', { name: `tree ${trees++}` })
  return Number(JSON.parse(text).treeId)
}

/** What passes and what does not, by limit; where the status is not 413, which it is. */
const CASES: Partial<
  Record<keyof Limits, readonly [within: () => Promise<Answer>, beyond: () => Promise<Answer>, status?: number]>
> = {
  bodyBytes: [
    () => ask('POST', '/api/put', JSON.stringify([point()]).padEnd(20_000)),
    () => ask('POST', '/api/put', JSON.stringify([point()]).padEnd(20_001)),
  ],
  unpackedBytes: [
    () => ask('POST', '/api/put', gzip(60_000), { 'content-encoding': 'gzip' }),
    () => ask('POST', '/api/put', gzip(60_001), { 'content-encoding': 'gzip' }),
  ],
  jsonDepth: [
    // A point's own braces are one.
    () => putOne({ ignored: nested(5) }),
    () => putOne({ ignored: nested(6) }),
  ],
  pointsPerRequest: [
    () =>
      ask(
        'POST',
        '/api/put',
        many(20).map((i) => point({ timestamp: HOUR_S + i })),
      ),
    () =>
      ask(
        'POST',
        '/api/put',
        many(21).map((i) => point({ timestamp: HOUR_S + i })),
      ),
  ],
  tags: [
    () => putOne({ tags: { a: 'x', b: 'x', c: 'x' } }),
    () => putOne({ tags: { a: 'x', b: 'x', c: 'x', d: 'x' } }),
    400,
  ],
  nameBytes: [() => putOne({ metric: 'n'.repeat(40) }), () => putOne({ metric: 'n'.repeat(41) }), 400],
  subQueries: [() => subQueries(3), () => subQueries(4)],
  filters: [
    () => query('m=sum:five%7Bhost=*,host=h*%7D'),
    () => query('m=sum:five%7Bhost=*,host=wildcard(h*),host=wildcard(*h*)%7D%7Bhost=wildcard(*)%7D'),
  ],
  regexpLength: [
    () => query(`m=sum:five%7Bhost=regexp(${'h'.repeat(12)})%7D`),
    () => query(`m=sum:five%7Bhost=regexp(${'h'.repeat(13)})%7D`),
  ],
  expressions: [() => formula(['a + 1', 'a + 2']), () => formula(['a + 1', 'a + 2', 'a + 3'])],
  expressionLength: [() => formula(['a + 1'.padEnd(80, '0')]), () => formula(['a + 1'.padEnd(81, '0')])],
  expressionDepth: [() => functions(4), () => functions(5)],
  querySeries: [() => query('m=sum:five'), () => query('m=sum:six')],
  queryPoints: [() => query('m=sum:1h-count:p100'), () => query('m=sum:1h-count:p101')],
  answerBytes: [() => answerOf(0), () => answerOf(1)],
  kairosTags: [() => kairos({ tags: tagsOf(4) }), () => kairos({ tags: tagsOf(5) }), 400],
  kairosNameBytes: [() => kairos({ name: 'k'.repeat(60) }), () => kairos({ name: 'k'.repeat(61) }), 400],
  textBytes: [
    () => kairos({ type: 'string', value: 't'.repeat(100) }),
    () => kairos({ type: 'string', value: 't'.repeat(101) }),
    400,
  ],
  documentBytes: [() => document(50), () => document(301)],
  treeRules: [() => rulesOf(3), () => rulesOf(4)],
  treeBytes: [() => notesOf(1_000), () => notesOf(2_001)],
  treeSeries: [() => treeTest(2), () => treeTest(3)],
  annotationBytes: [() => annotation('d'.repeat(100)), () => annotation('d'.repeat(301))],
  bulkAnnotations: [
    () =>
      ask(
        'POST',
        '/api/annotation/bulk',
        many(3).map((i) => ({ startTime: HOUR_S + i, description: 'd' })),
      ),
    () =>
      ask(
        'POST',
        '/api/annotation/bulk',
        many(4).map((i) => ({ startTime: HOUR_S + i, description: 'd' })),
      ),
  ],
}

function gzip(bytes: number): Uint8Array {
  return gzipSync(JSON.stringify([point()]).padEnd(bytes))
}

/** Arrays in arrays. */
function nested(levels: number): unknown {
  return levels === 0 ? 1 : [nested(levels - 1)]
}

test.each(Object.entries(CASES))('%s: just within passes, just beyond is refused by name', async (limit, [
  within,
  beyond,
  status = 413,
]) => {
  const passed = await within()
  expect(passed).toEqual({ status: passed.status < 300 ? passed.status : 200, text: passed.text })
  const refused = await beyond()
  expect(refused).toEqual({ status, text: expect.stringMatching(status === 413 ? limit : /./) })
})

test('an answer of KairosDB’s API that gets too long while it is sent is refused in its own form', async () => {
  const points = (metric: string) => ({
    start_absolute: HOUR_S * 1000,
    end_absolute: HOUR_S * 1000 + 3_600_000,
    metrics: [{ name: metric }],
  })
  expect((await ask('POST', '/api/v1/datapoints/query', points('five'))).status).toBe(200)
  const refused = await ask('POST', '/api/v1/datapoints/query', points('p100'))
  expect([refused.status, JSON.parse(refused.text)]).toEqual([
    413,
    { errors: [expect.stringContaining('answerBytes')] },
  ])
})

describe('what can’t be met from outside on purpose', () => {
  const budget = (limits: Partial<Limits>, now: () => number = () => 0) =>
    new Budget({ ...DEFAULT_LIMITS, ...limits }, now)

  test('queryBytes: just within passes, just beyond is refused by name', () => {
    expect(() => budget({ queryBytes: 1000 }).bytes(1000)).not.toThrow()
    expect(() => budget({ queryBytes: 1000 }).bytes(1001)).toThrow(/queryBytes/)
  })

  test('queryMs: just within passes, just beyond is refused by name', () => {
    let now = 0
    const running = budget({ queryMs: 1000 }, () => now)
    now = 1000
    expect(() => running.time()).not.toThrow()
    now = 1001
    expect(() => running.time()).toThrow(/queryMs/)
  })
})

describe('the platform’s own, which are not to be configured', () => {
  /** A request whose line and headers have so many bytes, written by hand, for no client adds headers of its own. */
  async function head(bytes: number, grow: 'path' | 'header'): Promise<Answer> {
    const socket = connect(server.port, '127.0.0.1')
    const parts = ['GET /api/version', ' HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-long: x', '\r\n']
    // The empty line that ends the headers is none of them.
    const padding = 'x'.repeat(bytes - parts.join('').length - (grow === 'path' ? 1 : 0))
    const [line, headers, end] = parts
    socket.write(grow === 'path' ? `${line}?${padding}${headers}${end}\r\n` : `${line}${headers}${padding}${end}\r\n`)
    const answer = await readAll(socket)
    return { status: Number(answer.slice(9, 12)), text: answer.slice(answer.indexOf('\r\n\r\n') + 4) }
  }

  test.each([
    'path',
    'header',
  ] as const)('10,240 bytes of line and headers pass, one more of a %s does not', async (grow) => {
    expect((await head(10_240, grow)).status).toBe(200)
    const refused = { status: 431, text: '{"message":"Request Header Fields Too Large"}' }
    expect(await head(10_241, grow)).toEqual(refused)
    expect((await head(40_000, grow)).status).toBe(431)
  })

  test('10 MB of body come as far as our own limit, one byte more does not come in', async () => {
    const refused = await ask('POST', '/api/put', ' '.repeat(10 * 1024 * 1024 + 1))
    expect(refused).toEqual({ status: 413, text: '{"message":"Request Entity Too Large"}' })
    // An event of 6 MB is what Lambda takes, and its JSON is a little more than the body.
    const within = await ask('POST', '/api/put', ' '.repeat(6 * 1024 * 1024 - 3000))
    expect(within).toEqual({ status: 413, text: expect.stringContaining('bodyBytes') })
    expect(await ask('POST', '/api/put', ' '.repeat(6 * 1024 * 1024 + 3000))).toEqual(refused)
  })

  test('docs/api/limits.md has them', () => {
    const page = readFileSync(new URL('../../docs/api/limits.md', import.meta.url), 'utf8')
    for (const text of ['10,240 bytes', '431 `{"message":"Request Header Fields Too Large"}`', '10 MB']) {
      expect(page).toContain(text)
    }
  })
})

test('every limit of the table is among them', () => {
  expect([...Object.keys(CASES), 'queryBytes', 'queryMs'].sort()).toEqual(Object.keys(DEFAULT_LIMITS).sort())
})
