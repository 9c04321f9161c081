import { afterAll, beforeAll, expect, test } from 'vitest'
import { overloadRun, steadyRun } from '../../bench/load/run.ts'
import { type LoadServer, startLoadServer } from '../../bench/load/server.ts'
import { overloadFaults, steadyFaults } from '../../bench/load/verdict.ts'

// What `npm run load` does, in short: `npm start` in a process of its own, and a client that remembers what was acknowledged.
const TIMEOUT_MS = 240_000

let server: LoadServer
beforeAll(async () => {
  server = await startLoadServer()
})
afterAll(() => server.close())

test(
  'under a steady load of puts of many shapes and of queries nothing fails but for want of time, and nothing acknowledged is lost',
  async () => {
    const options = { seconds: 8, queriesPerSecond: 2, intervalS: 4 }
    const result = await steadyRun(server, { hosts: 11, metrics: 10 }, options)
    // A machine that runs other tests meanwhile may be too slow for even this.
    const errors = result.errors.filter((error) => !/: (429|503) /.test(error))
    expect(steadyFaults({ ...result, errors })).toEqual([])
    expect(result.verdict.acknowledged).toBeGreaterThan(0)
    expect(result.intervals.flatMap(({ health }) => health ?? [])).not.toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'what comes ten times as fast as the server takes it is refused properly, and nothing acknowledged is lost',
  async () => {
    const result = await overloadRun(server, { hosts: 12, metrics: 10 }, { capacitySeconds: 1, seconds: 3 })
    expect(overloadFaults(result)).toEqual([])
    expect(result.verdict.acknowledged).toBeGreaterThan(0)
  },
  TIMEOUT_MS,
)
