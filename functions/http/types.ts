import type { Grant } from '../../lib/access/grant.ts'

/** A request as handlers see it: the gateway's event without its wrapping. */
export interface HttpRequest {
  /** The id of the invocation, by which log lines are found. */
  readonly requestId: string
  /** Who calls and what for; that it is enough for this request has been looked at, but for the names of metrics in it. */
  readonly grant: Grant
  /** Upper case. */
  readonly method: string
  /** Percent-decoded, as an HTTP API hands it on, without the query string. */
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /**
   * The body as text, unpacked where it came compressed; '' where there is none.
   * @throws LimitExceededError where it passes limits.bodyBytes or, unpacked, limits.unpackedBytes
   * @throws UnreadableBodyError where it is not what its Content-Encoding says
   */
  body(): string
}

/** What a handler answers. */
export interface HttpAnswer {
  readonly status: number
  /** Names in lower case; content-type is JSON where it is absent. */
  readonly headers?: Readonly<Record<string, string>>
  /** Text, or pieces of it that are made as they are sent; what making them throws is answered instead. */
  readonly body?: string | Iterable<string>
  /** How that is answered, where not in OpenTSDB's form; undefined of an error that is none of its own. */
  readonly failing?: (error: unknown) => HttpAnswer | undefined
}
