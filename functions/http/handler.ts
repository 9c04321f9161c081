import { gzipSync } from 'node:zlib'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type { Limits } from '../../lib/model/limits.ts'
import { readConfig } from '../config.ts'
import { log } from '../log.ts'
import { readBody } from './body.ts'
import { errorBody } from './error-body.ts'
import { AnswerTooLargeError } from './errors.ts'
import type { HttpAnswer, HttpRequest } from './types.ts'

/** Lambda passes on 6 MB of JSON at most; headers and the wrapping get the rest. */
const RESULT_BYTES = 6 * 1024 * 1024 - 16 * 1024

/** Below this an answer fits into a packet or two and gzip saves nothing. */
const GZIP_FROM_BYTES = 1024

type Outcome = HttpAnswer | APIGatewayProxyStructuredResultV2
type Middleware = middy.MiddlewareObj<APIGatewayProxyEventV2, Outcome, Error, Context>

/**
 * Makes a Lambda handler for the HTTP API (payload format 2.0) of a function from requests to answers.
 *
 * Errors that `run` throws become answers here and nowhere else, so `run` need not catch any.
 *
 * @example export const handler = httpHandler(async (request) => ({ status: 200, body: '{}' }))
 */
export function httpHandler(run: (request: HttpRequest, context: Context) => Promise<HttpAnswer>) {
  return middy<APIGatewayProxyEventV2, Outcome, Error, Context>()
    .use(requestLog())
    .use(errorAnswer())
    .use(gatewayAnswer())
    .handler(async (event, context) => run(httpRequest(event, readConfig().limits), context))
}

/** The request inside a gateway's event; the body is only decoded when it is asked for. */
export function httpRequest(event: APIGatewayProxyEventV2, limits: Limits): HttpRequest {
  const headers: Record<string, string | undefined> = Object.create(null)
  for (const [name, value] of Object.entries(event.headers ?? {})) headers[name.toLowerCase()] = value
  return {
    method: event.requestContext.http.method.toUpperCase(),
    path: event.rawPath,
    query: new URLSearchParams(event.rawQueryString),
    headers,
    body: () => readBody({ body: event.body, isBase64Encoded: event.isBase64Encoded, headers }, limits),
  }
}

/** Middleware: one line a request at info, so that a slow or failing path can be found without tracing. */
function requestLog(): Middleware {
  const begun = new WeakMap<object, number>()
  const write = (request: middy.Request<APIGatewayProxyEventV2, Outcome, Error, Context>): void => {
    const { method } = request.event.requestContext.http
    log('info', 'request', {
      requestId: request.context.awsRequestId,
      method,
      path: request.event.rawPath,
      status: request.response !== undefined && request.response !== null ? statusOf(request.response) : 500,
      ms: Math.round((performance.now() - (begun.get(request.event) ?? performance.now())) * 10) / 10,
    })
  }
  return {
    before: (request) => {
      begun.set(request.event, performance.now())
    },
    after: write,
    onError: write,
  }
}

/** Middleware: an error becomes OpenTSDB's error body; one that nobody foresaw is logged with its stack. */
function errorAnswer(): Middleware {
  return {
    onError: (request) => {
      const { awsRequestId } = request.context
      const answer = errorBody(request.error, awsRequestId)
      if (answer.status === 500) {
        const error = request.error
        const cause = error?.cause instanceof Error ? error.cause.stack : undefined
        log('error', 'unexpected error', { requestId: awsRequestId, stack: error?.stack, cause })
      }
      request.response = gatewayResult(answer, request.event.headers?.['accept-encoding'])
    },
  }
}

/** Middleware: an answer becomes the gateway's result. */
function gatewayAnswer(): Middleware {
  return {
    after: (request) => {
      const answer = request.response
      if (answer && 'status' in answer) {
        request.response = gatewayResult(answer, request.event.headers?.['accept-encoding'])
      }
    },
  }
}

/**
 * @param acceptEncoding the request's header of that name
 * @throws AnswerTooLargeError where the answer, packed if that is accepted, is more than Lambda passes on
 */
export function gatewayResult(
  answer: HttpAnswer,
  acceptEncoding: string | undefined,
): APIGatewayProxyStructuredResultV2 {
  const body = answer.body ?? ''
  if (body === '') return { statusCode: answer.status, headers: { ...answer.headers } }
  const headers = { 'content-type': 'application/json; charset=UTF-8', ...answer.headers }
  if (body.length < GZIP_FROM_BYTES || !acceptsGzip(acceptEncoding)) {
    if (escapedBytes(body) > RESULT_BYTES) throw new AnswerTooLargeError(false)
    return { statusCode: answer.status, headers, body }
  }
  // level 1: JSON of numbers shrinks little more at higher levels, which take several times as long
  const packed = gzipSync(body, { level: 1 }).toString('base64')
  if (packed.length > RESULT_BYTES) throw new AnswerTooLargeError(true)
  return {
    statusCode: answer.status,
    headers: { ...headers, 'content-encoding': 'gzip', vary: 'accept-encoding' },
    body: packed,
    isBase64Encoded: true,
  }
}

/** The bytes of a text within JSON, where quotes take two; counted only where they can matter. */
function escapedBytes(text: string): number {
  return text.length * 6 <= RESULT_BYTES ? text.length : Buffer.byteLength(JSON.stringify(text))
}

/** RFC 9110 12.5.3: gzip is listed, or `*` is, without a weight of 0. */
function acceptsGzip(acceptEncoding = ''): boolean {
  for (const item of acceptEncoding.toLowerCase().split(',')) {
    const [name, weight] = item.split(';').map((part) => part.trim())
    if (name === 'gzip' || name === 'x-gzip' || name === '*') return !/^q=0(\.0*)?$/.test(weight ?? '')
  }
  return false
}

function statusOf(outcome: Outcome): number {
  return ('status' in outcome ? outcome.status : outcome.statusCode) ?? 200
}
