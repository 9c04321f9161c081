import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ENV } from '../../../functions/environment.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { type EventOptions, httpEvent, lambdaContext } from '../../helpers/http-event.ts'
import { PointWriter } from '../../helpers/stored-points.ts'

let dynamo: RunningDynamo
let writer: PointWriter
let handler: typeof import('../../../functions/query.ts')['handler']

beforeAll(async () => {
  dynamo = await startDynamo()
  writer = new PointWriter(dynamo.endpoint)
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamo.endpoint)
  vi.stubEnv(ENV.tsdbTable, TABLES.data)
  vi.stubEnv(ENV.uidTable, TABLES.uid)
  vi.stubEnv(ENV.metaTable, TABLES.meta)
  vi.stubEnv(ENV.limits, '{"querySeries":5,"queryPoints":500000,"filters":2,"subQueries":2}')
  handler = (await import('../../../functions/query.ts')).handler
})

afterAll(async () => {
  writer?.close()
  await dynamo?.stop()
})

async function ask(options: EventOptions): Promise<{ status: number; body: string; type: string }> {
  const result = (await handler(httpEvent(options), lambdaContext())) as APIGatewayProxyStructuredResultV2
  const type = String(result.headers?.['content-type'])
  return { status: result.statusCode ?? 0, body: result.body ?? '', type }
}

