import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { RelayFolderError } from './errors.ts'

const LOCK_FOLDER = 'lock'

/**
 * Keeps a second relay off a folder by LevelDB's lock: the system lets go of it however the process ends, so that what a killed relay, or
 * one before a restart of the machine, left behind keeps nobody out. A process id would: after the restart another process may have it.
 * @returns lets the folder go
 * @throws RelayFolderError where another relay works on it
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const lock = new ClassicLevel(join(dir, LOCK_FOLDER))
  try {
    await lock.open()
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const isHeld = cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED'
    const why = isHeld ? 'another relay works on it' : cause instanceof Error ? cause.message : String(cause)
    throw new RelayFolderError(dir, why, cause)
  }
  return () => lock.close()
}
