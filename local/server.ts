import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmulatorClient } from './emulators/client.ts'
import { type Emulator, startEmulator } from './emulators/emulator.ts'
import { provideStream, provideTable, type Shard } from './emulators/provision.ts'
import { keepSweeping } from './emulators/ttl.ts'
import { RunnerError } from './errors.ts'
import { functionEnvironment } from './functions/environment.ts'
import { FunctionPool } from './functions/pool.ts'
import { Gateway, LOOPBACK } from './gateway/gateway.ts'
import { createLog, type Log, type LogLevel } from './log.ts'
import { Scheduler } from './schedule/scheduler.ts'
import { memoryState, openState, type RunnerState } from './state.ts'
import { RunningMapping } from './stream/mapping.ts'
import { Trimmer } from './stream/trimmer.ts'
import { synthesise } from './synth.ts'
import { type LocalStack, readStack } from './template/index.ts'

/** How a local server runs. */
export interface ServerOptions {
  /** TCP port on 127.0.0.1; 0 takes any free one. */
  readonly port: number
  /** Folder that keeps everything; without it, nothing outlives the server. */
  readonly dataDir?: string
  /** @default 'info' */
  readonly logLevel?: LogLevel
  /** Milliseconds that replace the template's batch window, which the cloud counts in whole seconds. @default 200 */
  readonly batchWindowMs?: number
  /** CDK context for the synthesis. */
  readonly context?: Readonly<Record<string, string>>
  /** A folder synthesised earlier, used as it is. */
  readonly assemblyDir?: string
}

/** A running local server. */
export interface LocalServer {
  /** `http://127.0.0.1:4242`, without a slash at the end. */
  readonly url: string
  readonly port: number
  readonly dynamoEndpoint: string
  readonly kinesisEndpoint: string
  readonly streamName: string
  /** Physical table names by logical id. */
  readonly tables: Readonly<Record<string, string>>
  /** Rejects when a part that the server can't do without has failed. */
  readonly failed: Promise<never>
  /** Stops accepting, carries what was acknowledged through the stream into the tables, then stops everything. */
  close(): Promise<void>
}

const DEFAULT_WINDOW_MS = 200
/** What can't be carried through in this time stays on the stream for the next start. */
const DRAIN_MS = 30_000

/** Undoes the steps of a start, the last first. */
type Undo = () => Promise<void> | void

/**
 * Runs the synthesised template on this machine.
 * @throws RunnerError, with one line that says what to do
 */
