import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { startTestServer } from '../helpers/server.ts'

const PATIENT = { timeout: 30_000 }
const TIME = 1_356_998_400

/** What plugins posted, by path; `/search` answers, `/broken` fails. */
const posted: { path: string; body: unknown }[] = []
const service = createServer(async (request, response) => {
  posted.push({ path: request.url ?? '', body: JSON.parse(await text(request)) })
  if (request.url === '/broken') response.writeHead(500).end()
  else response.end(request.url === '/search' ? '["found"]' : '[]')
})

let server: LocalServer

beforeAll(async () => {
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  const { port } = service.address() as AddressInfo
  const at = (module: string, path: string) => ({ module, options: { url: `http://127.0.0.1:${port}${path}` } })
  const plugins = {
    writeFilters: { module: './plugins/metric-filter.ts', options: { deny: 'secret\\..*' } },
    uidFilters: { module: './plugins/uid-whitelist.ts', options: { tagk: ['host'] } },
    publishers: [at('./plugins/http-publisher.ts', '/broken'), at('./plugins/http-publisher.ts', '/points')],
    rejectHandlers: at('./plugins/http-rejects.ts', '/rejects'),
    search: at('./plugins/http-search.ts', '/search'),
    serialisers: './plugins/csv-serialiser.ts',
  }
  server = await startTestServer({
    batchWindowMs: 20,
    context: { plugins: JSON.stringify(plugins) },
    logLevel: 'silent',
  })
})
afterAll(async () => {
  await server.close()
  service.close()
})

const put = (...points: object[]) =>
  fetch(`${server.url}/api/put?sync&details`, { method: 'POST', body: JSON.stringify(points) })
const point = (metric: string, value: number, tags: object = { host: 'a' }) => ({
  metric,
  timestamp: TIME,
  value,
  tags,
})
const bodiesOf = (path: string) => posted.filter((each) => each.path === path).map(({ body }) => body)

test('plugins that the context names filter, publish and are told of rejects; one that fails is no matter', async () => {
  const answer = await put(point('open.a', 1), point('secret.b', 2), point('open.c', 3, { session: 'x' }))
  expect(await answer.json()).toMatchObject({
    success: 2,
    failed: 1,
    errors: [{ error: 'The new name session (tagk) was refused by a UID filter' }],
  })
  const names = await (await fetch(`${server.url}/api/suggest?type=metrics&max=100`)).json()
  expect(names).toEqual(['open.a'])
  await expect.poll(() => bodiesOf('/points'), PATIENT).toMatchObject([[{ metric: 'open.a', value: 1 }]])
  expect(bodiesOf('/broken')).toHaveLength(1)
  await expect.poll(() => bodiesOf('/rejects'), PATIENT).toMatchObject([{ reason: expect.stringContaining('session') }])
})

test('a serialiser writes answers where a request names it', async () => {
  await put(point('csv.m', 1.5))
  const ask = (name: string) =>
    fetch(`${server.url}/api/query?start=${TIME - 10}&end=${TIME + 10}&m=sum:csv.m&serializer=${name}`)
  const csv = await ask('csv')
  expect(csv.headers.get('content-type')).toBe('text/csv; charset=UTF-8')
  expect(await csv.text()).toBe(`metric,tags,time,value\r\ncsv.m,host=a,${TIME}000,1.5\r\n`)
  expect(await (await ask('json')).json()).toMatchObject([{ metric: 'csv.m' }])
  expect(await (await ask('xml')).json()).toMatchObject({
    error: { code: 400, message: "There is no serializer 'xml'", details: 'There are: json, csv' },
  })
})

test('a search plugin answers searches, and lookups stay the store’s', async () => {
  const search = await fetch(`${server.url}/api/search/tsuids?query=web*&limit=3`)
  expect(await search.json()).toMatchObject({ type: 'TSUIDS', results: ['found'], totalResults: 1 })
  expect(bodiesOf('/search')).toEqual([{ type: 'TSUIDS', query: 'web*', limit: 3, startIndex: 0 }])
  await put(point('look.up', 1))
  const lookup = await fetch(`${server.url}/api/search/lookup?m=look.up`)
  expect(await lookup.json()).toMatchObject({ totalResults: 1 })
})
