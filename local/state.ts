import { mkdir } from 'node:fs/promises'
import { ClassicLevel } from 'classic-level'
import { codeOf, DataFolderError, messageOf } from './errors.ts'

/** What the runner itself must remember over a restart: how far each stream was read. */
export interface RunnerState {
  get(key: string): Promise<string | undefined>
  put(key: string, value: string): Promise<void>
  close(): Promise<void>
}

/** State that ends with the process. */
export function memoryState(): RunnerState {
  const values = new Map<string, string>()
  return {
    get: async (key) => values.get(key),
    put: async (key, value) => void values.set(key, value),
    close: async () => undefined,
  }
}

/**
 * Opens the state in a data folder. LevelDB's lock, which the system lets go of however the process ends, also keeps a second
 * instance off the folder.
 * @param dataDir made where it is not there
 * @throws DataFolderError where the folder can't be written or is held by another instance
 */
export async function openState(dataDir: string): Promise<RunnerState> {
  try {
    await mkdir(dataDir, { recursive: true })
  } catch (cause) {
    throw new DataFolderError(`Can't make the data folder ${dataDir}: ${messageOf(cause)}`, { cause })
  }
  const database = new ClassicLevel(`${dataDir}/runner`)
  try {
    await database.open()
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    if (codeOf(cause) === 'LEVEL_LOCKED') {
      throw new DataFolderError(`The data folder ${dataDir} is in use by another instance`, { cause })
    }
    throw new DataFolderError(`Can't use the data folder ${dataDir}: ${messageOf(cause)}`, { cause })
  }
  return {
    get: (key) => database.get(key),
    put: (key, value) => database.put(key, value),
    close: () => database.close(),
  }
}
