import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text as readAll } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { startTestServer } from '../helpers/server.ts'

// What somebody sends who means harm, through the whole server. Each is answered, as the request's fault, and the server goes on.

const HOUR = 1_356_998_400
let server: LocalServer

beforeAll(async () => {
  server = await startTestServer({ batchWindowMs: 20, logLevel: 'error' })
  const points = [{ metric: 'cpu', timestamp: HOUR, value: 1, tags: { host: 'web01' } }]
  expect((await ask('POST', '/api/put?sync', points)).status).toBe(204)
})
afterAll(() => server.close())

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** @param body sent as JSON, but for texts, which are sent as they are */
async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

const READ = `/api/query?start=${HOUR}&end=${HOUR + 60}&m=sum:cpu`
const queryOf = (filter: object) => ({
  start: HOUR,
  end: HOUR + 60,
  queries: [{ aggregator: 'sum', metric: 'cpu', filters: [{ tagk: 'host', groupBy: true, ...filter }] }],
})

describe('values within values', () => {
  const LEVELS = 50_000
  const arrays = '['.repeat(LEVELS) + ']'.repeat(LEVELS)
  const objects = '{"a":'.repeat(LEVELS) + 1 + '}'.repeat(LEVELS)
  const FIELDS = ['queries', 'start', 'limit', 'tags', 'custom', 'metric', 'metrics', 'time', 'type', 'treeId', 'uid']
  const inFields = `{${FIELDS.map((field) => `"${field}":${arrays}`).join()}}`
  const percentiles = `{"start":1,"queries":[{"aggregator":"sum","metric":"cpu","percentiles":[${arrays}]}]}`

  test.each([
    '/api/put',
    '/api/query',
    '/api/query/exp',
    '/api/query/last',
    '/api/suggest',
    '/api/search/lookup',
    '/api/search/uidmeta',
    '/api/annotation',
    '/api/annotation/bulk',
    '/api/uid/assign',
    '/api/uid/uidmeta',
    '/api/uid/tsmeta',
    '/api/tree',
    '/api/tree/rule',
    '/api/tree/test',
    '/api/v1/datapoints',
    '/api/v1/datapoints/query',
    '/api/v1/datapoints/query/tags',
    '/api/v1/datapoints/delete',
  ])('in a body of %s are the request’s fault, however deep', async (path) => {
    for (const body of [arrays, objects, inFields, percentiles]) {
      const { status, text } = await ask('POST', path, body)
      expect([status >= 400 && status < 500, text.slice(0, 300)]).toEqual([true, expect.anything()])
    }
  })
})

describe('expressions that take long', () => {
  test.each([
    ['(x{1000}){1000}', 400],
    ['((a{0,100}){0,100}){0,10}', 400],
    ['(a+)+$', 200],
    ['(?:(a|b){30}){30}', 200],
  ])('a filter by %s is answered %i', async (filter, status) => {
    expect((await ask('POST', '/api/query', queryOf({ type: 'regexp', filter }))).status).toBe(status)
  })

  test('stars and dashes and slashes without end take time in proportion', async () => {
    const stars = queryOf({ type: 'wildcard', filter: `a${'*'.repeat(1_000_000)}b` })
    expect((await ask('POST', '/api/query', stars)).status).toBe(200)
    const [query] = queryOf({ type: 'wildcard', filter: '*' }).queries
    const dashes = { start: HOUR, queries: [{ ...query, downsample: `1m-avg${'-'.repeat(1_000_000)}x` }] }
    expect((await ask('POST', '/api/query', dashes)).status).toBe(400)
    expect((await ask('GET', `/api/${'/'.repeat(9_000)}x`)).status).toBe(404)
  })
})

test('what is shown of a request in an answer is cut', async () => {
  const long = 'x'.repeat(1_000_000)
  const bodies: [string, object][] = [
    ['/api/search/lookup', { limit: long }],
    ['/api/query', { start: HOUR, queries: [{ aggregator: long, metric: 'cpu' }] }],
    ['/api/suggest', { type: long }],
    ['/api/tree', { treeId: long }],
    ['/api/uid/tsmeta', { tsuid: '000001', max: long }],
  ]
  for (const [path, body] of bodies) {
    const { status, text } = await ask('POST', path, body)
    expect([path, status]).toEqual([path, 400])
    expect(text.length, path).toBeLessThan(30_000)
  }
})

