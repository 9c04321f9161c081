import { type Io, write } from '../io.ts'
import { type RelayOptions, startRelay } from './relay.ts'

/**
 * Runs a relay until it is told to stop.
 * @param stop resolves when it is to stop: SIGINT or SIGTERM by default
 * @returns 0
 * @throws RelayFolderError, RelayPortError, UsageError, and what keeps it from going on
 */
export async function relay(
  options: Omit<RelayOptions, 'onTrouble'>,
  io: Io,
  stop: Promise<unknown> = signalled(),
): Promise<number> {
  const onTrouble = (message: string) => void io.stderr.write(`${new Date().toISOString()} ${message}\n`)
  const running = await startRelay({ ...options, onTrouble })
  const waiting = running.waiting()
  const left = waiting === 0 ? '' : `; ${waiting} points of earlier wait to be sent`
  await write(io.stdout, `Relaying ${options.host}:${running.port} to ${options.to}${left}\n`)
  try {
    await Promise.race([stop, running.failed])
  } finally {
    await running.close()
  }
  await write(io.stdout, `Stopped; ${running.waiting()} points wait in ${options.dir}\n`)
  return 0
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
