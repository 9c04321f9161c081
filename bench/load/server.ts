import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Health } from './probe.ts'

const PROJECT = resolve(import.meta.dirname, '../..')
const START_MS = 120_000
/** Longer than the server drains for. */
const STOP_MS = 60_000

/** `npm start` in a process of its own, with a probe in it. */
export interface LoadServer {
  readonly port: number
  /** What it last said of itself. */
  health(): Health | undefined
  /** What it printed to stderr, the end of it. */
  said(): string
  /** Stops it and takes its data away. */
  close(): Promise<void>
}

/** @throws Error with what the server said where it ends before it answers */
export async function startLoadServer(): Promise<LoadServer> {
  const folder = await mkdtemp(join(tmpdir(), 'tsdb-load-'))
  const probe = join(import.meta.dirname, 'probe.ts')
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--import', probe, 'bin/start.mjs', '--port', '0', '--data', folder, '--log', 'warn'],
    // As in package.json.
    {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' },
    },
  )
  let banner = ''
  let said = ''
  let health: Health | undefined
  child.stdout?.on('data', (chunk) => (banner += chunk))
  child.stderr?.on('data', (chunk) => (said = (said + chunk).slice(-8000)))
  child.on('message', (message) => {
    health = message as Health
  })
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await Promise.race([ended, delay(STOP_MS, undefined, { ref: false })])
      child.kill('SIGKILL')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
  const deadline = performance.now() + START_MS
  for (;;) {
    const [, port] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(banner) ?? []
    if (port !== undefined) return { port: Number(port), health: () => health, said: () => said, close }
    if (child.exitCode !== null || performance.now() > deadline) {
      await close()
      throw new Error(`The server did not start:\n${said}`)
    }
    await delay(50)
  }
}
