import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TokenStore } from '../../lib/access/tokens.ts'
import { Dynamo, openClient } from '../../lib/store/dynamo.ts'
import type { LocalServer } from '../../local/server.ts'
import { synthesise } from '../../local/synth.ts'
import { runTsdb } from '../helpers/cli.ts'
import { startTestServer } from '../helpers/server.ts'

const POINT = { metric: 'sys.cpu', timestamp: 1356998400, value: 1, tags: { host: 'web01' } }
const QUERY = '/api/query?start=1356998399&end=1356998401&m=sum:sys.cpu'

let server: LocalServer
let dataDir: string

beforeAll(async () => {
  process.env.AWS_REGION ??= 'local'
  process.env.AWS_ACCESS_KEY_ID ??= 'local'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'local'
  dataDir = await mkdtemp(join(tmpdir(), 'access-'))
  server = await startTestServer({ auth: true, batchWindowMs: 20, dataDir })
}, 60_000)

afterAll(async () => {
  await server?.close()
  await rm(dataDir, { recursive: true, force: true })
})

/** A token as the command makes it. */
async function token(scope: string, ...more: string[]): Promise<string> {
  const { status, stdout, stderr } = await runTsdb([
    'token',
    'create',
    '--data',
    dataDir,
    '--scope',
    scope,
    ...more,
    'test',
  ])
  expect([status, stderr]).toEqual([0, expect.stringContaining('shown this once')])
  return stdout.trim()
}

interface Asked {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

async function ask(path: string, authorization?: string, init: RequestInit = {}): Promise<Asked> {
  const headers = authorization === undefined ? {} : { authorization }
  const response = await fetch(`${server.url}${path}`, { ...init, headers })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers }
}

const post = (body: unknown, method = 'POST') => ({ method, body: JSON.stringify(body) })
const put = (authorization: string, ...points: object[]) => ask('/api/put?sync&details', authorization, post(points))

