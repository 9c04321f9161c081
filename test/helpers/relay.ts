import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Relay, type RelayOptions, startRelay } from '../../cli/relay/relay.ts'

/** A folder that is gone when the test is. */
export async function relayFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tsdb-relay-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** A relay in this process that ends with the test. @param to where it sends */
export async function testRelay(
  to: string,
  options: Partial<RelayOptions> = {},
): Promise<Relay & { trouble: string[] }> {
  const trouble: string[] = []
  const relay = await startRelay({
    to,
    host: '127.0.0.1',
    port: 0,
    dir: options.dir ?? (await relayFolder()),
    maxBytes: 1024 ** 3,
    fsync: 'never',
    batch: 1000,
    windowMs: 20,
    onTrouble: (message) => trouble.push(message),
    ...options,
  })
  onTestFinished(() => relay.close())
  return { ...relay, trouble }
}

/** `tsdb relay` as a process of its own, once it listens. */
export async function spawnRelay(
  to: string,
  dir: string,
  ...more: string[]
): Promise<{ port: number; kill: () => Promise<void> }> {
  const args = ['bin/tsdb.mjs', 'relay', '--to', to, '--dir', dir, '--port', '0', '--window', '50', ...more]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const kill = async () => {
    child.kill('SIGKILL')
    await gone
  }
  onTestFinished(kill)
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString()))
    child.once('exit', () => reject(new Error('the relay ended')))
  })
  return { port: Number(/:(\d+) to /.exec(line)?.[1]), kill }
}
