import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ENV } from '../../functions/environment.ts'
import { readPutOutcome } from '../../lib/ingest/put-outcome.ts'
import { isRecord, tryJson } from '../../lib/model/json.ts'
import { DEFAULT_LIMITS, type Limits } from '../../lib/model/limits.ts'
import { newTelnetCounters, telnetStats } from '../../lib/telnet/counters.ts'
import { PutQueue } from '../../lib/telnet/put-queue.ts'
import { type AskedCommand, serveTelnet, type TelnetService } from '../../lib/telnet/session.ts'
import { tellTelnetApart } from '../../lib/telnet/tell-apart.ts'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { GatewayAnswer } from './answer.ts'

/** Calls the function that serves a request, as if it had come by HTTP. */
export type CallRoute = (method: 'GET' | 'POST', url: string, body: string) => Promise<GatewayAnswer>

/** Points that are turned away are put again for this long, and only then are errors. */
const PATIENCE_MS = 60_000
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 2_000

/** What telnet's commands are by HTTP. */
const PATHS: Readonly<Record<AskedCommand, string>> = {
  dropcaches: '/dropcaches',
  stats: '/stats',
  version: '/version',
}

/**
 * Telnet on the gateway's port: the commands become requests to the same functions as by HTTP, the points of all connections together
 * few of them.
 */
export class TelnetFront {
  readonly #log: Log
  readonly #sockets = new Set<Socket>()
  readonly #running = new Set<Promise<void>>()
  readonly #counters = newTelnetCounters()
  readonly #closeSilent: () => void
  #service: TelnetService | undefined
  #waiting: Socket[] = []
  #closed = false

  /** @param server whose port telnet is to be served on */
  constructor(server: Server, log: Log) {
    this.#log = log
    this.#closeSilent = tellTelnetApart(server, (socket) => this.#accept(socket))
  }

  /**
   * Starts to read what connections bring; until then it waits unread.
   * @param limits of points
   */
  serve(limits: Limits, call: CallRoute): void {
    this.#service = {
      limits,
      counters: this.#counters,
      queue: new PutQueue((points) => putPoints(points, this.#patient(call))),
      ask: (command) => this.#ask(command, call),
    }
    for (const socket of this.#waiting.splice(0)) this.#accept(socket)
  }

  /** Reads no further, waits until it is known what became of the points that were read, and ends all connections. */
  async close(): Promise<void> {
    this.#closed = true
    this.#closeSilent()
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    // to who reads it, a connection that is destroyed is at its end
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#running)
  }

  #accept(socket: Socket): void {
    if (this.#closed) return void socket.destroy()
    const service = this.#service
    if (service === undefined) return void this.#waiting.push(socket)
    this.#sockets.add(socket)
    const running = serveTelnet(socket, service)
      .catch((error: unknown) => this.#log.error(`telnet: ${messageOf(error)}`))
      .finally(() => {
        this.#sockets.delete(socket)
        this.#running.delete(running)
      })
    this.#running.add(running)
  }

  /**
   * Makes a request again for as long as it is turned away, for a while: telnet's clients are told to slow down by not being read, and
   * most send nothing twice.
   */
  #patient(call: CallRoute): CallRoute {
    return async (...request) => {
      const until = performance.now() + PATIENCE_MS
      for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
        const answer = await call(...request)
        if (answer.status !== 503 || this.#closed || performance.now() + waitMs > until) return answer
        await sleep(waitMs)
      }
    }
  }

  async #ask(command: AskedCommand, call: CallRoute): Promise<string> {
    const answer = await call('GET', PATHS[command], '')
    const text = answer.body.toString()
    if (answer.status !== 200) return `${command}: ${whyOf(answer.status, text)}\n`
    if (command === 'dropcaches') return 'Caches dropped.\n'
    return command === 'stats' ? text + telnetStats(this.#counters, Date.now()) : text
  }
}

/** The limits that the function which takes puts is configured with. */
export function limitsOf(environment: Readonly<Record<string, string>>): Limits {
  const configured = tryJson(environment[ENV.limits] ?? '{}')
  return isRecord(configured) ? { ...DEFAULT_LIMITS, ...configured } : DEFAULT_LIMITS
}

/**
 * Puts points by a request, or by several where one is too large for the function.
 * @throws Error where the function takes none of them
 */
async function putPoints(points: readonly string[], call: CallRoute): Promise<Map<number, string>> {
  const { status, body } = await call('POST', '/api/put?details', `[${points.join(',')}]`)
  if (status === 413 && points.length > 1) {
    const middle = points.length >> 1
    const faults = await putPoints(points.slice(0, middle), call)
    for (const [i, fault] of await putPoints(points.slice(middle), call)) faults.set(middle + i, fault)
    return faults
  }
  const text = body.toString()
  const outcome = status === 204 ? { refused: [] } : readPutOutcome(points, text)
  if (outcome === undefined) throw new Error(`Storage exception: ${whyOf(status, text)}`)
  const faults = new Map<number, string>()
  for (const { index, reason } of outcome.refused) if (index !== undefined) faults.set(index, reason)
  return faults
}

/** What an answer says is wrong, in a line. */
function whyOf(status: number, text: string): string {
  const said = tryJson(text)
  const error = isRecord(said) && isRecord(said.error) ? said.error : said
  const message = isRecord(error) && typeof error.message === 'string' ? error.message : text.trim().slice(0, 200)
  return `${status} ${message.replace(/\s+/g, ' ')}`.trim()
}
