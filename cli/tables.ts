import { readFile } from 'node:fs/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DEFAULT_UID_WIDTHS } from '../lib/model/series.ts'
import { openClient } from '../lib/store/dynamo.ts'
import { openStore, type Store } from '../lib/store/index.ts'
import { readStoredWidths } from '../lib/store/stored-widths.ts'
import { NothingRunningError } from './errors.ts'

/** Which tables a command works on. */
export interface TablesOptions {
  /** Data folder of the `npm start` whose tables are meant. */
  readonly data: string
  /** Whether the tables are in AWS instead. */
  readonly aws: boolean
  /** The stack's name, which the tables' begin with. */
  readonly name: string
}

/** What `npm start` leaves word of in its data folder. */
export interface RunningServer {
  readonly dynamoEndpoint: string
  readonly kinesisEndpoint?: string
  readonly streamName?: string
}

/** Milliseconds within which a request must succeed: a person waits. */
const DEADLINE_MS = 20_000

/** Who works on the emulators; whose name they don't know may do everything. */
export const LOCAL_ACCESS = { region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }

/**
 * Opens the tables for a command that works on them and not through the API.
 * @returns the store, and whether it knows no names yet, so that there is nothing in it but rejects; `close` is to be called in the end
 * @throws NothingRunningError where no `npm start` has the data folder
 * @throws StoreUnavailableError, StoreRefusedError
 */
export async function openTables(options: TablesOptions): Promise<{ store: Store; isNew: boolean; close(): void }> {
  const { data, aws, name } = options
  const client = aws
    ? openClient()
    : new DynamoDBClient({ ...LOCAL_ACCESS, endpoint: (await runningServer(data)).dynamoEndpoint, maxAttempts: 1 })
  const close = () => client.destroy()
  try {
    const tables = { data: name, uid: `${name}-uid`, meta: `${name}-meta` }
    const stored = await readStoredWidths(client, tables.uid, DEADLINE_MS)
    // Where blocks and rows lie, the store knows; a layout of our own would be for a new one.
    const uidWidths = stored ?? DEFAULT_UID_WIDTHS
    const store = openStore({ tables, uidWidths, shelves: 1, saltBuckets: 1, client, deadlineMs: DEADLINE_MS })
    return { store, isNew: stored === undefined, close }
  } catch (error) {
    close()
    throw error
  }
}

/**
 * The instance that runs on a data folder.
 * @throws NothingRunningError where there is none
 */
export async function runningServer(dataDir: string): Promise<RunningServer> {
  let text: string
  try {
    text = await readFile(`${dataDir}/running.json`, 'utf8')
  } catch {
    throw new NothingRunningError(dataDir)
  }
  const running: Partial<Record<keyof RunningServer, unknown>> = JSON.parse(text) ?? {}
  const { dynamoEndpoint, kinesisEndpoint, streamName } = running
  if (typeof dynamoEndpoint !== 'string') throw new NothingRunningError(dataDir)
  return {
    dynamoEndpoint,
    ...(typeof kinesisEndpoint === 'string' && { kinesisEndpoint }),
    ...(typeof streamName === 'string' && { streamName }),
  }
}
