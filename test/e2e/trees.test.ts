import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documentedCalls, makeCalls } from '../helpers/docs.ts'
import { startTestServer } from '../helpers/server.ts'

/** A tree's time of creation, which the page leaves out. */
const withoutCreated = (answer: string) => answer.replace(/"created":\d+,/, '')

test('docs/api/tree.md shows what is answered, and trees survive a restart', { timeout: 60_000 }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'trees-'))
  try {
    const calls = documentedCalls('api/tree.md')
    expect(calls.length).toBeGreaterThan(8)
    const server = await startTestServer({ batchWindowMs: 20, dataDir })
    try {
      expect((await makeCalls(server.url, calls)).map(withoutCreated)).toEqual(calls.map(({ answer }) => answer))
    } finally {
      await server.close()
    }
    const again = await startTestServer({ batchWindowMs: 20, dataDir })
    try {
      const reading = calls.filter(({ path }) => /branch|collisions|test/.test(path))
      expect(reading).toHaveLength(4)
      expect(await makeCalls(again.url, reading)).toEqual(reading.map(({ answer }) => answer))
    } finally {
      await again.close()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
