import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { relayFolder, spawnRelay, testRelay } from '../helpers/relay.ts'
import { startTestServer } from '../helpers/server.ts'
import { telnet } from '../helpers/telnet.ts'

const PATIENT = { timeout: 30_000 }
const TIME = 1_356_998_400

let server: LocalServer

beforeAll(async () => {
  server = await startTestServer({ batchWindowMs: 20 })
})
afterAll(() => server.close())

/** The points of a metric as the server answers them. */
async function stored(metric: string): Promise<Record<string, number>> {
  const response = await fetch(`${server.url}/api/query?start=${TIME - 10}&end=${TIME + 3000}&m=none:${metric}`)
  const answer: { dps: Record<string, number> }[] = JSON.parse(await response.text())
  return Array.isArray(answer) ? Object.assign({}, ...answer.map(({ dps }) => dps)) : {}
}

test('points by telnet and HTTP pass through a relay into the store, and sent again after a crash they change nothing', async () => {
  const dir = await relayFolder()
  const first = await spawnRelay(server.url, dir)
  const lines = Array.from({ length: 500 }, (_, i) => `put relayed ${TIME + i} ${i} host=a\n`)
  expect(await telnet(first.port, lines.join(''))).toBe('')
  const points = Array.from({ length: 500 }, (_, i) => {
    return { metric: 'relayed', timestamp: TIME + 500 + i, value: 500 + i, tags: { host: 'a' } }
  })
  const put = await fetch(`http://127.0.0.1:${first.port}/api/put?summary`, {
    method: 'POST',
    body: JSON.stringify(points),
  })
  expect(await put.json()).toEqual({ success: 500, failed: 0 })
  const all = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [TIME + i, i]))
  await expect.poll(() => stored('relayed'), PATIENT).toEqual(all)

  await first.kill()
  // the note of what was sent is gone, so all is sent again
  await rm(join(dir, 'position.json'), { force: true })
  const second = await testRelay(server.url, { dir })
  expect(second.waiting()).toBe(1000)
  await expect.poll(() => second.waiting(), PATIENT).toBe(0)
  await telnet(second.port, `put relayed.last ${TIME} 1 host=a\n`)
  await expect.poll(() => stored('relayed.last'), PATIENT).toEqual({ [TIME]: 1 })
  expect(await stored('relayed')).toEqual(all)
})
