import { setTimeout as delay } from 'node:timers/promises'
import { type PutOutcome, readPutOutcome } from '../../lib/ingest/put-outcome.ts'
import { type Answer, Client, refusal } from '../client.ts'
import type { RejectsFile } from './rejects.ts'
import type { Spool } from './spool.ts'

export interface ForwarderOptions {
  /** Where the points go, and the token for it. */
  readonly to: string
  readonly token?: string | undefined
  /** Points in a request, about: whole batches of what came in. */
  readonly batch: number
  /** Milliseconds that points wait for others. */
  readonly windowMs: number
  /** Told what went wrong, in a line. */
  readonly onTrouble: (message: string) => void
}

/** What was done since the start. */
export interface ForwarderCounters {
  /** Points that the server has, or refused. */
  sent: number
  requests: number
  /** Tries that failed and were or will be made again. */
  retries: number
  /** Points in the rejects file. */
  rejected: number
}

/** Characters of JSON in a request: packed well below what gateways allow. */
const REQUEST_CHARACTERS = 4 * 1024 * 1024
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 60_000

/**
 * Sends what the spool holds, oldest first and one request at a time, until the server has it. Whatever the server says that is
 * not about the points themselves means later: it is asked again with growing random waits, or when it said. A point that it
 * refuses goes to the rejects file, and the others go on.
 */
export class Forwarder {
  readonly counters: ForwarderCounters = { sent: 0, requests: 0, retries: 0, rejected: 0 }
  readonly #spool: Spool
  readonly #rejects: RejectsFile
  readonly #options: ForwarderOptions
  readonly #client: Client
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined

  /** @throws UsageError where the address is none */
  constructor(spool: Spool, rejects: RejectsFile, options: ForwarderOptions) {
    this.#spool = spool
    this.#rejects = rejects
    this.#options = options
    this.#client = new Client({
      url: options.to,
      token: options.token,
      tries: Number.POSITIVE_INFINITY,
      firstWaitMs: FIRST_WAIT_MS,
      longestWaitMs: LONGEST_WAIT_MS,
      onRetry: (why, waitMs) => this.#onRetry(why, waitMs),
    })
  }

  /** @param onFailure told what is a mistake of ours, or of the disk; nothing is sent any more then */
  start(onFailure: (error: unknown) => void): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#abort.signal.aborted) onFailure(error)
    })
  }

  /** Ends, in the middle of a request if there is one: what it held is sent again by the next relay. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#spool.wake()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      await this.#gather(signal)
      if (signal.aborted) return
      const batch = await this.#spool.next({ points: this.#options.batch, characters: REQUEST_CHARACTERS })
      if (batch === undefined) continue
      await this.#send(batch.points)
      const failure = await this.#spool.done(batch)
      if (failure !== undefined) {
        const why = failure instanceof Error ? failure.message : String(failure)
        this.#options.onTrouble(`How far points were sent can't be noted: ${why}`)
      }
      this.counters.sent += batch.points.length
    }
  }

  /** Waits until there is a whole batch, or some points have waited for long enough. */
  async #gather(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { points, oldestAt } = this.#spool
      if (points >= this.#options.batch) return
      const leftMs = oldestAt === undefined ? undefined : oldestAt + this.#options.windowMs - Date.now()
      if (leftMs !== undefined && leftMs <= 0) return
      await this.#spool.changed(leftMs)
    }
  }

  async #send(points: readonly string[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.counters.requests++
      const answer = await this.#client.postJson('api/put?details', `[${points.join(',')}]`, this.#abort.signal)
      if (answer.status === 204) return
      const outcome = answer.status < 300 || answer.status === 400 ? readPutOutcome(points, answer.text) : undefined
      const isAboutPoints = outcome !== undefined || answer.status === 400 || answer.status === 413
      if (isAboutPoints) return this.#settle(points, answer, outcome)
      // a wrong token or address, or a page to sign in at, is mended by somebody, and the points wait for that
      const waitMs = Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt)
      this.#onRetry(`${answer.status} ${refusal(answer).message}`, waitMs)
      await delay(waitMs, undefined, { signal: this.#abort.signal })
    }
  }

  /** Does what the answer asks for, so that nothing of these points is left to be sent. */
  async #settle(points: readonly string[], answer: Answer, outcome: PutOutcome | undefined): Promise<void> {
    const named = (outcome?.refused ?? []).flatMap(({ index, reason }) => {
      const point = index === undefined ? undefined : points[index]
      return point === undefined ? [] : [{ point, reason }]
    })
    if (outcome !== undefined && named.length >= outcome.failed) await this.#reject(named)
    else if (points.length > 1) {
      // too large, or one among them makes the whole unreadable, or more are refused than the answer lists
      const middle = points.length >> 1
      await this.#send(points.slice(0, middle))
      await this.#send(points.slice(middle))
    } else {
      const reason = outcome?.refused[0]?.reason ?? refusal(answer).message
      await this.#reject(points.map((point) => ({ point, reason })))
    }
  }

  async #reject(rejects: readonly { readonly point: string; readonly reason: string }[]): Promise<void> {
    await this.#rejects.add(rejects)
    this.counters.rejected += rejects.length
    const [first] = rejects
    if (first !== undefined)
      this.#options.onTrouble(`refused, in the rejects file now: ${rejects.length}; ${first.reason}`)
  }

  #onRetry(why: string, waitMs: number): void {
    this.counters.retries++
    this.#options.onTrouble(`${this.#options.to}: ${why}; again in ${(waitMs / 1000).toFixed(1)} s`)
  }
}
