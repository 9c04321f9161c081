import { startDynamo } from '../helpers/dynamo.ts'
import { startKinesis } from '../helpers/kinesis.ts'
import { check } from './check.ts'
import type { Handlers } from './instances.ts'
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
  const { endpoint, streamName } = kinesis
  const scenario = new Scenario(seed, handlers, { dynamo: dynamo.endpoint, kinesis: endpoint, streamName })
  try {
    await scenario.run()
    await scenario.drain()
    await check(scenario, dynamo.endpoint)
  } catch (error) {
    scenario.violations.push(
      `the run broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  } finally {
    scenario.close()
    await Promise.all([dynamo.stop(), kinesis.stop()])
  }
  const { faults, acknowledged, violations } = scenario
  return { seed, calls: faults.calls, acknowledged: acknowledged.length, faults: faults.counts, violations }
}
