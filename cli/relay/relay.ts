import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Stat } from '../../lib/meta/stats.ts'
import { statsLines } from '../../lib/meta/stats-text.ts'
import { DEFAULT_LIMITS, type Limits } from '../../lib/model/limits.ts'
import { newTelnetCounters, type TelnetCounters, telnetFigures } from '../../lib/telnet/counters.ts'
import { PutQueue } from '../../lib/telnet/put-queue.ts'
import { serveTelnet, type TelnetService } from '../../lib/telnet/session.ts'
import { tellTelnetApart } from '../../lib/telnet/tell-apart.ts'
import { RelayPortError } from './errors.ts'
import { Forwarder } from './forwarder.ts'
import { answerHttp, RELAY_VERSION } from './http.ts'
import { RejectsFile } from './rejects.ts'
import { type FsyncPolicy, Spool } from './spool.ts'

/** What a relay was asked to do. */
export interface RelayOptions {
  /** Where the points go: the address of an API with `/api/put`. */
  readonly to: string
  readonly token?: string | undefined
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** Folder that keeps points until the server has them. */
  readonly dir: string
  /** Bytes on disk at most. */
  readonly maxBytes: number
  readonly fsync: FsyncPolicy
  /** Points in a request, about. */
  readonly batch: number
  /** Milliseconds that points wait for others before they are sent. */
  readonly windowMs: number
  /** Tags of a point, where the server is configured to take more or fewer. @default limits.tags */
  readonly maxTags?: number | undefined
  /** Told what went wrong, in a line. */
  readonly onTrouble: (message: string) => void
}

/** A relay that runs. */
export interface Relay {
  readonly port: number
  /** Points that are on disk and not sent. */
  readonly waiting: () => number
  /** Rejects when it can't go on. */
  readonly failed: Promise<never>
  /** Stops listening, brings to disk what was read, and stops sending. What is on disk is for the next one. */
  close(): Promise<void>
}

/** Points gather this long before they are written to disk: what killing the relay can take from telnet clients. */
const DISK_WINDOW_MS = 20
const REQUEST_TIMEOUT_MS = 60_000
const MOST_CONNECTIONS = 4096

/**
 * Listens for telnet and HTTP puts on one port, keeps their points on disk and sends them on.
 * @throws RelayFolderError, RelayPortError, UsageError
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const spool = await Spool.open(options)
  const forwarder = new Forwarder(spool, new RejectsFile(options.dir), options)
  const counters = newTelnetCounters()
  const http = { refused: 0 }
  const limits: Limits = { ...DEFAULT_LIMITS, tags: options.maxTags ?? DEFAULT_LIMITS.tags }
  const queue = new PutQueue(
    async (points) => {
      await spool.append(points)
      return new Map()
    },
    { windowMs: DISK_WINDOW_MS },
  )
  const stats = () => describeRelay(spool, forwarder, counters, http.refused)
  const service: TelnetService = {
    limits,
    queue,
    counters,
    ask: async (command) => {
      if (command === 'version') return RELAY_VERSION
      return command === 'stats' ? `${statsLines(stats()).join('\n')}\n` : 'Caches dropped.\n'
    },
  }

  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: REQUEST_TIMEOUT_MS })
  server.maxConnections = MOST_CONNECTIONS
  const onRefused = (count: number) => {
    http.refused += count
  }
  server.on('request', answerHttp({ limits, queue, stats, onRefused }))
  const sessions = new Sessions(server, service, options.onTrouble)
  try {
    await listen(server, options)
  } catch (error) {
    await spool.close()
    throw error
  }
  const failed = new Promise<never>((_, reject) => forwarder.start(reject))
  // who waits for it is told; who does not must not be ended by it
  failed.catch(() => undefined)
  let closing: Promise<void> | undefined
  return {
    port: addressOf(server).port,
    waiting: () => spool.points,
    failed,
    close: () => {
      closing ??= close(server, sessions, forwarder, spool)
      return closing
    },
  }
}

async function close(server: Server, sessions: Sessions, forwarder: Forwarder, spool: Spool): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  await sessions.close()
  await Promise.all([closed, forwarder.stop()])
  await spool.close()
}

/** The telnet connections that are open. */
class Sessions {
  readonly #sockets = new Set<Socket>()
  readonly #running = new Set<Promise<void>>()
  readonly #closeSilent: () => void

  constructor(server: Server, service: TelnetService, onTrouble: (message: string) => void) {
    this.#closeSilent = tellTelnetApart(server, (socket) => {
      this.#sockets.add(socket)
      const running = serveTelnet(socket, service)
        .catch((error: unknown) => onTrouble(`telnet: ${error instanceof Error ? error.message : String(error)}`))
        .finally(() => {
          this.#sockets.delete(socket)
          this.#running.delete(running)
        })
      this.#running.add(running)
    })
  }

  /** Reads no further and waits until the points that were read are on disk. */
  async close(): Promise<void> {
    this.#closeSilent()
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#running)
  }
}

async function listen(server: Server, { host, port }: RelayOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new RelayPortError(`${host}:${port}`, cause)))
    server.listen(port, host, resolve)
  })
}

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new RelayPortError('the port', 'it has no address')
  return address
}

function describeRelay(spool: Spool, { counters }: Forwarder, telnet: TelnetCounters, refused: number): Stat[] {
  const now = Date.now()
  const stat = (metric: string, value: number, tags: Record<string, string> = {}): Stat => {
    return { metric, timestamp: Math.floor(now / 1000), value: String(value), tags: { function: 'relay', ...tags } }
  }
  return [
    stat('tsd.relay.points_waiting', spool.points),
    stat('tsd.relay.bytes', spool.bytes),
    stat('tsd.relay.lag_ms', spool.oldestAt === undefined ? 0 : Math.max(0, now - spool.oldestAt)),
    stat('tsd.relay.damaged_bytes', spool.damagedBytes),
    stat('tsd.relay.points_sent', counters.sent),
    stat('tsd.relay.requests', counters.requests),
    stat('tsd.relay.retries', counters.retries),
    stat('tsd.relay.points_rejected', counters.rejected),
    stat('tsd.relay.http_points_refused', refused),
    ...telnetFigures(telnet).map(({ metric, value, type }) => stat(metric, value, { rpc: 'telnet', type })),
  ]
}
