import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer } from '../helpers/server.ts'
import { Exceptions } from './exceptions.ts'
import { loadGroup } from './group.ts'
import { replay } from './replay.ts'

/**
 * Makes a test of each group, all on one server that starts empty.
 * @param names in the order in which they are played
 * @param original what gave the answers
 */
export function playGroups(names: readonly string[], original: string): void {
  let server: Awaited<ReturnType<typeof startTestServer>>
  const exceptions = Exceptions.read()

  beforeAll(async () => {
    server = await startTestServer({ batchWindowMs: 20 })
  })

  afterAll(async () => {
    await server?.close()
  })

  test.each(names)(`%s is answered as a real ${original} did`, { timeout: 600_000 }, async (name) => {
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
}
