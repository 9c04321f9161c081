import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { documentedCalls, makeCalls } from '../helpers/docs.ts'
import { startTestServer } from '../helpers/server.ts'

let server: LocalServer

beforeAll(async () => {
  server = await startTestServer({ batchWindowMs: 20 })
})
afterAll(() => server.close())

test('the last point is what was put last, by either method and path, as the page shows it', async () => {
  const now = Date.now() - 1000
  const point = (timestamp: number, value: number) => ({
    metric: 'boiler.temp',
    timestamp,
    value,
    tags: { plant: 'north' },
  })
  const points = JSON.stringify([point(now - 60_000, 70), point(now, 71.5)])
  expect((await fetch(`${server.url}/api/put?sync`, { method: 'POST', body: points })).status).toBe(204)

  const calls = documentedCalls('api/last.md')
  const answers = await makeCalls(server.url, calls)
  const shown = answers.map((text) => text.replace(String(now), '@NOW').replace(/[0-9A-F]{20}/, '@TSUID'))
  expect(shown).toEqual(calls.map(({ answer }) => answer))

  for (const path of ['/api/query/last', '/api/v1/query/last', '/api/query/last/']) {
    const response = await fetch(`${server.url}${path}?timeseries=boiler.temp%7Bplant=north%7D`)
    expect(await response.json()).toMatchObject([{ timestamp: now, value: '71.5' }])
  }
})
