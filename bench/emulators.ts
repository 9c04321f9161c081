import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ENV } from '../functions/environment.ts'

/** Physical names of the tables that the emulators start with. */
export const BENCH_TABLES = { data: 'tsdb', uid: 'tsdb-uid', meta: 'tsdb-meta', tree: 'tsdb-tree' } as const
export const BENCH_STREAM = 'points'

/** Where the emulators listen. */
export interface EmulatorEndpoints {
  readonly dynamo: string
  readonly kinesis: string
}

/** Starts empty emulators, in memory, in a process of their own. */
export async function startEmulators(): Promise<EmulatorEndpoints & { stop(): Promise<void> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/emulators.child.ts'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const line = once(createInterface(child.stdout), 'line').then(([text]) => String(text))
  const endpoints: EmulatorEndpoints = JSON.parse(
    await Promise.race([
      line,
      ended.then(([status]) => Promise.reject(new Error(`The emulators ended with ${status}`))),
    ]),
  )
  return {
    ...endpoints,
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}

/** Gives this process the environment that the template gives a function, pointed at the emulators. */
export function setFunctionEnvironment(endpoints: EmulatorEndpoints): void {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamo,
    AWS_ENDPOINT_URL_KINESIS: endpoints.kinesis,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    [ENV.tsdbTable]: BENCH_TABLES.data,
    [ENV.uidTable]: BENCH_TABLES.uid,
    [ENV.metaTable]: BENCH_TABLES.meta,
    [ENV.treeTable]: BENCH_TABLES.tree,
    [ENV.streamName]: BENCH_STREAM,
  })
}
