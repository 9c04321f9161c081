import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { documentedCalls, makeCalls } from '../helpers/docs.ts'
import { startTestServer } from '../helpers/server.ts'

describe('deleting points', () => {
  let server: LocalServer

  beforeAll(async () => {
    // Deletions are logged as warnings.
    server = await startTestServer({ batchWindowMs: 20, logLevel: 'error' })
  })
  afterAll(() => server.close())

  const ask = (method: string, query: string) => fetch(`${server.url}/api/query?${query}`, { method })

  test('the page’s calls give what it shows', async () => {
    const calls = documentedCalls('api/delete.md')
    expect(calls).toHaveLength(3)
    expect(await makeCalls(server.url, calls)).toEqual(calls.map(({ answer }) => answer))
  })

  test('points that were put just now can’t be deleted yet, and the answer says what can', async () => {
    const point = { metric: 'pump.now', timestamp: Math.floor(Date.now() / 1000), value: 1, tags: { pump: '1' } }
    await fetch(`${server.url}/api/put?sync`, { method: 'POST', body: JSON.stringify(point) })
    const refused = await ask('DELETE', 'start=2h-ago&m=none:pump.now')
    expect(refused.status).toBe(409)
    const { error } = (await refused.json()) as { error: { message: string; details: string } }
    expect(error.message).toMatch(/^Points from \S+Z on can't be deleted yet/)
    const [end] = /end=\d+/.exec(error.details) ?? []
    expect((await ask('DELETE', `start=1d-ago&${end}&m=none:pump.now`)).status).toBe(200)
    expect(await (await ask('GET', 'start=2h-ago&m=none:pump.now')).text()).toContain(':1}')
  })

  test('what can’t be read can’t be deleted', async () => {
    expect((await ask('DELETE', 'start=1356998400&end=1356998500&m=sum:pump.nosuch')).status).toBe(400)
    expect((await ask('DELETE', 'm=sum:pump.now')).status).toBe(400)
  })
})
