import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { isRecord, tryJson } from '../lib/model/json.ts'
import { RefusedError, ServerAwayError, UsageError } from './errors.ts'

const gzipAsync = promisify(gzip)

/** Where the server is and how long to be patient with it. */
export interface ClientOptions {
  /** Base address; a path in it is kept: http://127.0.0.1:4242, https://example.org/tsdb. */
  readonly url: string
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined
  /** Times a request is sent before giving up. */
  readonly tries?: number
  /** The longest random wait before the second try; it doubles with each, up to `longestWaitMs`. */
  readonly firstWaitMs?: number
  readonly longestWaitMs?: number
  /** How long one try may take. */
  readonly timeoutMs?: number
  /** Told before each wait, for whoever watches. */
  readonly onRetry?: (why: string, waitMs: number) => void
}

/** A status and a body; whether that is good news is the caller's to say. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/**
 * The longest that one `Retry-After` is obeyed, in milliseconds: a server that asks for an hour is as good as away, and
 * the tries should say so sooner.
 */
const RETRY_AFTER_CAP_MS = 60_000

/** Speaks HTTP with a server, patiently: what is worth trying again is tried again, with growing random waits. */
export class Client {
  readonly #base: URL
  readonly #options: Required<Omit<ClientOptions, 'token' | 'onRetry'>> & ClientOptions

  /** @throws UsageError where the address is none */
  constructor(options: ClientOptions) {
    this.#options = { tries: 8, firstWaitMs: 250, longestWaitMs: 10_000, timeoutMs: 120_000, ...options }
    this.#base = baseOf(options.url)
  }

  /**
   * Sends JSON, packed, to a path such as `api/put?details`.
   * @param json the body's text
   * @param signal gives up waiting and sending
   * @returns any answer but those that mean "later"
   * @throws ServerAwayError once the tries are used up
   */
  async postJson(path: string, json: string, signal?: AbortSignal): Promise<Answer> {
    // Level 1: on a link of 100 Mb/s and more the sender's CPU is what is short.
    const body = await gzipAsync(json, { level: 1 })
    return this.#send(path, { method: 'POST', body, headers: this.#headers() }, signal)
  }

  #headers(): Record<string, string> {
    const headers: Record<string, string> = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    if (this.#options.token) headers.authorization = `Bearer ${this.#options.token}`
    return headers
  }

  async #send(path: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Answer> {
    const { tries, timeoutMs, onRetry } = this.#options
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      const timeout = AbortSignal.timeout(timeoutMs)
      let why: string
      let askedMs = 0
      let cause: unknown
      try {
        const response = await fetch(new URL(path, this.#base), {
          ...init,
          signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        })
        const text = await response.text()
        if (!meansLater(response.status)) return { status: response.status, text }
        why = `status ${response.status}`
        askedMs = retryAfterMs(response.headers.get('retry-after'))
      } catch (error) {
        signal?.throwIfAborted()
        why = networkReason(error)
        cause = error
      }
      if (attempt >= tries) throw new ServerAwayError(this.#base.href, why, tries, cause)
      const waitMs = Math.max(askedMs, this.#backOffMs(attempt))
      onRetry?.(why, waitMs)
      await delay(waitMs, undefined, signal === undefined ? {} : { signal })
    }
  }

  /** Full jitter: anything from nothing to the doubled wait, so that many importers don't come back in step. */
  #backOffMs(attempt: number): number {
    return Math.random() * Math.min(this.#options.longestWaitMs, this.#options.firstWaitMs * 2 ** (attempt - 1))
  }
}

function baseOf(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : undefined
  if (base === undefined || !/^https?:$/.test(base.protocol)) {
    throw new UsageError(`--url ${url} is not an address such as http://127.0.0.1:4242`)
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return base
}

/** 429 and the 5xx of a server that may do better in a while; 501 and 505 never will. */
function meansLater(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501 && status !== 505)
}

/**
 * Reads a Retry-After header (RFC 9110, 10.2.3).
 * @param header seconds or an HTTP date
 * @returns milliseconds from now, 0 where it says nothing that makes sense
 */
export function retryAfterMs(header: string | null, nowMs = Date.now()): number {
  if (header === null) return 0
  const wait = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return wait > 0 ? Math.min(wait, RETRY_AFTER_CAP_MS) : 0
}

/** fetch says "fetch failed" and keeps what happened in `cause`, at times in a list of one for each address tried. */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof AggregateError) return networkReason(error.errors[0])
  if (error.cause instanceof Error) return networkReason(error.cause)
  return error.name === 'TimeoutError' ? 'no answer in time' : error.message
}

/**
 * Makes an error of an answer that is none the caller can use, from OpenTSDB's `{"error":{"message","details"}}` where
 * the body has it.
 */
export function refusal(answer: Answer): RefusedError {
  const said = tryJson(answer.text)
  if (isRecord(said) && isRecord(said.error) && typeof said.error.message === 'string') {
    const { message, details } = said.error
    return new RefusedError(answer.status, message, typeof details === 'string' ? details : undefined)
  }
  // What API Gateway says itself to a request without a token.
  if (answer.status === 401) {
    return new RefusedError(
      401,
      'The server asks for a token',
      'give it with TSDB_TOKEN or --token; tsdb token makes one',
    )
  }
  const shown = answer.text.trim().slice(0, 200)
  return new RefusedError(answer.status, `The server answered ${answer.status}${shown === '' ? '' : `: ${shown}`}`)
}
