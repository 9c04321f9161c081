import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SCOPES, type Scope } from '../../lib/access/grant.ts'
import { RULES, type Rule } from '../../lib/access/scopes.ts'
import { TokenStore } from '../../lib/access/tokens.ts'
import { Dynamo, openClient } from '../../lib/store/dynamo.ts'
import type { LocalServer } from '../../local/server.ts'
import { startTestServer } from '../helpers/server.ts'
import { TelnetClient } from '../helpers/telnet.ts'

// Every row of the table of docs/access.md against every kind of token, through the gateway, its cache and the functions.

const OWN = 'app.hits'
const OTHER = 'sys.cpu'
const NOBODYS = 'sys.nobody'
const HOUR = 1_356_998_400
const RANGE = `start=${HOUR - 1}&end=${HOUR + 10}`

let server: LocalServer
let dataDir: string
let tokens: TokenStore
let dynamo: Dynamo
/** Authorization by scope, of tokens for all metrics and for those that begin with `app.`. */
const all = new Map<string, string>()
const limited = new Map<string, string>()

beforeAll(async () => {
  process.env.AWS_REGION ??= 'local'
  process.env.AWS_ACCESS_KEY_ID ??= 'local'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'local'
  dataDir = await mkdtemp(join(tmpdir(), 'access-matrix-'))
  // Deletions are logged as warnings.
  server = await startTestServer({ auth: true, batchWindowMs: 20, dataDir, logLevel: 'error' })
  dynamo = new Dynamo({ client: openClient(server.dynamoEndpoint), retry: { deadlineMs: 10_000 } })
  tokens = new TokenStore(dynamo, 'tsdb-meta')
  for (const scope of SCOPES) {
    all.set(scope, await authorization([scope], []))
    limited.set(scope, await authorization([scope], ['app.']))
  }
  const points = [OWN, OTHER].map((metric) => ({ metric, timestamp: HOUR, value: 7, tags: { host: 'a' } }))
  expect((await ask('POST', '/api/put?sync', all.get('put'), points)).status).toBe(204)
}, 60_000)

afterAll(async () => {
  dynamo?.close()
  await server?.close()
  await rm(dataDir, { recursive: true, force: true })
})

async function authorization(scopes: readonly Scope[], prefixes: readonly string[]): Promise<string> {
  const { text } = await tokens.create({ name: scopes.join(), scopes, prefixes, expiresAt: undefined })
  return `Bearer ${text}`
}

interface Answer {
  readonly status: number
  readonly text: string
}

async function ask(method: string, path: string, token: string | undefined, body?: unknown): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: token === undefined ? {} : { authorization: token },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, text: await response.text() }
}

const ALL_METRICS = SCOPES.map((scope) => ({ scope, isLimited: false, token: () => all.get(scope) }))
const SOME_METRICS = SCOPES.map((scope) => ({ scope, isLimited: true, token: () => limited.get(scope) }))

/** Methods and paths that a row is about, with and without the version. */
function requestsOf({ methods, path }: Rule): [method: string, path: string][] {
  const plain = path.replace(/\*$/, 'app.thing')
  const paths = plain.startsWith('/api/') ? [plain, plain.replace('/api/', '/api/v1/')] : [plain]
  return methods.flatMap((method) => paths.map((one): [string, string] => [method === '*' ? 'PUT' : method, one]))
}

describe('each row of the table', () => {
  it.each(
    RULES.map((rule): [string, Rule] => [`${rule.methods.join(', ')} ${rule.path}`, rule]),
  )('%s is open to its scope and to no other', async (_, rule) => {
    const callers = [...ALL_METRICS, ...SOME_METRICS]
    for (const [method, path] of requestsOf(rule)) {
      const { status } = await ask(method, path, undefined)
      const answers = await Promise.all(callers.map(({ token }) => ask(method, path, token())))
      expect([method, path, status]).toEqual([method, path, 401])
      callers.forEach(({ scope, isLimited }, i) => {
        const isLetIn = (rule.scope === 'any' || rule.scope === scope) && (rule.limited || !isLimited)
        const { status, text } = answers[i]!
        const what = `${scope}${isLimited ? ' for some metrics' : ''}: ${method} ${path} ${text.slice(0, 200)}`
        if (isLetIn) expect([401, 403], what).not.toContain(status)
        else expect([what, status]).toEqual([what, 403])
      })
    }
  })

  it('what is in no row takes admin', async () => {
    for (const path of ['/nothing', '/api/nothing', '/api/v1/nothing', '/']) {
      const found = await Promise.all(SCOPES.map(async (scope) => (await ask('POST', path, all.get(scope))).status))
      expect([path, ...found]).toEqual([path, 403, 403, 404])
    }
  })
})

