import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documentedCalls, makeCalls } from '../helpers/docs.ts'
import { startTestServer } from '../helpers/server.ts'

test('docs/api/annotation.md shows what is answered, and annotations survive a restart', {
  timeout: 60_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'annotations-'))
  try {
    const calls = documentedCalls('api/annotation.md')
    expect(calls.length).toBeGreaterThan(8)
    const server = await startTestServer({ batchWindowMs: 20, dataDir })
    try {
      expect(await makeCalls(server.url, calls)).toEqual(calls.map(({ answer }) => answer))
    } finally {
      await server.close()
    }
    const again = await startTestServer({ batchWindowMs: 20, dataDir })
    try {
      const reading = calls.filter(({ path }) => path.startsWith('/api/annotations?') || path.startsWith('/api/query'))
      expect(reading).toHaveLength(3)
      expect(await makeCalls(again.url, reading)).toEqual(reading.map(({ answer }) => answer))
    } finally {
      await again.close()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
