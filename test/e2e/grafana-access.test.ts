import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { runTsdb } from '../helpers/cli.ts'
import type { KairosSource } from '../helpers/grafana-kairosdb.ts'
import * as kairos from '../helpers/grafana-kairosdb.ts'
import { askPanel, type OpenTsdbSource, saveAndTest, tagValues } from '../helpers/grafana-opentsdb.ts'
import { startTestServer } from '../helpers/server.ts'

const START = 1_356_998_400_000
const RANGE = { from: START, to: START + 60_000 }
const GRAFANA = 'https://grafana.example.com'

let server: LocalServer
let dataDir: string
let basic: string

beforeAll(async () => {
  process.env.AWS_REGION ??= 'local'
  process.env.AWS_ACCESS_KEY_ID ??= 'local'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'local'
  dataDir = await mkdtemp(join(tmpdir(), 'grafana-access-'))
  server = await startTestServer({ auth: true, batchWindowMs: 20, dataDir, context: { corsOrigins: GRAFANA } })
  const token = async (scope: string): Promise<string> => {
    const made = await runTsdb(['token', 'create', '--data', dataDir, '--scope', scope, 'grafana'])
    return made.stdout.trim()
  }
  basic = `Basic ${Buffer.from(`grafana:${await token('query')}`).toString('base64')}`
  const put = await fetch(`${server.url}/api/put?sync`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await token('put')}` },
    body: JSON.stringify({ metric: 'sys.load', timestamp: START / 1000, value: 0.5, tags: { host: 'web01' } }),
  })
  expect(put.status).toBe(204)
}, 180_000)

afterAll(async () => {
  await server?.close()
  await rm(dataDir, { recursive: true, force: true })
})

const openTsdb = (of: Partial<OpenTsdbSource> = {}): OpenTsdbSource => ({
  url: server.url,
  version: 4,
  resolution: 1,
  headers: { authorization: basic },
  ...of,
})

const panel = { ...RANGE, interval: '10s', targets: [{ metric: 'sys.load', disableDownsampling: true }] }
const shown = [{ refId: undefined, metric: 'sys.load', tags: { host: 'web01' }, points: [[START, 0.5]] }]

/** Passes requests on to the server without the start of their paths. @returns where it listens */
async function startProxy(prefix: string): Promise<string> {
  const proxy = createServer((asked, answer) => {
    const { method, headers, url = '' } = asked
    if (!url.startsWith(`${prefix}/`)) return answer.writeHead(404).end()
    const onward = request(`${server.url}${url.slice(prefix.length)}`, { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(answer)
    })
    asked.pipe(onward)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void proxy.close())
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return `http://127.0.0.1:${address.port}${prefix}`
}

test('a token that reads is the password of either data source, and without one nothing is shown', async () => {
  for (const generation of ['F', 'B1', 'B2'] as const) {
    expect(await askPanel(generation, openTsdb(), panel)).toEqual(shown)
    await expect(
      askPanel(generation, openTsdb({ headers: { authorization: 'Basic Zm86YmFy' } }), panel),
    ).rejects.toThrow()
  }
  const source: KairosSource = { url: server.url, headers: { authorization: basic } }
  for (const generation of kairos.GENERATIONS) {
    expect(
      await kairos.askPanel(generation, source, {
        ...RANGE,
        interval: '10s',
        targets: [{ query: { metricName: 'sys.load' } }],
      }),
    ).toHaveLength(1)
  }
})

test('a base path is kept, for a proxy to take away', async () => {
  const url = await startProxy('/metrics/tsdb')
  expect(await askPanel('F', openTsdb({ url }), panel)).toEqual(shown)
  expect(await askPanel('B2', openTsdb({ url }), panel)).toEqual(shown)
  expect(await saveAndTest('B2', openTsdb({ url }))).toBe(200)
  expect(await tagValues('F', openTsdb({ url }), 'sys.load', 'host')).toEqual(['web01'])
  const source: KairosSource = { url, headers: { authorization: basic } }
  expect(await kairos.saveAndTest('plugin', source)).toBe(200)
})

/** What a browser asks before it lets a page send a request, and whether the answer lets it. */
async function mayAsk(path: string, origin: string, headers: readonly string[]): Promise<boolean> {
  const answer = await fetch(`${server.url}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': [...headers].sort().join(),
    },
  })
  const listed = (name: string) => (answer.headers.get(name) ?? '').toLowerCase().split(',')
  return (
    answer.ok &&
    answer.headers.get('access-control-allow-origin') === origin &&
    answer.headers.get('access-control-allow-credentials') === 'true' &&
    listed('access-control-allow-methods').includes('post') &&
    headers.every((name) => listed('access-control-allow-headers').includes(name))
  )
}

test('a browser asks straight from an origin that is allowed, its preflight without a token', async () => {
  for (const path of ['/api/query', '/api/v1/datapoints/query', '/api/v1/datapoints/query/tags']) {
    expect(await mayAsk(path, GRAFANA, ['authorization', 'content-type', 'x-grafana-token'])).toBe(true)
    expect(await mayAsk(path, 'https://elsewhere.example.com', ['authorization', 'content-type'])).toBe(false)
  }
  const ask = (headers: object) =>
    fetch(`${server.url}/api/suggest?type=metrics`, { headers: { origin: GRAFANA, ...headers } })
  const answer = await ask({ authorization: basic })
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, GRAFANA])
  expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
  // a page is also to see that it may not
  const refused = await ask({})
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, GRAFANA])
})