/** A request that names a metric. */
type Naming = (metric: string) => readonly [method: string, path: string, body?: unknown]

const kairosQuery = (metric: string, more: object = {}) => ({
  start_absolute: HOUR * 1000,
  end_absolute: (HOUR + 10) * 1000,
  metrics: [{ name: metric, ...more }],
})
const points = (metric: string) => [{ metric, timestamp: HOUR, value: 8, tags: { host: 'a' } }]
const kairosPoints = (name: string) => [{ name, timestamp: HOUR * 1000, value: 8, tags: { host: 'a' } }]
const queryBody = (metric: string) => ({ start: HOUR - 1, end: HOUR + 10, queries: [{ aggregator: 'sum', metric }] })
const exp = (metric: string) => ({
  time: { start: String(HOUR - 1), end: String(HOUR + 10), aggregator: 'sum' },
  metrics: [{ id: 'a', metric }],
  expressions: [{ id: 'e', expr: 'a + 1' }],
})

/**
 * Each row of the table that lets limited tokens in and is about metrics: a request that names one, and the status where it is
 * not theirs. 200: it is not told of.
 */
const NAMINGS: Readonly<Record<string, readonly [refused: 200 | 400 | 403, naming: Naming]>> = {
  'POST /api/put': [400, (metric) => ['POST', '/api/put?sync', points(metric)]],
  'POST /api/put/*': [400, (metric) => ['POST', '/api/put/?sync', points(metric)]],
  'POST /api/datapoints': [400, (metric) => ['POST', '/api/v1/datapoints?sync', kairosPoints(metric)]],
  'GET /api/query': [403, (metric) => ['GET', `/api/query?${RANGE}&m=sum:${metric}`]],
  'POST /api/query': [403, (metric) => ['POST', '/api/query', queryBody(metric)]],
  'GET /api/query/*': [403, (metric) => ['GET', `/api/query/any?${RANGE}&m=sum:${metric}`]],
  'POST /api/query/*': [403, (metric) => ['POST', '/api/v1/query/any', queryBody(metric)]],
  'POST /api/query/exp': [403, (metric) => ['POST', '/api/query/exp', exp(metric)]],
  'GET /api/query/gexp': [403, (metric) => ['GET', `/api/query/gexp?${RANGE}&exp=scale(sum:${metric},2)`]],
  'GET /api/query/last': [403, (metric) => ['GET', `/api/query/last?timeseries=${metric}`]],
  'POST /api/query/last': [403, (metric) => ['POST', '/api/query/last', { queries: [{ metric }] }]],
  'GET /q': [403, (metric) => ['GET', `/q?ascii&${RANGE}&m=sum:${metric}`]],
  'GET /api/datapoints/query': [
    403,
    (metric) => ['GET', `/api/v1/datapoints/query?query=${encodeURIComponent(JSON.stringify(kairosQuery(metric)))}`],
  ],
  'POST /api/datapoints/query': [403, (metric) => ['POST', '/api/v1/datapoints/query', kairosQuery(metric)]],
  'POST /api/datapoints/query/tags': [403, (metric) => ['POST', '/api/v1/datapoints/query/tags', kairosQuery(metric)]],
  'GET /api/suggest': [200, () => ['GET', '/api/suggest?type=metrics&max=1000']],
  'POST /api/suggest': [200, () => ['POST', '/api/suggest', { type: 'metrics', max: 1000 }]],
  'GET /suggest': [200, () => ['GET', '/suggest?type=metrics&max=1000']],
  'GET /api/metricnames': [200, () => ['GET', '/api/v1/metricnames']],
  'GET /api/search/lookup': [403, (metric) => ['GET', `/api/search/lookup?m=${metric}`]],
  'POST /api/search/lookup': [403, (metric) => ['POST', '/api/search/lookup', { metric }]],
  'DELETE /api/query': [403, (metric) => ['DELETE', `/api/query?${RANGE}&m=sum:${metric}`]],
  'POST /api/datapoints/delete': [403, (metric) => ['POST', '/api/v1/datapoints/delete', kairosQuery(metric)]],
  'DELETE /api/metric/*': [403, (metric) => ['DELETE', `/api/v1/metric/${metric}`]],
}

