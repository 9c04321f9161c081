import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Emulators, holdToRoles, provide, startEmulators } from './emulators/index.ts'
import type { Shard } from './emulators/provision.ts'
import { OpenAddressError, RunnerError } from './errors.ts'
import { functionEnvironment } from './functions/environment.ts'
import { handlerFile } from './functions/handler-file.ts'
import { FunctionPool } from './functions/pool.ts'
import { isLoopback, reachable } from './gateway/address.ts'
import { Gateway, LOOPBACK } from './gateway/gateway.ts'
import { createLog, type Log, type LogLevel } from './log.ts'
import { announce } from './running.ts'
import { Scheduler } from './schedule/scheduler.ts'
import { memoryState, openState, type RunnerState } from './state.ts'
import { Backpressure } from './stream/backpressure.ts'
import { RunningMapping } from './stream/mapping.ts'
import { Trimmer } from './stream/trimmer.ts'
import { synthesise } from './synth.ts'
import { type LocalStack, readStack } from './template/index.ts'
import { Undo } from './undo.ts'

/** How a local server runs. */
export interface ServerOptions {
  /** TCP port; 0 takes any free one. */
  readonly port: number
  /** Address to listen on; any that is not this machine's own to itself takes `auth`. @default '127.0.0.1' */
  readonly host?: string
  /** Whether the API's authorizer is asked, as in the cloud; else everybody may do everything. @default false */
  readonly auth?: boolean
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
/** What a machine of one's own may do and the cloud may not, unless the context says otherwise; it serves the UI itself. */
export const LOCAL_CONTEXT = { allowDelete: 'true', web: 'false' }
/** What can't be carried through in this time stays on the stream for the next start. */
const DRAIN_MS = 30_000

/**
 * Runs the synthesised template on this machine.
 * @throws RunnerError, with one line that says what to do
 */
export async function startServer(options: ServerOptions): Promise<LocalServer> {
  const undo = new Undo()
  try {
    return await start(options, createLog(options.logLevel ?? 'info'), undo)
  } catch (error) {
    await undo.run()
    throw error
  }
}

async function start(options: ServerOptions, log: Log, undo: Undo): Promise<LocalServer> {
  const dataDir = options.dataDir === undefined ? undefined : resolve(options.dataDir)
  // What a person can get wrong comes first, so that it is said before anything takes time.
  const { host = LOOPBACK, auth = false } = options
  if (!auth && !isLoopback(host)) throw new OpenAddressError(host)
  const gateway = await Gateway.listen(options.port, log.for('gateway'), host)
  undo.push(() => gateway.close())
  const state = dataDir === undefined ? memoryState() : await openState(dataDir)
  undo.push(() => state.close())

  const starting = [readStackOf(options, log), startEmulators(dataDir, undo)] as const
  await Promise.allSettled(starting)
  const [stack, emulators] = await Promise.all(starting)
  const stream = stack.streams.at(0)
  if (stack.api === undefined || stream === undefined)
    throw new RunnerError('The template lacks an HTTP API or a stream')

  holdToRoles(stack, emulators, log.for('iam'))
  const shards = await provide(stack, emulators, log, undo)
  const pools = await startPools(stack, emulators, auth, log)
  const mappings: RunningMapping[] = []
  // At the same time: a mapping waits for its call, and the call ends with its instance.
  undo.push(() => Promise.all([...mappings, ...pools.values()].map((part) => part.stop())))
  await startMappings(stack, { emulators, shards, pools, state, dataDir, options, log, undo }, mappings)
  startSchedules(stack, pools, log.for('schedule'), undo)
  gateway.serve(stack.api, pools, { auth })
  const url = `http://${reachable(host)}:${gateway.port}`
  if (dataDir !== undefined) {
    const { dynamo, kinesis } = emulators
    const endpoints = { dynamoEndpoint: dynamo.endpoint, kinesisEndpoint: kinesis.endpoint }
    undo.push(await announce(dataDir, { pid: process.pid, url, ...endpoints, streamName: stream.name }))
  }

  let closing: Promise<void> | undefined
  return {
    url,
    port: gateway.port,
    dynamoEndpoint: emulators.dynamo.endpoint,
    kinesisEndpoint: emulators.kinesis.endpoint,
    streamName: stream.name,
    tables: Object.fromEntries(stack.tables.map((table) => [table.logicalId, table.name])),
    failed: emulators.failed,
    close: () => {
      closing ??= gateway
        .close()
        .then(() => drain(mappings, log))
        .then(() => undo.run())
      return closing
    },
  }
}

async function readStackOf(options: ServerOptions, log: Log): Promise<LocalStack> {
  const began = performance.now()
  const assemblyDir = options.assemblyDir ?? (await synthesise({ ...LOCAL_CONTEXT, ...options.context }))
  log.debug(`synthesised in ${Math.round(performance.now() - began)} ms: ${assemblyDir}`)
  const stack = await readStack(assemblyDir)
  for (const { logicalId, type, reason } of stack.ignored) log.debug(`${logicalId} (${type}) is left out: ${reason}`)
  return stack
}

/** Starts an instance of each function, by logical id; of an authorizer only where it will be asked. */
async function startPools(stack: LocalStack, emulators: Emulators, auth: boolean, log: Log): Promise<Pools> {
  const endpoints = { dynamo: emulators.dynamo.endpoint, kinesis: emulators.kinesis.endpoint }
  const pools = new Map<string, FunctionPool>()
  const authorizers = stack.api?.authorizers?.map(({ functionId }) => functionId) ?? []
  // A function that works on a schedule alone keeps nobody waiting, and need not keep the memory that its work took.
  const awaited = new Set([...(stack.api?.routes ?? []), ...stack.mappings].map(({ functionId }) => functionId))
  for (const model of stack.functions) {
    if (!auth && authorizers.includes(model.logicalId)) continue
    await handlerFile(model)
    const kept = awaited.has(model.logicalId) || authorizers.includes(model.logicalId) ? 1 : 0
    const environment = functionEnvironment(model, endpoints)
    pools.set(model.logicalId, new FunctionPool(model, environment, log.for(model.name), { kept }))
  }
  await Promise.all([...pools.values()].map((pool) => pool.warm()))
  return pools
}

type Pools = ReadonlyMap<string, FunctionPool>

interface MappingContext {
  readonly emulators: Emulators
  readonly shards: ReadonlyMap<string, readonly Shard[]>
  readonly pools: Pools
  readonly state: RunnerState
  readonly dataDir: string | undefined
  readonly options: ServerOptions
  readonly log: Log
  readonly undo: Undo
}

/** @param running each mapping is added to it as soon as it runs */
async function startMappings(stack: LocalStack, context: MappingContext, running: RunningMapping[]): Promise<void> {
  const { kinesis, kinesisClient } = context.emulators
  const trimmer = new Trimmer(kinesis.trim)
  context.undo.push(() => trimmer.stop())
  for (const mapping of stack.mappings) {
    const stream = stack.streams.find((each) => each.arn === mapping.streamArn)
    if (stream === undefined)
      throw new RunnerError(`${mapping.logicalId} reads ${mapping.streamArn}, which is not there`)
    const log = context.log.for('stream')
    const backpressure = new Backpressure((isRefusing) => {
      log.warn(isRefusing ? 'Points come faster than they are stored: turning puts away' : 'Puts are let in again')
      kinesis.refusePuts(stream.name, isRefusing)
    })
    context.undo.push(() => backpressure.stop())
    running.push(
      await RunningMapping.start(mapping, {
        client: kinesisClient,
        stream,
        shards: context.shards.get(stream.arn) ?? [],
        pool: poolOf(context.pools, mapping.functionId),
        state: context.state,
        trimmer,
        backpressure,
        queue: stack.queues.find((queue) => queue.arn === mapping.onFailureQueueArn),
        dataDir: context.dataDir,
        windowMs: context.options.batchWindowMs ?? DEFAULT_WINDOW_MS,
        log,
      }),
    )
  }
  kinesis.onRecords = (name) => {
    for (const mapping of running) {
      if (mapping.stream.name === name) mapping.nudge()
    }
  }
}

function startSchedules(stack: LocalStack, pools: Pools, log: Log, undo: Undo): void {
  const scheduler = new Scheduler(log)
  undo.push(() => scheduler.stop())
  for (const schedule of stack.schedules) scheduler.start(schedule, poolOf(pools, schedule.functionId))
}

function poolOf(pools: Pools, functionId: string): FunctionPool {
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