test('names that mean something to JavaScript are names like any other', async () => {
  const tags = '{"__proto__":"a","constructor":"b","toString":"c"}'
  const body = `[{"metric":"hasOwnProperty","timestamp":${HOUR},"value":1,"tags":${tags},"__proto__":{"metric":"x"}}]`
  expect((await ask('POST', '/api/put?sync', body)).status).toBe(204)
  const read = await ask('GET', `/api/query?start=${HOUR}&end=${HOUR + 60}&m=none:hasOwnProperty`)
  for (const tag of ['"__proto__":"a"', '"constructor":"b"', '"toString":"c"']) expect(read.text).toContain(tag)
  const grouped = await ask('GET', `/api/query?start=${HOUR}&end=${HOUR + 60}&m=sum:hasOwnProperty%7B__proto__=*%7D`)
  expect(grouped.text).toContain('"__proto__":"a"')
  const kairos = `{"start_absolute":${HOUR}000,"metrics":[{"name":"hasOwnProperty","tags":{"__proto__":["a"]}}]}`
  expect((await ask('POST', '/api/v1/datapoints/query', kairos)).text).toContain('"__proto__":["a"]')
  const custom = '{"startTime":1356998400,"description":"d","custom":{"__proto__":"polluted","a":"b"}}'
  expect((await ask('POST', '/api/annotation', custom)).text).toContain('"__proto__":"polluted"')
  // Whatever became of it in that instance, it answers others as before.
  expect((await ask('GET', '/api/annotation?start_time=1')).text).not.toContain('polluted')
})

describe('the port of a server that is open to its machine', () => {
  /** With headers that fetch does not let anybody set. */
  const asBrowser = (path: string, headers: Record<string, string>, method = 'GET', body = ''): Promise<number> =>
    new Promise((resolve, reject) => {
      const asked = httpRequest(server.url + path, { method, headers }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      asked.on('error', reject)
      asked.end(body)
    })
  const points = JSON.stringify([{ metric: 'forged', timestamp: HOUR, value: 1, tags: { host: 'a' } }])
  const elsewhere = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }

  test('answers no page that had a name of its own lead here', async () => {
    for (const host of [
      'evil.example',
      'evil.example:4242',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'a b',
    ]) {
      expect([host, await asBrowser(READ, { host })]).toEqual([host, 403])
    }
    for (const host of [
      'localhost',
      'localhost:4242',
      '127.0.0.1',
      '127.1.2.3:80',
      '[::1]:4242',
      'tsdb.localhost',
      'tsdb',
    ]) {
      expect([host, await asBrowser(READ, { host })]).toEqual([host, 200])
    }
  })

  test('takes no points, and changes nothing, for a page of another site', async () => {
    const simple = { ...elsewhere, 'sec-fetch-mode': 'no-cors', 'content-type': 'text/plain' }
    expect(await asBrowser('/api/put', simple, 'POST', points)).toBe(403)
    expect(await asBrowser('/api/v1/datapoints', { ...simple, 'sec-fetch-site': 'same-site' }, 'POST', points)).toBe(
      403,
    )
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    expect(await asBrowser('/api/uid/assign?metric=forged', link)).toBe(403)
    expect(await asBrowser('/api/annotation?start_time=1&method_override=delete', link)).toBe(403)
    expect((await ask('GET', '/api/suggest?type=metrics&q=forged')).text).toBe('[]')
  })

  test('tells a script of such a page nothing, by jsonp either, while a link from there leads here', async () => {
    const script = { referer: 'https://evil.example/', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
    expect(await asBrowser(`${READ}&jsonp=f`, script)).toBe(403)
    expect(await asBrowser(READ, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toBe(200)
    for (const site of ['same-origin', 'none']) {
      expect(await asBrowser(READ, { 'sec-fetch-site': site, 'sec-fetch-mode': 'cors' })).toBe(200)
    }
  })

  test('serves the files of the UI and no others', async () => {
    for (const path of [
      '/../package.json',
      '/assets/../../package.json',
      '/assets/%2e%2e/%2e%2e/package.json',
      '//etc/passwd',
    ]) {
      const socket = connect(server.port, '127.0.0.1')
      socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`)
      const answer = await readAll(socket)
      expect([path, answer.slice(9, 12)]).toEqual([path, '404'])
      expect(answer).not.toContain('"dependencies"')
    }
  })
})

test('answers are taken by browsers for what they say they are, and a callback is a name', async () => {
  for (const path of [READ, '/api/version', '/version', '/metrics', '/nothing', '/api/nothing', `${READ}&jsonp=f`]) {
    expect([path, (await ask('GET', path)).headers.get('x-content-type-options')]).toEqual([path, 'nosniff'])
  }
  for (const callback of ['alert(1)//', 'a;b', '<script>', 'a\r\nset-cookie:x', '']) {
    expect((await ask('GET', `${READ}&jsonp=${encodeURIComponent(callback)}`)).status).toBe(400)
  }
})
