import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer } from '../helpers/server.ts'
import { Exceptions } from './exceptions.ts'
import { groupNames, loadGroup } from './group.ts'
import { replay } from './replay.ts'

let server: Awaited<ReturnType<typeof startTestServer>>

beforeAll(async () => {
  server = await startTestServer({ batchWindowMs: 20 })
})

afterAll(async () => {
  await server?.close()
})

const exceptions = Exceptions.read()

test.each(groupNames())('%s is answered as a real OpenTSDB 2.4.1 or KairosDB 1.3 did', {
  timeout: 240_000,
}, async (name) => {
  const group = loadGroup(name)
  const outcomes = await replay(server.url, group, (step) => exceptions.covers(name, step.name))
  const misses: string[] = []
  for (const { step, why } of outcomes) {
    if (why !== undefined && exceptions.excuse(name, step.name) === undefined) misses.push(`${step.name}: ${why}`)
    if (why === undefined && exceptions.names(name, step.name)) misses.push(`${step.name}: is excepted but passes`)
  }
  expect(outcomes.length).toBeGreaterThan(0)
  expect(misses).toEqual([])
  expect(exceptions.unused([name]), 'exceptions that nothing needs').toEqual([])
})
