import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { documentedCalls, makeCalls } from '../helpers/docs.ts'
import { startTestServer } from '../helpers/server.ts'

let server: LocalServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

/** Times are the server's own; the pages show some. */
function withoutTimes(answer: string): string {
  return answer.replace(/"created":\d+/g, '"created":0').replace(/"time":\d+/g, '"time":0')
}

test.each(['api/uid.md', 'api/search.md', 'api/meta.md'])('docs/%s shows what the server answers', {
  timeout: 60_000,
}, async (page) => {
  server = await startTestServer({ batchWindowMs: 20 })
  const calls = documentedCalls(page)
  const answers = await makeCalls(server.url, calls)
  expect(calls.length).toBeGreaterThan(6)
  expect(answers.map(withoutTimes)).toEqual(calls.map(({ answer }) => withoutTimes(answer)))
})

test('names, renames, documents and what is found by them survive a restart', { timeout: 120_000 }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'names-'))
  const ask = async (path: string, body?: unknown) => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const response = await fetch(`${server?.url}${path}`, init)
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  const look = async () => ({
    suggested: (await ask('/api/suggest?type=metrics&q=')).body,
    name: (await ask('/api/uid/uidmeta?type=tagk&uid=1')).body,
    series: (await ask('/api/uid/tsmeta?m=after%7Bhost=web01%7D')).body,
    searched: (await ask('/api/search/tsmeta?query=units:perc*')).body.results,
    unused: (await ask('/api/uid/tsmeta?m=after%7Bhost=web02%7D')).body.length,
  })
  try {
    server = await startTestServer({ batchWindowMs: 20, dataDir })
    const points = [0, 1, 2].map((i) => ({
      metric: 'before',
      timestamp: 1356998400 + i,
      value: i,
      tags: { host: 'web01' },
    }))
    expect((await ask('/api/put?sync', points)).status).toBe(204)
    expect((await ask('/api/uid/rename', { metric: 'before', name: 'after' })).body).toEqual({ result: 'true' })
    expect((await ask('/api/uid/assign', { tagv: ['web02'] })).status).toBe(200)
    expect((await ask('/api/uid/tsmeta?m=after%7Bhost=web02%7D&create=true', { units: 'ms' })).status).toBe(200)
    expect((await ask('/api/uid/tsmeta?m=after%7Bhost=web01%7D', { units: 'Percent' })).status).toBe(200)
    expect((await ask('/api/uid/uidmeta?method_override=post&type=tagk&uid=000001&display_name=Machine')).status).toBe(
      200,
    )
    const before = await look()
    expect(before).toMatchObject({
      suggested: ['after'],
      name: { name: 'host', displayName: 'Machine' },
      series: [{ metric: { name: 'after' }, units: 'Percent', totalDatapoints: 3, lastReceived: 1356998402 }],
      searched: [{ units: 'Percent', totalDatapoints: 3 }],
      unused: 1,
    })
    await server.close()
    server = await startTestServer({ batchWindowMs: 20, dataDir })
    expect(await look()).toEqual(before)
    for (const type of ['metric', 'tagk', 'tagv']) {
      expect((await ask('/api/uid/fsck', { type })).body.faults).toEqual([])
    }
  } finally {
    await server?.close()
    server = undefined
    await rm(dataDir, { recursive: true, force: true })
  }
})
