import { rm, writeFile } from 'node:fs/promises'
import { DataFolderError, messageOf } from './errors.ts'

/** What a running instance says of itself in its data folder, for commands that work on the tables. */
export interface Running {
  readonly pid: number
  /** Of the HTTP API. */
  readonly url: string
  readonly dynamoEndpoint: string
  readonly kinesisEndpoint: string
  /** The stream that points arrive on. */
  readonly streamName: string
}

/** The file's name within the data folder. */
export const RUNNING_FILE = 'running.json'

/**
 * Leaves word in the data folder of where this instance is. What a killed instance left is written over; the folder's lock
 * keeps two from being here at once.
 * @returns takes it away again
 * @throws DataFolderError
 */
export async function announce(dataDir: string, running: Running): Promise<() => Promise<void>> {
  const file = `${dataDir}/${RUNNING_FILE}`
  try {
    await writeFile(file, `${JSON.stringify(running)}\n`)
  } catch (cause) {
    throw new DataFolderError(`Can't write ${file}: ${messageOf(cause)}`, { cause })
  }
  return () => rm(file, { force: true })
}