export async function startServer(options: ServerOptions): Promise<LocalServer> {
  const log = createLog(options.logLevel ?? 'info')
  const undo: Undo[] = []
  const stop = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step()
  }
  try {
    return await start(options, log, undo, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(options: ServerOptions, log: Log, undo: Undo[], stop: () => Promise<void>): Promise<LocalServer> {
  const dataDir = options.dataDir === undefined ? undefined : resolve(options.dataDir)
  // What a person can get wrong comes first, so that it is said before anything takes time.
  const gateway = await Gateway.listen(options.port, log.for('gateway'))
  undo.push(() => gateway.close())
  const state = dataDir === undefined ? memoryState() : await openState(dataDir)
  undo.push(() => state.close())

  const [stack, dynamo, kinesis] = await settled([
    readStackOf(options, log),
    startEmulator('dynamo', dataDir && `${dataDir}/dynamodb`).then((emulator) => keep(emulator, undo)),
    startEmulator('kinesis', dataDir && `${dataDir}/kinesis`).then((emulator) => keep(emulator, undo)),
  ])
  const stream = stack.streams.at(0)
  if (stack.api === undefined || stream === undefined)
    throw new RunnerError('The template lacks an HTTP API or a stream')

  const dynamoClient = new EmulatorClient('dynamo', dynamo.endpoint)
  const kinesisClient = new EmulatorClient('kinesis', kinesis.endpoint)
  undo.push(() => dynamoClient.close())
  undo.push(() => kinesisClient.close())
  await Promise.all(stack.tables.map((table) => provideTable(dynamoClient, table)))
  undo.push(keepSweeping(dynamoClient, stack.tables, log.for('ttl')))
  const shards = new Map<string, Shard[]>()
  for (const each of stack.streams) shards.set(each.arn, await provideStream(kinesisClient, each, log))

  const pools = await startPools(stack, { dynamo: dynamo.endpoint, kinesis: kinesis.endpoint }, log)
  undo.push(async () => void (await Promise.all([...pools.values()].map((pool) => pool.stop()))))
  const mappings = await startMappings(
    stack,
    { kinesis, kinesisClient, shards, pools, state, dataDir },
    options,
    log,
    undo,
  )
  const scheduler = new Scheduler(log.for('schedule'))
  for (const schedule of stack.schedules) scheduler.start(schedule, poolOf(pools, schedule.functionId))
  undo.push(() => scheduler.stop())
  gateway.serve(stack.api, pools)
  log.debug(`${stack.ignored.map(({ logicalId, type, reason }) => `${logicalId} (${type}): ${reason}`).join('; ')}`)

  const failed = new Promise<never>((_, reject) => {
    dynamo.onFailed = reject
    kinesis.onFailed = reject
  })
  // Who does not look at it has nothing to lose by it.
  failed.catch(() => undefined)
  let closing: Promise<void> | undefined
  return {
    url: `http://${LOOPBACK}:${gateway.port}`,
    port: gateway.port,
    dynamoEndpoint: dynamo.endpoint,
    kinesisEndpoint: kinesis.endpoint,
    streamName: stream.name,
    tables: Object.fromEntries(stack.tables.map((table) => [table.logicalId, table.name])),
    failed,
    close: () => {
      closing ??= gateway
        .close()
        .then(() => drain(mappings, log))
        .then(stop)
      return closing
    },
  }
}

async function readStackOf(options: ServerOptions, log: Log): Promise<LocalStack> {
  const began = performance.now()
  const assemblyDir = options.assemblyDir ?? (await synthesise(options.context))
  log.debug(`synthesised in ${Math.round(performance.now() - began)} ms: ${assemblyDir}`)
  return readStack(assemblyDir)
}

function keep(emulator: Emulator, undo: Undo[]): Emulator {
  undo.push(() => emulator.close())
  return emulator
}

/** Like Promise.all, but nothing is still starting when it rejects. */
async function settled<A, B, C>(starting: [Promise<A>, Promise<B>, Promise<C>]): Promise<[A, B, C]> {
  await Promise.allSettled(starting)
  return Promise.all(starting)
}

async function startPools(
  stack: LocalStack,
  endpoints: { dynamo: string; kinesis: string },
  log: Log,
): Promise<Map<string, FunctionPool>> {
  const pools = new Map<string, FunctionPool>()
  for (const model of stack.functions) {
    const pool = new FunctionPool(model, functionEnvironment(model, endpoints), log.for(model.name))
    pools.set(model.logicalId, pool)
  }
  await Promise.all([...pools.values()].map((pool) => pool.warm()))
  return pools
}

async function startMappings(
  stack: LocalStack,
  parts: {
    kinesis: Emulator
    kinesisClient: EmulatorClient
    shards: ReadonlyMap<string, readonly Shard[]>
    pools: ReadonlyMap<string, FunctionPool>
    state: RunnerState
    dataDir: string | undefined
  },
  options: ServerOptions,
  log: Log,
  undo: Undo[],
): Promise<RunningMapping[]> {
  const trimmer = new Trimmer(parts.kinesis.trim)
  undo.push(() => trimmer.stop())
  const mappings: RunningMapping[] = []
  for (const mapping of stack.mappings) {
    const stream = stack.streams.find((each) => each.arn === mapping.streamArn)
    if (stream === undefined)
      throw new RunnerError(`${mapping.logicalId} reads ${mapping.streamArn}, which is not there`)
    const running = await RunningMapping.start(mapping, {
      client: parts.kinesisClient,
      stream,
      shards: parts.shards.get(stream.arn) ?? [],
      pool: poolOf(parts.pools, mapping.functionId),
      state: parts.state,
      trimmer,
      queue: stack.queues.find((queue) => queue.arn === mapping.onFailureQueueArn),
      dataDir: parts.dataDir,
      windowMs: options.batchWindowMs ?? DEFAULT_WINDOW_MS,
      log: log.for('stream'),
    })
    undo.push(() => running.stop())
    mappings.push(running)
  }
  parts.kinesis.onRecords = (name) => {
    for (const mapping of mappings) {
      if (mapping.stream.name === name) mapping.nudge()
    }
  }
  return mappings
}

function poolOf(pools: ReadonlyMap<string, FunctionPool>, functionId: string): FunctionPool {
  const pool = pools.get(functionId)
  if (pool === undefined) throw new RunnerError(`The template has no function ${functionId}`)
  return pool
}

async function drain(mappings: readonly RunningMapping[], log: Log): Promise<void> {
  const inTime = await Promise.race([
    Promise.all(mappings.map((mapping) => mapping.drain())).then(() => true),
    sleep(DRAIN_MS, false, { ref: false }),
  ])
  if (!inTime) log.warn('Some records could not be stored; they are on the stream and come first at the next start')
}
