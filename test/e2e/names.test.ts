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
