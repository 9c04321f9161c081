import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { runTsdb } from '../helpers/cli.ts'
import { documentedCalls, makeCalls } from '../helpers/docs.ts'
import { startTestServer } from '../helpers/server.ts'

/** The range of a query. */
const WHEN = { start_absolute: 1356998400000, end_absolute: 1356998500000 }

describe("KairosDB's face", () => {
  let server: LocalServer

  beforeAll(async () => {
    // Deletions are logged as warnings.
    server = await startTestServer({ batchWindowMs: 20, logLevel: 'error' })
  })
  afterAll(() => server.close())

  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(server.url + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.status, text: await response.text() }
  }
  const put = (body: unknown) => ask('POST', '/api/v1/datapoints?sync', body)
  const names = async (prefix: string) =>
    JSON.parse((await ask('GET', `/api/v1/metricnames?prefix=${prefix}`)).text).results

  test('the page’s calls give what it shows', async () => {
    const calls = documentedCalls('api/kairos.md')
    expect(calls).toHaveLength(14)
    expect(await makeCalls(server.url, calls)).toEqual(calls.map(({ answer }) => answer))
  })

  test('points are read by OpenTSDB’s queries, exactly, under names that it can write', async () => {
    const tags = { 'ho st': 'a:b', ...Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, 'v'])) }
    // as text, since the first value is no double
    const datapoints = '[[1356998400000,9007199254740993],[1356998400001,2.5],[1356998400002,"a text"]]'
    const body = `{"name":"odd {name}","tags":${JSON.stringify(tags)},"datapoints":${datapoints}}`
    const response = await fetch(`${server.url}/api/v1/datapoints?sync`, { method: 'POST', body })
    expect([response.status, await response.text()]).toEqual([204, ''])
    const stored = 'odd_x20__x7B_name_x7D_'
    const read = await ask('GET', `/api/query?start=1356998400&ms&m=none:${stored}%7Bho_x20_st=a_x3A_b%7D`)
    expect(read.text).toContain('"dps":{"1356998400000":9007199254740993,"1356998400001":2.5}')
    const own = await ask('POST', '/api/v1/datapoints/query', { ...WHEN, metrics: [{ name: 'odd {name}' }] })
    expect(own.text).toContain('[[1356998400000,9007199254740993],[1356998400001,2.5]]')
    expect(own.text).toContain('[[1356998400002,"a text"]]')
    expect(own.text).toContain('"ho st":["a:b"]')
    expect(await ask('GET', '/api/suggest?type=metrics&q=odd')).toEqual({ status: 200, text: `["${stored}"]` })
    expect(await names('odd%20')).toEqual(['odd {name}'])
  })

  test('a name that OpenTSDB’s clients put is named here as they meant it', async () => {
    const point = { metric: 'both_x20_faces', timestamp: 1356998400, value: 1, tags: { h: 'a' } }
    await ask('POST', '/api/put?sync', point)
    expect(await names('both')).toEqual(['both faces'])
    expect((await put({ name: 'both faces', timestamp: 1356998401000, value: 2, tags: { h: 'a' } })).status).toBe(204)
    const read = await ask('GET', '/api/query?start=1356998400&m=none:both_x20_faces')
    expect(JSON.parse(read.text)).toMatchObject([{ dps: { 1356998400: 1, 1356998401: 2 } }])
    const own = await ask('POST', '/api/v1/datapoints/query', { ...WHEN, metrics: [{ name: 'both faces' }] })
    expect(own.text).toContain('[[1356998400000,1],[1356998401000,2]]')
  })

  test('points are gone once their time has come', async () => {
    const name = 'gone.soon'
    await put({ name, timestamp: 1356998400000, value: 1, tags: { h: 'a' } })
    await put({ name, timestamp: 1356998401000, value: 2, tags: { h: 'a' }, ttl: 1 })
    const read = async () =>
      Object.keys(JSON.parse((await ask('GET', `/api/query?start=1356998400&m=none:${name}`)).text)[0].dps)
    await expect.poll(read, { timeout: 10_000 }).toEqual(['1356998400'])
  })

  test('points of an hour that still takes some can’t be deleted, and hours without any don’t matter', async () => {
    const now = Date.now()
    const point = { timestamp: now, value: 1, tags: { h: 'a' } }
    await put([
      { name: 'live', ...point },
      { name: 'old', ...point, timestamp: 1356998400000 },
    ])
    const refused = await ask('DELETE', '/api/v1/metric/live')
    expect(refused.status).toBe(409)
    expect(refused.text).toMatch(/^\{"errors":\["Points from \S+Z on can't be deleted yet/)
    expect(await ask('DELETE', '/api/v1/metric/old')).toEqual({ status: 204, text: '' })
    expect([await names('live'), await names('old')]).toEqual([['live'], []])
  })

  test('a metric that was deleted comes back with its next point, with the series that has it', async () => {
    const point = { name: 'back', timestamp: 1356998400000, value: 1 }
    await put([
      { ...point, tags: { h: 'a' } },
      { ...point, tags: { h: 'b' } },
    ])
    const tags = async () => {
      const asked = await ask('POST', '/api/v1/datapoints/query/tags', {
        start_absolute: 0,
        metrics: [{ name: 'back' }],
      })
      return JSON.parse(asked.text).queries[0].results[0].tags
    }
    expect(await tags()).toEqual({ h: ['a', 'b'] })
    await ask('DELETE', '/api/v1/metric/back')
    expect([await names('back'), await tags()]).toEqual([[], {}])
    await put({ ...point, tags: { h: 'b' } })
    expect([await names('back'), await tags()]).toEqual([['back'], { h: ['b'] }])
    const read = await ask('GET', '/api/query?start=1356998400&m=none:back')
    expect(JSON.parse(read.text)).toMatchObject([{ tags: { h: 'b' } }])
    expect(JSON.parse(read.text)).toHaveLength(1)
  })

  test('an export by KairosDB is imported, exact to the digit', async () => {
    const points =
      '[[1356998400000,9007199254740993,"long"],[1356998400001,2,"double"],[1356998400002,"[\\"x\\"]","string"]]'
    const stdin = `{"name":"was kairos","tags":{"ho st":"a"},"datapoints":${points}}\n`
    const ran = await runTsdb(['import', '--kairosdb', '--sync', '--batch', '2', '--url', server.url, '-'], { stdin })
    expect(ran).toEqual({ status: 0, stderr: '', stdout: 'Imported 3 points\n' })
    const read = await ask('GET', '/api/query?start=1356998400&ms&m=none:was_x20_kairos')
    expect(read.text).toContain('"dps":{"1356998400000":9007199254740993,"1356998400001":2.0}')
    const own = await ask('POST', '/api/v1/datapoints/query', { ...WHEN, metrics: [{ name: 'was kairos' }] })
    expect(own.text).toContain('"values":[[1356998400002,"[\\"x\\"]"]]')
  })

  test('what is asked wrongly is told in KairosDB’s form', async () => {
    const tooLong = { name: 'x'.repeat(2000), timestamp: 1, value: 1, tags: { h: 'a' } }
    expect((await put(tooLong)).text).toContain('kairosNameBytes allows 1024')
    expect(await ask('GET', '/api/v1/features/nosuch')).toEqual({
      status: 404,
      text: `{"errors":["Unknown feature 'nosuch'"]}`,
    })
    const noRollups =
      'There are no roll-up tasks here. A query with the aggregator save_as, asked again and again, does what a task does'
    for (const path of ['rollups', 'rollups/abc', 'rollups/backfill/abc']) {
      expect(await ask('POST', `/api/v1/${path}`, {})).toEqual({ status: 501, text: `{"errors":["${noRollups}"]}` })
    }
    expect((await ask('POST', `/api/v1/metadata/s/k/${'x'.repeat(1000)}`, 1)).status).toBe(400)
  })
})
