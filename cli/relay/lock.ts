import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { RelayFolderError } from './errors.ts'

const LOCK_FILE = 'relay.pid'

/**
 * Keeps a second relay off a folder. What a killed one left behind is taken over: its process is not there any more.
 * @returns lets the folder go
 * @throws RelayFolderError where another relay works on it
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const path = join(dir, LOCK_FILE)
  const holder = Number((await readFile(path, 'utf8').catch(() => '')).trim())
  if (holder > 0 && holder !== process.pid && isRunning(holder)) {
    throw new RelayFolderError(dir, `the relay with process id ${holder} works on it`)
  }
  await rm(path, { force: true })
  const file = await open(path, 'wx').catch((cause: unknown) => {
    throw new RelayFolderError(dir, 'another relay has just begun to work on it', cause)
  })
  await file.writeFile(`${process.pid}\n`)
  await file.close()
  return () => rm(path, { force: true })
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // there, but somebody else's
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
