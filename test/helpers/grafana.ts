/** A request as a data source sends it. */
export interface SentRequest {
  readonly method: 'GET' | 'POST'
  /** Below the data source's URL, with the query string. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** What came back, unpacked. */
export interface ReceivedAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Where requests go, and what the data source's settings add to each of them. */
export interface Connection {
  /** Without a slash at its end; a base path is kept. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends a request as it is. */
export async function send({ url, headers }: Connection, request: SentRequest): Promise<ReceivedAnswer> {
  const response = await fetch(`${url}${request.path}`, {
    method: request.method,
    headers: { ...request.headers, ...headers },
    ...(request.body !== undefined && { body: request.body }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** JSON as Go's encoding/json writes it: these three signs are escaped inside texts. */
export function goJson(value: unknown): string {
  const escapes: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' }
  return JSON.stringify(value).replace(/[<>&]/g, (sign) => escapes[sign]!)
}

/** What Go's HTTP client adds to every request. */
export const GO_HEADERS = { 'accept-encoding': 'gzip', 'user-agent': 'Go-http-client/1.1' }

/** What Grafana's proxy makes of a browser's headers. */
export const PROXY_HEADERS = {
  accept: 'application/json, text/plain, */*',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'en-US,en;q=0.9',
  'user-agent': 'Grafana/11.6.0',
  'x-forwarded-for': '192.0.2.7',
  'x-grafana-referer': 'https://grafana.example.com/d/host-metrics',
}

/** What a reader throws where it can make nothing of an answer. */
export class UnreadableAnswerError extends Error {}

/** @throws UnreadableAnswerError where it is none */
export function asList(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new UnreadableAnswerError(`${what} is no list: ${JSON.stringify(value)}`)
}

/** @throws UnreadableAnswerError where it is none */
export function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new UnreadableAnswerError(`${what} is no object: ${JSON.stringify(value)}`)
}

/** @throws UnreadableAnswerError where it is none */
export function asText(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw new UnreadableAnswerError(`${what} is no text: ${JSON.stringify(value)}`)
}

/** As Go decodes into a number: null leaves it 0. @throws UnreadableAnswerError where it is neither */
export function goNumber(value: unknown, what: string): number {
  if (value === null) return 0
  if (typeof value === 'number') return value
  throw new UnreadableAnswerError(`${what} is no number: ${JSON.stringify(value)}`)
}

/** An object of texts. @throws UnreadableAnswerError */
export function asTexts(value: unknown, what: string): Readonly<Record<string, string>> {
  const entries = Object.entries(asObject(value, what))
  return Object.fromEntries(entries.map(([key, text]) => [key, asText(text, `${what}.${key}`)]))
}

/** A list of texts. @throws UnreadableAnswerError */
export function asTextList(value: unknown, what: string): readonly string[] {
  return asList(value, what).map((text) => asText(text, what))
}
