import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { startTestServer } from '../helpers/server.ts'

const PAGE = readFileSync(new URL('../../docs/api/expressions.md', import.meta.url), 'utf8')

/** What stands under `Example: NAME` on the page. */
function example(name: string): string {
  const found = PAGE.split(`Example: ${name}\n`)[1]?.split('```')[1]
  if (found === undefined) throw new Error(`The page has no example ${name}`)
  return found.slice(found.indexOf('\n') + 1).trim()
}

describe('expressions', () => {
  let server: LocalServer

  beforeAll(async () => {
    server = await startTestServer({ batchWindowMs: 20 })
    const put = await fetch(`${server.url}/api/put?sync`, { method: 'POST', body: example('the points') })
    expect(put.status).toBe(204)
  })
  afterAll(() => server.close())

  const get = async (path: string) => (await fetch(server.url + path)).text()
  const post = async (path: string, body: string) => (await fetch(server.url + path, { method: 'POST', body })).text()
  const gexp = (exp: string, more = '') =>
    get(`/api/query/gexp?start=1356998400&end=1356999000${more}&exp=${encodeURIComponent(exp)}`)

  test('the page’s formula gives what the page says', async () => {
    const answer = await post('/api/query/exp', example('POST /api/query/exp'))
    expect(JSON.parse(answer).outputs).toEqual(JSON.parse(example('its outputs')))
    expect(await post('/api/v1/query/exp', example('POST /api/query/exp'))).toBe(answer)
    expect(await post('/api/query/exp/', example('POST /api/query/exp'))).toBe(answer)
  })

  test('the page’s function gives what the page says', async () => {
    const [path = '', exp = ''] = example('GET /api/query/gexp').split('&exp=')
    const answer = await get(`/api/query/gexp?${path}&exp=${encodeURIComponent(exp)}`)
    expect(JSON.parse(answer)).toEqual(JSON.parse(example('its answer')))
    expect(answer).toContain('"1356998400":90.0')
  })

  test('every function of the page is answered', async () => {
    const rows = PAGE.split('| function | |')[1]?.split('\n\n')[0] ?? ''
    const calls = [...rows.matchAll(/`(\w+\([^`]*\))`/g)].map(([, call = '']) => call)
    expect(calls.length).toBeGreaterThan(6)
    for (const call of calls) {
      const written = call.replace(', ...', '').replaceAll(/\bS\b/g, 'sum:http.requests{host=*}')
      expect(JSON.parse(await gexp(written)), written).toHaveLength(2)
    }
  })

  test('what a series of a union lacks counts as 0', async () => {
    const results: { tags: object; dps: object }[] = JSON.parse(
      await gexp('sumSeries(sum:http.requests{host=*},sum:http.errors{host=*})'),
    )
    expect(results.map(({ tags, dps }) => [tags, dps])).toEqual([
      [{ host: 'web01' }, { 1356998400: 11, 1356998460: 36 }],
      [{ host: 'web02' }, { 1356998400: 5 }],
    ])
  })

  test('answers can be shown as those of other queries', async () => {
    expect(await gexp('scale(sum:http.errors,2)', '&arrays&ms')).toContain(
      '"dps":[[1356998400000,2],[1356998460000,12]]',
    )
    expect(await gexp('scale(sum:http.errors,2)', '&jsonp=show')).toMatch(/^show\(\[.*\]\)$/)
  })

  test('expressions can use expressions, and outputs be metrics', async () => {
    const body = {
      time: { start: '1356998400', end: '1356999000', aggregator: 'sum' },
      metrics: [{ id: 'r', metric: 'http.requests' }],
      expressions: [
        { id: 'twice', expr: 'r * 2' },
        { id: 'high', expr: 'twice > 40 ? twice : 0.0d' },
      ],
      outputs: [{ id: 'high' }, { id: 'r' }, { id: 'nosuch' }],
    }
    const { outputs } = JSON.parse(await post('/api/query/exp', JSON.stringify(body)))
    expect(outputs.map(({ id, dps }: { id: string; dps: unknown }) => [id, dps])).toEqual([
      [
        'high',
        [
          [1356998400000, 0],
          [1356998460000, 60],
        ],
      ],
      [
        'r',
        [
          [1356998400000, 15],
          [1356998460000, 30],
        ],
      ],
    ])
  })

  test('what is wrong is answered by 400 and its place', async () => {
    const { error } = JSON.parse(await gexp('scale(sum:http.requests'))
    expect(error).toMatchObject({ code: 400, message: 'Failed to parse scale(sum:http.requests' })
    expect((await fetch(`${server.url}/api/query/exp`)).status).toBe(405)
    expect((await fetch(`${server.url}/api/query/gexp`, { method: 'POST', body: '{}' })).status).toBe(405)
  })
})