describe('with --auth', () => {
  it('nobody gets in without a token, in the gateway’s own words where there is none, else in the API’s', async () => {
    for (const path of ['/api/version', QUERY, '/nothing', '/api/suggest?type=metrics']) {
      expect(await ask(path), path).toMatchObject({ status: 401, body: { message: 'Unauthorized' } })
    }
    const wrong = `tsdb_${'0'.repeat(16)}_${'A'.repeat(43)}`
    const basic = (password: string) => `Basic ${Buffer.from(`user:${password}`).toString('base64')}`
    for (const authorization of ['Bearer x', `Bearer ${wrong}`, basic(wrong), 'Digest x', 'x']) {
      const { status, body, headers } = await ask('/api/version', authorization)
      expect([authorization, status]).toEqual([authorization, 401])
      expect(body).toMatchObject({ error: { code: 401, message: 'A valid token is needed' } })
      expect(headers.get('www-authenticate')).toContain('Basic realm="tsdb"')
    }
  })

  it('a token is taken as Bearer and as the password of Basic, with any user’s name', async () => {
    const text = await token('query')
    for (const user of ['', 'admin', 'grafana']) {
      const basic = `Basic ${Buffer.from(`${user}:${text}`).toString('base64')}`
      expect((await ask('/api/suggest?type=metrics', basic)).status).toBe(200)
    }
    expect((await ask('/api/suggest?type=metrics', `Bearer ${text}`)).status).toBe(200)
    expect((await ask(`/api/suggest?type=metrics&token=${text}`)).status).toBe(401)
  })

  it('each scope opens what it is for and nothing else, whatever was asked and answered before', async () => {
    const requests: [scope: string, path: string, init?: RequestInit][] = [
      ['put', '/api/put?details', post([somePoint()])],
      ['put', '/api/v1/put?details', post([somePoint()])],
      ['put', '/api/annotation', post({ startTime: 1356998400, description: 'deployed' })],
      ['query', '/api/stats'],
      ['query', '/api/annotation?start_time=1356998400'],
      ['query', '/api/suggest?type=metrics'],
      ['query', '/api/config'],
      ['query', '/api/tree'],
      ['admin', '/api/dropcaches'],
      ['admin', '/api/annotation?start_time=1&method_override=delete'],
      ['admin', '/api/annotation', post({ startTime: 1 }, 'DELETE')],
      ['admin', '/api/tree', post({ name: 'a tree' })],
      ['admin', '/api/uid/fsck?type=metric'],
    ]
    const scopes = ['put', 'query', 'admin']
    const tokens = new Map<string, string>()
    for (const scope of scopes) tokens.set(scope, `Bearer ${await token(scope)}`)
    // Twice, and the tokens in turn: the second time the gateway answers from what it remembers.
    for (const round of [1, 2]) {
      for (const [needed, path, init] of requests) {
        for (const scope of scopes) {
          const { status, body } = await ask(path, tokens.get(scope), init)
          const what = `round ${round}: ${scope} token, ${init?.method ?? 'GET'} ${path}`
          if (scope === needed) expect(status, what).toBeLessThan(300)
          else {
            expect([what, status]).toEqual([what, 403])
            expect(body).toMatchObject({ error: { code: 403, details: `It takes the scope ${needed}` } })
          }
        }
      }
    }
    for (const scope of scopes) expect((await ask('/api/version', tokens.get(scope))).status).toBe(200)
  })

  it('what is refused is refused in the same words whether a name exists or not', async () => {
    const text = `Bearer ${await token('put')}`
    const answers = []
    for (const metric of ['sys.cpu', 'no.such.metric']) {
      const { status, body } = await ask(`/api/query?start=1356998399&m=sum:${metric}`, text)
      answers.push({ status, body })
    }
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]?.status).toBe(403)
  })

  it('a token that is limited to some metrics puts and reads these alone', async () => {
    const all = `Bearer ${await token('put,query')}`
    const limited = `Bearer ${await token('put,query', '--prefix', 'app.', '--prefix', 'web')}`
    expect((await put(all, POINT)).body).toMatchObject({ success: 1 })

    const points = ['app.hits', 'sys.cpu', 'web', 'ap'].map((metric) => ({ ...POINT, metric, value: 7 }))
    const { status, body } = await put(limited, ...points)
    expect([status, body]).toMatchObject([
      400,
      {
        success: 2,
        failed: 2,
        errors: [
          { datapoint: { metric: 'sys.cpu' }, error: 'The token does not permit the metric sys.cpu' },
          { datapoint: { metric: 'ap' } },
        ],
      },
    ])
    // What was refused was not stored.
    expect((await ask(QUERY, all)).body).toMatchObject([{ metric: 'sys.cpu', dps: { 1356998400: 1 } }])

    const range = 'start=1356998399&end=1356998401'
    expect((await ask(`/api/query?${range}&m=sum:app.hits&m=sum:web`, limited)).body).toHaveLength(2)
    const refused = [
      `/api/query?${range}&m=sum:sys.cpu`,
      `/api/query?${range}&m=sum:no.such.metric`,
      `/api/query?${range}&m=sum:app.hits&m=sum:sys.cpu`,
      `/api/query?${range}&tsuid=sum:000001000001000001`,
      `/api/query/gexp?${range}&exp=scale(sum:sys.cpu,2)`,
      `/q?ascii&${range}&m=sum:sys.cpu`,
      '/api/suggest?type=tagv',
      '/api/search/lookup?m=sys.cpu',
      '/api/search/lookup?m=%7Bhost=*%7D',
      '/api/search/lookup?m=*%7Bhost=*%7D',
      '/api/search/tsuids?query=metric:app.hits',
      '/api/query/last?timeseries=sys.cpu',
      '/api/query/last?timeseries=app.hits&tsuids=000001000001000001',
      '/api/annotation?start_time=1356998400',
      '/api/uid/uidmeta?type=metric&uid=000001',
    ]
    const statuses = []
    for (const path of refused) statuses.push([path, (await ask(path, limited)).status])
    expect(statuses).toEqual(refused.map((path) => [path, 403]))
    const exp = {
      time: { start: '1356998399', end: '1356998401', aggregator: 'sum' },
      metrics: [{ id: 'a', metric: 'sys.cpu' }],
      expressions: [{ id: 'e', expr: 'a + 1' }],
    }
    expect((await ask('/api/query/exp', limited, post(exp))).status).toBe(403)
    expect((await ask('/api/query/last?timeseries=app.hits&resolve', limited)).status).toBe(200)
    expect((await ask('/api/search/lookup?m=app.hits', limited)).body).toMatchObject({ totalResults: 1 })
    expect((await ask('/api/query/exp', all, post(exp))).status).toBe(200)
    expect((await ask('/api/suggest?type=metrics', limited)).body).toEqual(['app.hits', 'web'])
    expect((await ask('/api/suggest?type=metrics&q=sys', limited)).body).toEqual([])
    expect((await ask('/api/suggest?type=metrics&q=a', limited)).body).toEqual(['app.hits'])
  })

  it('a token is worth nothing once it has expired, even where the gateway still remembers it', async () => {
    const dynamo = new Dynamo({ client: openClient(server.dynamoEndpoint), retry: { deadlineMs: 10_000 } })
    const expiresAt = Math.ceil(Date.now() / 1000) + 2
    const { text } = await new TokenStore(dynamo, 'tsdb-meta').create({
      name: 'short',
      scopes: ['query'],
      prefixes: [],
      expiresAt,
    })
    dynamo.close()
    expect((await ask('/api/aggregators', `Bearer ${text}`)).status).toBe(200)
    await expect
      .poll(async () => (await ask('/api/aggregators', `Bearer ${text}`)).status, { timeout: 10_000, interval: 200 })
      .toBe(401)
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(expiresAt)
  })

  it('the command lists tokens with their last use and revokes them; what was not asked before fails at once', async () => {
    const text = await token('query', '--expires', '90d')
    const id = text.slice(5, 21)
    expect((await ask('/api/aggregators', `Bearer ${text}`)).status).toBe(200)
    const list = async () =>
      (await runTsdb(['token', 'list', '--data', dataDir])).stdout.split('\n').find((line) => line.startsWith(id))
    expect(await list()).toMatch(/^\w{16} {2}query {2}all metrics {2}last used \S+ {2}expires \S+ {2}test$/)

    expect(await runTsdb(['token', 'revoke', '--data', dataDir, id])).toMatchObject({ status: 0 })
    expect(await list()).toContain('revoked')
    expect((await ask('/api/put', `Bearer ${text}`, post([POINT]))).status).toBe(401)
    expect(await runTsdb(['token', 'revoke', '--data', dataDir, id])).toMatchObject({ status: 1 })
    const shown = await runTsdb(['token', 'revoke', '--data', dataDir, text])
    expect(shown).toMatchObject({ status: 2 })
    expect(shown.stderr).not.toContain(text)
  })

  it('the command sends the token that it is given', async () => {
    const text = await token('put,query')
    const env = { TSDB_URL: server.url, TSDB_TOKEN: text }
    const line = 'imported.metric 1356998400 5 host=web01\n'
    expect(await runTsdb(['import', '--sync', '-'], { env, stdin: line })).toMatchObject({ status: 0 })
    const words = ['query', '1356998399', '1356998401', 'sum', 'imported.metric']
    expect(await runTsdb([...words, '--token', text], { env: { TSDB_URL: server.url } })).toMatchObject({
      status: 0,
      stdout: 'imported.metric 1356998400 5 {host=web01}\n',
    })
    const without = await runTsdb(words, { env: { TSDB_URL: server.url } })
    expect(without.status).toBe(2)
    expect(without.stderr).toContain('The server asks for a token')
  })
})

