import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Store } from '../../lib/store/index.ts'
import { startDynamo } from '../helpers/dynamo.ts'
import { startKinesis } from '../helpers/kinesis.ts'
import { openTestStore } from '../helpers/store.ts'
import { check } from './check.ts'
import { sendInProcess } from './in-process.ts'
import { type Handlers, LOCAL } from './instances.ts'
import { Scenario } from './scenario.ts'

/** What a run came to. */
export interface RunReport {
  readonly seed: number
  /** Requests that reached the emulators. */
  readonly calls: number
  readonly acknowledged: number
  /** By kind. */
  readonly faults: ReadonlyMap<string, number>
  readonly violations: readonly string[]
}

/** Plays one run on emulators of its own, and looks at everything in the end. */
export async function runSeed(seed: number, handlers: Handlers): Promise<RunReport> {
  const [dynamo, kinesis] = await Promise.all([startDynamo(), startKinesis('faults', 2)])
  const emulators = {
    dynamo: sendInProcess(dynamo.server),
    kinesis: sendInProcess(kinesis.server),
    streamName: kinesis.streamName,
  }
  const store = storeBehind(emulators.dynamo)
  const scenario = new Scenario(seed, handlers, emulators)
  try {
    // Otherwise the first to seal would look for days of a store from before there were lists: 400 requests, most of a run.
    await store.ledger.completeDayList([], 0)
    await scenario.run()
    await scenario.drain()
    await check(scenario, store)
  } catch (error) {
    scenario.violations.push(
      `the run broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  } finally {
    scenario.close()
    store.close()
    await Promise.all([dynamo.stop(), kinesis.stop()])
  }
  const { faults, acknowledged, violations } = scenario
  return { seed, calls: faults.calls, acknowledged: acknowledged.length, faults: faults.counts, violations }
}

/** The run's own view of the store: nothing goes wrong with its requests. */
function storeBehind(requestHandler: object): Store {
  return openTestStore({ shelves: 2, client: new DynamoDBClient({ ...LOCAL, maxAttempts: 1, requestHandler }) })
}