/** Answers the `dps` of the only series that a query gives. */
async function dps(m: string, more = ''): Promise<string> {
  const { status, body } = await ask({
    method: 'GET',
    path: `/api/query?start=${HOUR}&end=${HOUR + 7200}&m=${m}${more}`,
  })
  expect(status).toBe(200)
  const [, text = 'not one series'] = /^\[\{[^[]*\[[^[]*\],"dps":(\{[^}]*\})\}\]$/.exec(body) ?? []
  return text
}

const HOUR = 1_356_998_400

function point(metric: string, offsetS: number, value: string, host: string): string {
  return `{"metric":"${metric}","timestamp":${HOUR + offsetS},"value":${value},"tags":{"host":"${host}"}}`
}

test('points of several hours, shelves and records come back as they were put, the latest arrival of each time', async () => {
  const points = [0, 3600, 7200].map((offset) => point('q.hours', offset, '9007199254740993', 'a'))
  await writer.write(`[${points}]`, 1000)
  await writer.write(`[${point('q.hours', 3600, '2', 'a')}]`, 3000)
  await writer.write(`[${point('q.hours', 3600, '1.5', 'a')}]`, 2000)
  const [first, second, third] = [HOUR, HOUR + 3600, HOUR + 7200]
  expect(await dps('none:q.hours')).toBe(`{"${first}":9007199254740993,"${second}":2,"${third}":9007199254740993}`)
})

test('a record that is delivered again changes nothing that can be read', async () => {
  const records = [`[${point('q.again', 0, '1', 'a')}]`, `[${point('q.again', 0, '2', 'a')}]`]
  for (const [i, record] of records.entries()) await writer.write(record, 1000 + i)
  await writer.write(records[0] ?? '', 1000)
  expect(await dps('none:q.again')).toBe(`{"${HOUR}":2}`)
})

test('a POST asks the same as a GET', async () => {
  await writer.write(`[${point('q.post', 0, '1', 'a')},${point('q.post', 0, '2', 'b')}]`)
  const body = JSON.stringify({ start: HOUR, end: HOUR + 60, queries: [{ aggregator: 'sum', metric: 'q.post' }] })
  const posted = await ask({ method: 'POST', path: '/api/query', body })
  const got = await ask({ method: 'GET', path: `/api/query?start=${HOUR}&end=${HOUR + 60}&m=sum:q.post` })
  expect(posted).toEqual(got)
  expect(posted.body).toBe(`[{"metric":"q.post","tags":{},"aggregateTags":["host"],"dps":{"${HOUR}":3}}]`)
})

test('jsonp makes a call of a function, and nothing but that', async () => {
  const path = `/api/query?start=${HOUR}&m=sum:q.post&jsonp=`
  const called = await ask({ method: 'GET', path: `${path}my.callback` })
  expect(called.body).toMatch(/^my\.callback\(\[.*\]\)$/)
  expect(called.type).toContain('javascript')
  expect((await ask({ method: 'GET', path: `${path}alert(1)//` })).status).toBe(400)
})

test('a name that was never stored fails the query by name', async () => {
  const unknown = async (m: string) =>
    JSON.parse((await ask({ method: 'GET', path: `/api/query?start=1h-ago&m=${m}` })).body)
  expect(await unknown('sum:q.nosuch')).toMatchObject({
    error: { code: 400, message: "No such name for 'metrics': 'q.nosuch'" },
  })
  expect(await unknown('sum:q.post%7Bhost=zz%7D')).toMatchObject({
    error: { message: "No such name for 'tagv': 'zz'" },
  })
  expect(await unknown('sum:q.post%7Bzz=*%7D')).toMatchObject({ error: { message: "No such name for 'tagk': 'zz'" } })
})

test('series are found by their TSUIDs, in a GET as in a POST, and only those', async () => {
  await writer.write(
    `[${point('q.tsuid', 0, '1', 'a')},${point('q.tsuid', 0, '2', 'b')},${point('q.tsuid', 0, '4', 'c')}]`,
  )
  const range = `/api/query?start=${HOUR}&end=${HOUR + 60}`
  const { body } = await ask({ method: 'GET', path: `${range}&m=none:q.tsuid&show_tsuids` })
  const [a, , c] = JSON.parse(body).map(({ tsuids }: { tsuids: string[] }) => tsuids[0])
  const got = await ask({ method: 'GET', path: `${range}&tsuid=sum:${a.toLowerCase()},${c}` })
  expect(got.body).toBe(`[{"metric":"q.tsuid","tags":{},"aggregateTags":["host"],"dps":{"${HOUR}":5}}]`)
  const posted = { start: HOUR, end: HOUR + 60, queries: [{ aggregator: 'sum', tsuids: [a, c] }] }
  expect(await ask({ method: 'POST', path: '/api/query', body: JSON.stringify(posted) })).toEqual(got)
  expect((await ask({ method: 'GET', path: `${range}&tsuid=sum:FFFFFF00000100000001` })).body).toBe('[]')
  expect((await ask({ method: 'GET', path: `${range}&tsuid=sum:000001` })).status).toBe(400)
})

test('with skipUnresolved names that were never stored are listed, and the rest is answered', async () => {
  const range = `/api/query?start=${HOUR}&end=${HOUR + 60}&skip_unresolved`
  const { status, body } = await ask({ method: 'GET', path: `${range}&m=sum:q.post%7Bhost=a|zz%7D&m=sum:q.nosuch` })
  expect(status).toBe(200)
  expect(JSON.parse(body)).toEqual([
    { metric: 'q.post', tags: { host: 'a' }, aggregateTags: [], dps: { [HOUR]: 1 } },
    {
      unresolved: [
        { type: 'tagv', name: 'zz', index: 0 },
        { type: 'metric', name: 'q.nosuch', index: 1 },
      ],
    },
  ])
  expect(JSON.parse((await ask({ method: 'GET', path: `${range}&m=sum:q.post%7Bhost=zz%7D` })).body)).toEqual([
    { unresolved: [{ type: 'tagv', name: 'zz', index: 0 }] },
  ])
})

test('a GET that asks to be taken for a DELETE is refused, and not answered as if it had been one', async () => {
  const path = `/api/query?start=${HOUR}&end=${HOUR + 60}&m=sum:q.post&method_override=delete`
  const { status, body } = await ask({ method: 'GET', path })
  expect(status).toBe(400)
  expect(body).toContain('DELETE /api/query')
})

test('percentiles are of histograms, of which there are none', async () => {
  const path = `/api/query?start=${HOUR}&end=${HOUR + 60}&m=sum:percentiles%5B99%5D:q.post`
  expect(await ask({ method: 'GET', path })).toMatchObject({ status: 200, body: '[]' })
})

test('a regular expression that is wrong or too long is refused', async () => {
  const asked = (regexp: string) =>
    ask({
      method: 'GET',
      path: `/api/query?start=${HOUR}&m=sum:q.post%7Bhost=regexp(${encodeURIComponent(regexp)})%7D`,
    })
  expect(await asked('(?=a)')).toMatchObject({ status: 400, body: expect.stringContaining('look-ahead') })
  expect(await asked('a'.repeat(1025))).toMatchObject({ status: 413, body: expect.stringContaining('regexpLength') })
  expect(await asked('^[ab]$')).toMatchObject({ status: 200, body: expect.stringContaining('"host":"b"') })
})

test('a query that needs more than a budget allows is answered 413, saying which', async () => {
  const hosts = ['a', 'b', 'c', 'd', 'e', 'f'].map((host) => point('q.many', 0, '1', host))
  await writer.write(`[${hosts}]`)
  const refused = async (query: string) => {
    const { status, body } = await ask({ method: 'GET', path: `/api/query?start=${HOUR}&end=${HOUR + 7200}&${query}` })
    expect(status).toBe(413)
    return JSON.parse(body).error.message
  }
  expect(await refused('m=sum:q.many')).toContain('querySeries')
  expect(await refused('m=sum:10ms-avg-nan:q.many%7Bhost=a%7D')).toContain('queryPoints')
  expect(await refused('m=sum:q.many&m=sum:q.many&m=sum:q.many')).toContain('subQueries')
  expect(await refused('m=sum:q.many%7Bhost=a,a=*,b=*%7D')).toContain('filters')
  expect(await dps('sum:q.many%7B%7D%7Bhost=a|b%7D')).toBe(`{"${HOUR}":2}`)
})

test('an answer that Lambda would not pass on is refused, unless gzip makes it small enough', async () => {
  await writer.write(`[${point('q.big', 0, '1', 'a')}]`)
  const path = `/api/query?start=${HOUR}&end=${HOUR + 3600}&m=sum:10ms-avg-zero:q.big&ms`
  expect(await ask({ method: 'GET', path })).toMatchObject({ status: 413, body: expect.stringContaining('gzip') })
  expect((await ask({ method: 'GET', path, headers: { 'accept-encoding': 'gzip' } })).status).toBe(200)
})

test('a range of thousands of years ends as soon as the store has said that there is nothing', async () => {
  const { status, body } = await ask({
    method: 'GET',
    path: `/api/query?start=2012/01/01&end=2016/01/01&m=count:q.big`,
  })
  expect(status).toBe(200)
  expect(body).toContain(`"${HOUR}":1`)
})
