import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import { frontEmulator } from '../../local/emulators/front.ts'

/** The tables that startDynamo creates. */
export const TABLES = {
  data: 'tsdb',
  uid: 'tsdb-uid',
  meta: 'tsdb-meta',
  tree: 'tsdb-tree',
  counters: 'tsdb-counters',
} as const

/** An empty DynamoDB. */
export interface RunningDynamo {
  readonly endpoint: string
  stop(): Promise<void>
}

/** A DynamoDB that runs in this process. */
export interface OwnDynamo extends RunningDynamo {
  readonly server: Server
}

/** Starts an empty DynamoDB in memory with its tables, and gives the SDK what it wants to find in the environment. */
export async function startDynamo(): Promise<OwnDynamo> {
  useLocalCredentials()
  const server = dynalite({ createTableMs: 0 })
  const stop = frontEmulator(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await createTables(endpoint)
  return { endpoint, server, stop }
}

/** Creates the tables and waits until they can be used. */
export async function createTables(endpoint: string): Promise<void> {
  const client = new DynamoDBClient({ endpoint })
  for (const name of Object.values(TABLES)) {
    await client.send(new CreateTableCommand(tableInput(name)))
    for (;;) {
      const { Table } = await client.send(new DescribeTableCommand({ TableName: name }))
      if (Table?.TableStatus === 'ACTIVE') break
    }
  }
  client.destroy()
}

function tableInput(name: string): CreateTableCommandInput {
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'B' },
      { AttributeName: 'sk', AttributeType: 'B' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  }
}

/** Gives the SDK what it wants to find in the environment. */
export function useLocalCredentials(): void {
  process.env.AWS_REGION ??= 'local'
  process.env.AWS_ACCESS_KEY_ID ??= 'local'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'local'
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
}
