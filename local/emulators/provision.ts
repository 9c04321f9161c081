import { setTimeout as sleep } from 'node:timers/promises'
import { DataFolderError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { StreamModel, TableModel } from '../template/index.ts'
import { type EmulatorClient, EmulatorError } from './client.ts'

/** Shards of an on-demand stream, where AWS starts with four: as many as two cores can work on. */
const ON_DEMAND_SHARDS = 2
/** The longest that the emulator keeps records. */
const MOST_RETENTION_HOURS = 168

/** A shard of a stream, in the emulator's order. */
export interface Shard {
  readonly id: string
  readonly index: number
}

/**
 * Creates a table, unless it is there.
 * @throws DataFolderError where it is there with another key
 */
export async function provideTable(client: EmulatorClient, table: TableModel): Promise<void> {
  const keySchema = table.keys.map((key) => ({ AttributeName: key.name, KeyType: key.role }))
  const attributes = table.keys.map((key) => ({ AttributeName: key.name, AttributeType: key.type }))
  const describe = () =>
    client.call<{ Table: { TableStatus: string; KeySchema: unknown; AttributeDefinitions: unknown } }>(
      'DescribeTable',
      {
        TableName: table.name,
      },
    )
  const found = await whereFound(describe())
  if (found === undefined) {
    await client.call('CreateTable', {
      TableName: table.name,
      KeySchema: keySchema,
      AttributeDefinitions: attributes,
      BillingMode: 'PAY_PER_REQUEST',
    })
    await until(async () => (await describe()).Table.TableStatus === 'ACTIVE')
  } else if (
    sorted(found.Table.KeySchema) !== sorted(keySchema) ||
    sorted(found.Table.AttributeDefinitions) !== sorted(attributes)
  ) {
    throw new DataFolderError(
      `The data folder's table ${table.name} has other keys than the template: use another --data`,
    )
  }
}

/**
 * Creates a stream, unless it is there.
 * @returns its shards
 * @throws DataFolderError where it is there with another number of shards
 */
export async function provideStream(client: EmulatorClient, stream: StreamModel, log: Log): Promise<Shard[]> {
  const name = { StreamName: stream.name }
  const summary = () =>
    client.call<{
      StreamDescriptionSummary: { StreamStatus: string; RetentionPeriodHours: number; OpenShardCount: number }
    }>('DescribeStreamSummary', name)
  if ((await whereFound(summary())) === undefined) {
    await client.call('CreateStream', { ...name, ShardCount: stream.shards ?? ON_DEMAND_SHARDS })
    await until(async () => (await summary()).StreamDescriptionSummary.StreamStatus === 'ACTIVE')
  }

  const { RetentionPeriodHours: hasHours, OpenShardCount: shards } = (await summary()).StreamDescriptionSummary
  if (stream.shards !== undefined && stream.shards !== shards) {
    throw new DataFolderError(
      `The data folder's stream ${stream.name} has ${shards} shards, the template says ${stream.shards}: use another --data`,
    )
  }
  const hours = Math.min(stream.retentionHours, MOST_RETENTION_HOURS)
  if (hours < stream.retentionHours)
    log.warn(`${stream.name} keeps unread records ${hours} hours, not ${stream.retentionHours}`)
  if (hours > hasHours) await client.call('IncreaseStreamRetentionPeriod', { ...name, RetentionPeriodHours: hours })
  if (hours < hasHours) await client.call('DecreaseStreamRetentionPeriod', { ...name, RetentionPeriodHours: hours })

  const { Shards } = await client.call<{ Shards: { ShardId: string }[] }>('ListShards', name)
  return Shards.map(({ ShardId }, index) => ({ id: ShardId, index }))
}

async function whereFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof EmulatorError && error.type === 'ResourceNotFoundException') return undefined
    throw error
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5)
}

function sorted(list: unknown): string {
  return Array.isArray(list)
    ? list
        .map((entry: object) => JSON.stringify(Object.entries(entry).sort()))
        .sort()
        .join()
    : ''
}
