import type { Socket } from 'node:net'
import { readLines } from '../ingest/lines.ts'
import type { Limits } from '../model/limits.ts'
import type { TelnetCounters } from './counters.ts'
import { parsePutLine } from './put-line.ts'
import type { PutQueue } from './put-queue.ts'

/** Commands whose answer is text that somebody else knows. */
export const ASKED_COMMANDS = ['dropcaches', 'stats', 'version'] as const
export type AskedCommand = (typeof ASKED_COMMANDS)[number]

const COMMANDS = ['dropcaches', 'exit', 'help', 'put', 'putm', 'stats', 'version']

/** What telnet connections work with. */
export interface TelnetService {
  readonly limits: Limits
  readonly queue: PutQueue
  readonly counters: TelnetCounters
  /** @returns the answer, one line or several, each with its end */
  ask(command: AskedCommand): Promise<string>
}

/** A line has at most eight tags of twice 256 bytes; what is longer than this is no line of points. */
const LONGEST_LINE_BYTES = 16 * 1024
/** Answers that a client has not read yet; what would pass this is dropped and counted. */
const UNREAD_BYTES = 64 * 1024
/** A connection that brings nothing for this long is closed. Collectors that have little to say keep one open for long. */
const IDLE_MS = 60 * 60_000
/** Characters of a line that an answer repeats. */
const SHOWN_CHARACTERS = 1024

/**
 * Serves a telnet connection until its client ends it, says `exit` or falls silent: reads lines, puts their points on the
 * queue, and answers what is wrong with a line by a line. Reading waits while the queue is full, and never for the client to
 * read its answers.
 * @param socket with whatever was read from it put back
 * @param options idleMs: an hour by default
 * @returns once the connection is over and it is known what became of its points
 */
export async function serveTelnet(
  socket: Socket,
  service: TelnetService,
  options: { readonly idleMs?: number } = {},
): Promise<void> {
  const session = new Session(socket, service)
  service.counters.connections++
  service.counters.open++
  // told to whoever reads as well
  socket.on('error', () => undefined)
  socket.setTimeout(options.idleMs ?? IDLE_MS, () => socket.destroy())
  try {
    await session.read()
    await session.settled()
  } finally {
    service.counters.open--
    socket.end()
    // the rest of what it sends is not for anybody
    socket.resume()
  }
}

class Session {
  readonly #socket: Socket
  readonly #service: TelnetService
  #unsettled = 0
  #onSettled: (() => void) | undefined

  constructor(socket: Socket, service: TelnetService) {
    this.#socket = socket
    this.#service = service
  }

  /** Follows line after line until there are no more. */
  async read(): Promise<void> {
    const { queue } = this.#service
    // Closing is ours: what is still to be answered goes out first.
    const chunks = this.#socket.iterator({ destroyOnReturn: false })
    try {
      // A line that was cut off may look like one with a smaller value: without its end it counts for nothing.
      for await (const { texts } of readLines(chunks, LONGEST_LINE_BYTES, 'drop')) {
        for (const text of texts) if ((await this.#follow(text)) === 'exit') return
        await queue.room()
      }
    } catch (error) {
      // the client is gone; whatever it brought before is in the queue
      if (!this.#socket.destroyed) throw error
    }
  }

  /** Waits until it is known what became of every point. */
  async settled(): Promise<void> {
    if (this.#unsettled === 0) return
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve
      this.#service.queue.flush()
    })
  }

  /** @returns 'exit' where the client wants no more; a promise only where somebody else is asked */
  #follow(text: string | undefined): 'exit' | undefined | Promise<undefined> {
    const { counters } = this.#service
    if (text === undefined) {
      counters.illegalArguments++
      return this.#answer(`error: line is longer than ${LONGEST_LINE_BYTES} bytes\n`)
    }
    const words = text.split(/[ \t\r]+/).filter((word) => word !== '')
    const [command] = words
    if (command === undefined) return undefined
    if (command === 'put' || command === 'putm') return this.#put(words)
    const asked = ASKED_COMMANDS.find((each) => each === command)
    if (asked !== undefined || COMMANDS.includes(command)) counters.commands++
    if (asked !== undefined) return this.#ask(asked)
    if (command === 'exit') return 'exit'
    if (command === 'help') return this.#answer(`available commands: ${COMMANDS.join(' ')}\n`)
    if (command === 'diediedie') return this.#answer('diediedie: not allowed: whoever started the server stops it\n')
    counters.unknown++
    return this.#answer(`unknown command: ${shown(command)}.  Try \`help'.\n`)
  }

  #put(words: readonly string[]): undefined {
    const { counters, limits, queue } = this.#service
    counters.puts++
    const line = parsePutLine(words, limits)
    if ('point' in line) {
      this.#unsettled++
      queue.add(line.point, words[0] === 'putm' ? this.#settlePutm : this.#settlePut)
      return
    }
    counters[line.kind === 'invalid_values' ? 'invalidValues' : 'illegalArguments']++
    this.#answer(`${shown(line.fault)}\n`)
  }

  readonly #settlePut = (fault: string | undefined): void => this.#settle('put', fault)
  readonly #settlePutm = (fault: string | undefined): void => this.#settle('putm', fault)

  #settle(command: string, fault: string | undefined): void {
    if (fault !== undefined) {
      this.#service.counters.notTaken++
      this.#answer(`${command}: ${shown(fault)}\n`)
    }
    if (--this.#unsettled === 0) this.#onSettled?.()
  }

  async #ask(command: AskedCommand): Promise<undefined> {
    const answer = await this.#service.ask(command).catch((error: unknown) => {
      return `${command}: ${error instanceof Error ? error.message : String(error)}\n`
    })
    return this.#answer(answer)
  }

  #answer(text: string): undefined {
    if (this.#socket.destroyed || !this.#socket.writable) return
    if (this.#socket.writableLength > UNREAD_BYTES) this.#service.counters.dropped++
    else this.#socket.write(text)
  }
}

function shown(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`
}