function somePoint(): object {
  return { ...POINT, metric: 'some.metric' }
}

describe('a token that is revoked while the gateway still remembers it', () => {
  let quick: LocalServer
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'revoked-'))
    // The template's own 30 seconds are too long to wait for; all else is as it is.
    const assemblyDir = join(folder, 'assembly')
    await cp(await synthesise({ allowDelete: 'true', web: 'false' }), assemblyDir, { recursive: true })
    const file = join(assemblyDir, 'Tsdb.template.json')
    const template = await readFile(file, 'utf8')
    expect(template).toContain('"AuthorizerResultTtlInSeconds": 30')
    await writeFile(file, template.replace('"AuthorizerResultTtlInSeconds": 30', '"AuthorizerResultTtlInSeconds": 2'))
    quick = await startTestServer({ auth: true, batchWindowMs: 20, dataDir: join(folder, 'data'), assemblyDir })
  }, 60_000)

  afterAll(async () => {
    await quick?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('is worth nothing once the gateway asks again, on every route', async () => {
    const data = ['--data', join(folder, 'data')]
    const { stdout } = await runTsdb(['token', 'create', ...data, '--scope', 'query', 'test'])
    const authorization = `Bearer ${stdout.trim()}`
    const status = async (path: string) => (await fetch(quick.url + path, { headers: { authorization } })).status
    const paths = ['/api/aggregators', '/api/query/last?timeseries=no.such.metric']
    for (const path of paths) expect(await status(path), path).not.toBe(401)
    expect(await runTsdb(['token', 'revoke', ...data, stdout.trim().slice(5, 21)])).toMatchObject({ status: 0 })
    // A route that it never asked of before: nothing is remembered there.
    expect(await status('/api/query?start=1h-ago&m=sum:no.such.metric')).toBe(401)
    for (const path of paths) {
      await expect.poll(() => status(path), { timeout: 10_000, interval: 200, message: path }).toBe(401)
    }
  })
})

describe('startServer(options)', () => {
  it('listens on another address than the loopback’s only with auth', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org']) {
      await expect(startTestServer({ host })).rejects.toThrow(/--auth/)
    }
  })
})
