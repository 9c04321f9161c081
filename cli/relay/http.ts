import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../../functions/http/body.ts'
import { errorBody } from '../../functions/http/error-body.ts'
import { EndpointNotFoundError, MethodNotAllowedError } from '../../functions/http/errors.ts'
import type { HttpAnswer } from '../../functions/http/types.ts'
import { putAnswer } from '../../functions/put-answer.ts'
import { echoBatchPoint } from '../../lib/ingest/point-echo.ts'
import type { PutReport } from '../../lib/ingest/put.ts'
import { type ParsedPut, parsePutBody } from '../../lib/ingest/put-json.ts'
import type { Stat } from '../../lib/meta/stats.ts'
import { prometheusText, statsLines } from '../../lib/meta/stats-text.ts'
import { API_VERSION, versionInfo } from '../../lib/meta/version.ts'
import { LimitExceededError, UnavailableError } from '../../lib/model/errors.ts'
import type { Limits } from '../../lib/model/limits.ts'
import type { PutQueue } from '../../lib/telnet/put-queue.ts'

/** What the relay answers HTTP with. */
export interface RelayHttp {
  readonly limits: Limits
  readonly queue: PutQueue
  /** Figures as they are now. */
  readonly stats: () => Stat[]
  /** Counts points that were refused for what they are. */
  readonly onRefused: (count: number) => void
}

/** The relay's own version line, as telnet and /version have it. */
export const RELAY_VERSION = `tsdb relay, speaking the API of OpenTSDB ${API_VERSION}\n`

/** Bodies that are held at once, all together. */
const HELD_BYTES = 64 * 1024 * 1024

/** Makes what answers requests: puts as the server would, and what the relay says of itself. */
export function answerHttp(http: RelayHttp): (request: IncomingMessage, response: ServerResponse) => void {
  let held = 0
  const room = (bytes: number): void => {
    held += bytes
    if (held > HELD_BYTES) throw new UnavailableError('relay.busy', 'Too many requests at once')
  }
  return (request, response) => {
    response.on('error', () => undefined)
    let taken = 0
    const body = () =>
      receive(request, http.limits, (bytes) => {
        taken += bytes
        room(bytes)
      })
    void route(http, request, body)
      .catch((error: unknown) => errorBody(error, randomUUID()))
      .then((answer) => send(request, response, answer))
      .finally(() => {
        held -= taken
      })
  }
}

async function route(http: RelayHttp, request: IncomingMessage, body: () => Promise<Buffer>): Promise<HttpAnswer> {
  const { method = 'GET', url = '/' } = request
  const [path = '', search = ''] = url.split('?', 2)
  switch (path.replace(/\/+$/, '').replace(/^\/api\/v1(?=\/)/, '/api')) {
    case '/api/put':
      if (method !== 'POST') throw new MethodNotAllowedError(method)
      return put(http, request, new URLSearchParams(search), await body())
    case '/api/stats':
      return { status: 200, body: JSON.stringify(http.stats()) }
    case '/stats':
      return text(`${statsLines(http.stats()).join('\n')}\n`)
    case '/metrics':
      return text(prometheusText(http.stats()), 'text/plain; version=0.0.4; charset=utf-8')
    case '/api/version':
      return { status: 200, body: JSON.stringify(versionInfo()) }
    case '/version':
      return text(RELAY_VERSION)
    default:
      throw new EndpointNotFoundError()
  }
}

/** Checks points as the server does, and answers once the good ones are on disk. */
async function put(
  { limits, queue, onRefused }: RelayHttp,
  { headers }: IncomingMessage,
  query: URLSearchParams,
  packed: Buffer,
): Promise<HttpAnswer> {
  const { 'content-encoding': encoding, 'content-type': type } = headers
  const said = { 'content-encoding': encoding, 'content-type': type }
  const text = readBody({ body: packed.toString('base64'), isBase64Encoded: true, headers: said }, limits)
  const parsed = parsePutBody(text, limits)
  onRefused(parsed.errors.length)
  return putAnswer(await queueAll(queue, parsed), {
    details: query.has('details'),
    summary: query.has('summary'),
    countTimeouts: false,
  })
}

async function queueAll(queue: PutQueue, { batch, received, errors, goodIndexes }: ParsedPut): Promise<PutReport> {
  const { count } = batch.points
  await queue.room()
  const faults = await Promise.all(
    Array.from({ length: count }, (_, i) => {
      return new Promise<string | undefined>((settle) => queue.add(echoBatchPoint(batch, i), settle))
    }),
  )
  const lost = faults.flatMap((fault, i) => {
    if (fault === undefined) return []
    return [{ index: goodIndexes?.[i] ?? i, datapoint: echoBatchPoint(batch, i), message: fault }]
  })
  return {
    received,
    stored: count - lost.length,
    refused: errors.length,
    unavailable: lost.length,
    timedOut: 0,
    errors: [...errors, ...lost].sort((a, b) => a.index - b.index),
  }
}

/** @throws LimitExceededError for more than limits.bodyBytes */
async function receive(request: IncomingMessage, limits: Limits, room: (bytes: number) => void): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    length += piece.length
    if (length > limits.bodyBytes) throw new LimitExceededError('bodyBytes', limits.bodyBytes, length, 'bytes of body')
    room(piece.length)
    pieces.push(piece)
  }
  return Buffer.concat(pieces, length)
}

function text(body: string, type = 'text/plain; charset=UTF-8'): HttpAnswer {
  return { status: 200, headers: { 'content-type': type }, body }
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  const bytes = Buffer.from(typeof body === 'string' ? body : '')
  // what is still to come of a body that is refused is not waited for
  const end = request.complete ? {} : { connection: 'close' }
  const length = status === 204 ? {} : { 'content-length': String(bytes.length) }
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers, ...length, ...end })
  response.end(request.method === 'HEAD' || status === 204 ? undefined : bytes)
  if (!request.complete) request.resume()
}
