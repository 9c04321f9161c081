import { principalOf } from '../iam/principal.ts'
import type { Log } from '../log.ts'
import type { LocalStack } from '../template/index.ts'
import type { Undo } from '../undo.ts'
import { EmulatorClient } from './client.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import { provideStream, provideTable, type Shard } from './provision.ts'
import { keepSweeping } from './ttl.ts'

/** DynamoDB and Kinesis of this machine. */
export interface Emulators {
  readonly dynamo: Emulator
  readonly kinesis: Emulator
  readonly dynamoClient: EmulatorClient
  readonly kinesisClient: EmulatorClient
  /** Rejects when one of them can't go on. */
  readonly failed: Promise<never>
}

/**
 * Starts both, each in a thread of its own.
 * @param dataDir folder of their data; in memory where absent
 * @throws RunnerError
 */
export async function startEmulators(dataDir: string | undefined, undo: Undo): Promise<Emulators> {
  const start = async (kind: 'dynamo' | 'kinesis', folder: string) => {
    const emulator = await startEmulator(kind, dataDir && `${dataDir}/${folder}`)
    undo.push(() => emulator.close())
    return emulator
  }
  const starting = [start('dynamo', 'dynamodb'), start('kinesis', 'kinesis')] as const
  // Where one fails, the other must not be left starting.
  await Promise.allSettled(starting)
  const [dynamo, kinesis] = await Promise.all(starting)

  const dynamoClient = new EmulatorClient('dynamo', dynamo.endpoint)
  const kinesisClient = new EmulatorClient('kinesis', kinesis.endpoint)
  undo.push(() => dynamoClient.close())
  undo.push(() => kinesisClient.close())
  const failed = new Promise<never>((_, reject) => {
    dynamo.onFailed = reject
    kinesis.onFailed = reject
  })
  // Who does not look at it has nothing to lose by it.
  failed.catch(() => undefined)
  return { dynamo, kinesis, dynamoClient, kinesisClient, failed }
}

/** Holds the functions to their roles. To be called before any of them starts. */
export function holdToRoles(stack: LocalStack, { dynamo, kinesis }: Emulators, log: Log): void {
  const principals = stack.functions.map(principalOf)
  for (const emulator of [dynamo, kinesis]) {
    emulator.onRefused = (message) => log.warn(message)
    emulator.hold(principals)
  }
}

/**
 * Makes the tables and streams that the template says and keeps the tables' TTL.
 * @returns the shards of each stream, by its ARN
 * @throws DataFolderError where what is there does not go with the template
 */
export async function provide(
  stack: LocalStack,
  { dynamoClient, kinesisClient }: Emulators,
  log: Log,
  undo: Undo,
): Promise<ReadonlyMap<string, readonly Shard[]>> {
  await Promise.all(stack.tables.map((table) => provideTable(dynamoClient, table)))
  undo.push(keepSweeping(dynamoClient, stack.tables, log.for('ttl')))
  const shards = new Map<string, readonly Shard[]>()
  for (const stream of stack.streams) shards.set(stream.arn, await provideStream(kinesisClient, stream, log))
  return shards
}
