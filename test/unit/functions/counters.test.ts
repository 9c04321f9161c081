import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { ENV } from '../../../functions/environment.ts'
import { CounterStore } from '../../../lib/store/counters.ts'
import { Dynamo, openClient } from '../../../lib/store/dynamo.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'

let dynamo: RunningDynamo
let reader: CounterStore
let metrics: typeof import('../../../functions/metrics.ts')
let metered: typeof import('../../../functions/metered.ts').metered

beforeAll(async () => {
  dynamo = await startDynamo()
  reader = new CounterStore(
    new Dynamo({ client: openClient(dynamo.endpoint), retry: { deadlineMs: 10_000 } }),
    TABLES.counters,
  )
})
afterAll(() => dynamo.stop())

let name = 0
/** An instance of a function of its own. */
async function newInstance(table: string | undefined, functionName: string): Promise<void> {
  vi.resetModules()
  vi.stubEnv(ENV.countersTable, table)
  vi.stubEnv(ENV.functionName, functionName)
  metrics = await import('../../../functions/metrics.ts')
  ;({ metered } = await import('../../../functions/metered.ts'))
}
beforeEach(async () => {
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamo.endpoint)
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true')
  await newInstance(TABLES.counters, `function${++name}`)
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const kept = async () => (await reader.read()).find((one) => one.function === `function${name}`)?.figures
const store = (points: number) => metered(() => metrics.count('PointsStored', points))()

test('what an invocation counted is kept once it ends, and a failed one counts as failed', async () => {
  await store(7)
  await expect(
    metered(() => {
      metrics.count('PointsStored', 2)
      throw new Error('no')
    })(),
  ).rejects.toThrow('no')
  // The second addition says what the first one cost: its own three write units.
  expect(await kept()).toEqual({
    Calls: 2,
    CallsFailed: 1,
    ColdStarts: 1,
    PointsStored: 9,
    StoreRequests: 3,
    WriteUnits: 3,
  })
})

test('an instance that is busy adds what it counted only so often, and loses nothing that way', async () => {
  let now = 1000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  await newInstance(TABLES.counters, `function${name}`)
  for (let i = 0; i < 100; i++) await store(1)
  expect((await kept())?.PointsStored).toBe(4)
  now += 15_000
  await store(1)
  expect((await kept())?.PointsStored).toBe(101)
  await store(1)
  expect((await kept())?.PointsStored).toBe(101)
})

test('several instances of a function add up', async () => {
  await store(3)
  await newInstance(TABLES.counters, `function${name}`)
  await store(4)
  expect(await kept()).toMatchObject({ PointsStored: 7, ColdStarts: 2, Calls: 2 })
})

test('an answer does not hang on being counted: a table that is not there is logged', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  await newInstance('no-such-table', 'put')
  expect(await metered(() => 'answer')()).toBe('answer')
  expect(warn.mock.calls).toMatchObject([[{ message: 'what was counted could not be kept' }]])
})

test('without a table nothing is kept', async () => {
  await newInstance(undefined, 'put')
  expect(await metered(() => 'answer')()).toBe('answer')
})