describe('a token that is limited to some metrics', () => {
  const limitedRules = RULES.filter(({ limited: isLimited, does }) => isLimited && does !== 'tells')
  const rows = limitedRules.flatMap(({ methods, path, scope }) =>
    methods.map((method): [string, string] => [`${method} ${path}`, scope]),
  )

  it('is tried on every row that lets it in', () => {
    expect(rows.map(([row]) => row).sort()).toEqual(Object.keys(NAMINGS).sort())
  })

  // What deletes comes last.
  it.each(
    rows.toSorted(([, a], [, b]) => Number(a === 'admin') - Number(b === 'admin')),
  )('%s answers of its metrics and of no other, whether there is one or not', async (row, scope) => {
    const [refused, naming] = NAMINGS[row]!
    const token = limited.get(scope)
    const request = (metric: string) => {
      const [method, path, body] = naming(metric)
      return ask(method, path, token, body)
    }
    const own = await request(OWN)
    expect([own.text.slice(0, 200), own.status < 300]).toEqual([expect.anything(), true])
    const [other, nobodys] = [await request(OTHER), await request(NOBODYS)]
    expect([other.text.slice(0, 200), other.status]).toEqual([expect.anything(), refused])
    expect({ ...nobodys, text: nobodys.text.replaceAll(NOBODYS, OTHER) }).toEqual(other)
    if (refused === 200) expect([other.text.includes(OWN), other.text.includes(OTHER)]).toEqual([true, false])
  })

  it('leaves nobody else’s points changed by all that', async () => {
    const read = await ask('GET', `/api/query?${RANGE}&m=sum:${OTHER}`, all.get('query'))
    expect(JSON.parse(read.text)).toMatchObject([{ metric: OTHER, dps: { [HOUR]: 7 } }])
    const names = await ask('GET', '/api/suggest?type=metrics&max=1000', all.get('query'))
    expect(JSON.parse(names.text)).not.toContain(NOBODYS)
  })

  it('puts the points that it may put beside others, by either face', async () => {
    const mixed = [...kairosPoints('app.mixed'), ...kairosPoints(OTHER)]
    expect(await ask('POST', '/api/v1/datapoints?sync', limited.get('put'), mixed)).toEqual({
      status: 400,
      text: JSON.stringify({ errors: [`metric[1].name is not permitted by the token: ${OTHER}`] }),
    })
    const read = await ask('GET', `/api/query?${RANGE}&m=sum:app.mixed`, limited.get('query'))
    expect(JSON.parse(read.text)).toMatchObject([{ dps: { [HOUR]: 8 } }])
  })

  it('is held to names as they are stored, whatever they are in KairosDB’s API', async () => {
    const odd = await authorization(['put', 'query'], ['odd_x20_name'])
    expect((await ask('POST', '/api/v1/datapoints?sync', odd, kairosPoints('odd name of mine'))).status).toBe(204)
    expect((await ask('POST', '/api/v1/datapoints?sync', odd, kairosPoints('odd_x20_name'))).status).toBe(400)
    expect((await ask('POST', '/api/v1/datapoints/query', odd, kairosQuery('odd name of mine'))).status).toBe(200)
    expect((await ask('POST', '/api/v1/datapoints/query', odd, kairosQuery('odd_x20_name'))).status).toBe(403)
  })

  it('saves no points of other metrics with save_as, even of what it may read', async () => {
    const token = await authorization(['put', 'query'], ['app.'])
    const saving = (metric: string) =>
      kairosQuery('app.mixed', { aggregators: [{ name: 'save_as', metric_name: metric }] })
    expect((await ask('POST', '/api/v1/datapoints/query', token, saving(OTHER))).status).toBe(403)
    expect((await ask('POST', '/api/v1/datapoints/query', token, saving('app.saved'))).status).toBe(200)
    expect((await ask('POST', '/api/v1/datapoints/query', limited.get('query'), saving('app.saved'))).status).toBe(403)
  })

  it('is refused all of what names one of its metrics and another', async () => {
    const both = { ...kairosQuery('app.mixed'), metrics: [{ name: 'app.mixed' }, { name: OTHER }] }
    expect((await ask('POST', '/api/v1/datapoints/delete', limited.get('admin'), both)).status).toBe(403)
    expect(
      (await ask('DELETE', `/api/query?${RANGE}&m=sum:app.mixed&m=sum:${OTHER}`, limited.get('admin'))).status,
    ).toBe(403)
    const read = await ask('GET', `/api/query?${RANGE}&m=sum:app.mixed`, limited.get('query'))
    expect(JSON.parse(read.text)).toMatchObject([{ dps: { [HOUR]: 8 } }])
  })

  it('sees the annotations of its metrics’ series, and those of no series only without the limit', async () => {
    const notes = `/api/query?${RANGE}&m=sum:app.mixed&global_annotations`
    expect((await ask('GET', notes, limited.get('query'))).status).toBe(403)
    expect((await ask('GET', notes, all.get('query'))).status).toBe(200)
    // What is but preferred is passed over.
    const headers = { authorization: limited.get('query') ?? '', prefer: 'global-annotations' }
    expect((await fetch(`${server.url}/api/query?${RANGE}&m=sum:app.mixed`, { headers })).status).toBe(200)
    const body = { ...queryBody('app.mixed'), globalAnnotations: true }
    expect((await ask('POST', '/api/query', limited.get('query'), body)).status).toBe(403)
  })
})

