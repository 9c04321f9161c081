import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'

/** `npm start` in a process of its own, on a fresh folder. */
export interface ServerProcess {
  readonly port: number
  /** Seconds of CPU that it and its threads have used; undefined where the system does not tell. */
  cpuSeconds(): Promise<number | undefined>
  close(): Promise<void>
}

/** Linux counts a process's CPU in hundredths of a second (proc(5), /proc/pid/stat, fields 14 and 15). */
const TICKS_A_SECOND = 100

/** @throws Error with what the server said where it ends before it answers */
export async function startServerProcess(): Promise<ServerProcess> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'tsdb-bench-'))
  const child = spawn(process.execPath, ['bin/start.mjs', '--port', String(port), '--data', folder, '--log', 'warn'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said = (said + chunk).slice(-4000)))
  await untilAnswering(child, port, () => said)
  return {
    port,
    cpuSeconds: () => cpuSecondsOf(child.pid),
    close: async () => {
      if (child.exitCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return address.port
}

async function untilAnswering(child: ChildProcess, port: number, said: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}:\n${said()}`)
    const answered = await fetch(`http://127.0.0.1:${port}/api/version`).catch(() => undefined)
    if (answered?.ok) return
    await delay(100)
  }
}

/** Seconds of CPU that a process and its threads have used; undefined where the system does not tell. */
export async function cpuSecondsOf(pid: number | undefined): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // the second field, the name in brackets, may hold blanks
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

/** A client that holds a number of connections open; as little of its own CPU as Node allows. */
export class KeepAliveClient {
  readonly #port: number
  readonly #agent: Agent

  constructor(port: number, connections: number) {
    this.#port = port
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** @throws Error with the answer where its status is not 2xx */
  post(path: string, body: Buffer): Promise<string> {
    return this.#send('POST', path, body)
  }

  /** With gzip, as browsers and Grafana ask. @throws Error with the answer where its status is not 2xx */
  get(path: string): Promise<string> {
    return this.#send('GET', path)
  }

  async #send(method: 'GET' | 'POST', path: string, body?: Buffer): Promise<string> {
    const { promise, resolve, reject } = withResolvers<string>()
    const headers =
      body === undefined
        ? { 'accept-encoding': 'gzip' }
        : { 'content-type': 'application/json', 'content-length': body.length }
    const outgoing = request(
      { host: '127.0.0.1', port: this.#port, path, method, agent: this.#agent, headers },
      (response) => {
        let text = ''
        const isPacked = response.headers['content-encoding'] === 'gzip'
        const unpacked = isPacked ? response.pipe(createGunzip()) : response
        unpacked.setEncoding('utf8')
        unpacked.on('data', (chunk: string) => {
          text += chunk
        })
        unpacked.on('end', () => {
          const status = response.statusCode ?? 0
          if (status >= 200 && status < 300) resolve(text)
          else reject(new Error(`${path} answered ${status}: ${text.slice(0, 500)}`))
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