describe('deleting', () => {
  it('by a flag in a query’s body is refused to everybody, with a pointer to where it is done', async () => {
    const body = { ...queryBody(OTHER), delete: true }
    const answer = await ask('POST', '/api/query', all.get('query'), body)
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('DELETE /api/query')
    for (const scope of ['put', 'admin'])
      expect((await ask('POST', '/api/query', all.get(scope), body)).status).toBe(403)
    const read = await ask('GET', `/api/query?${RANGE}&m=sum:${OTHER}`, all.get('query'))
    expect(JSON.parse(read.text)).toMatchObject([{ dps: { [HOUR]: 7 } }])
  })

  it('takes a name as it is in the path, percent-decoded once', async () => {
    // Decoded twice, `a%41` would be `aA`.
    for (const name of ['aA', 'a%41']) {
      expect((await ask('POST', '/api/v1/datapoints?sync', all.get('put'), kairosPoints(name))).status).toBe(204)
    }
    const names = async () =>
      JSON.parse((await ask('GET', '/api/v1/metricnames?prefix=a', all.get('query'))).text).results
    expect(await names()).toEqual(expect.arrayContaining(['aA', 'a%41']))
    expect((await ask('DELETE', '/api/v1/metric/a%2541', all.get('admin'))).status).toBe(204)
    expect(await names()).toContain('aA')
    expect(await names()).not.toContain('a%41')
  })
})

it('telnet, which knows no tokens, puts and tells nothing', async () => {
  const client = await TelnetClient.open(server.port)
  client.send(`put telnet.metric ${HOUR} 1 host=a\nstats\nversion\n`)
  const said = await client.end()
  expect(said).not.toContain('tsd.')
  const names = await ask('GET', '/api/suggest?type=metrics&q=telnet', all.get('query'))
  expect(names).toEqual({ status: 200, text: '[]' })
})
