import middy from '@middy/core'
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type { Mode } from '../../lib/access/scopes.ts'
import type { Limits } from '../../lib/model/limits.ts'
import { callerOf } from '../authorizer-context.ts'
import { readConfig } from '../config.ts'
import { log, logUnavailable } from '../log.ts'
import { admit, type GuardedEvent } from './access.ts'
import { readBody } from './body.ts'
import { errorBody } from './error-body.ts'
import { gatewayResult } from './gateway-result.ts'
import type { HttpAnswer, HttpRequest } from './types.ts'

type Outcome = HttpAnswer | APIGatewayProxyStructuredResultV2
type Middleware = middy.MiddlewareObj<GuardedEvent, Outcome, Error, Context>

/** The one route without an authorizer: what browsers ask before they ask. The gateway adds what it allows. */
const PREFLIGHT = 'OPTIONS /{proxy+}'

/**
 * Makes a Lambda handler for the HTTP API (payload format 2.0) of a function from requests to answers.
 *
 * Whether the caller may do what it asks is looked at before `run` is called (http/access.ts). Errors that `run` throws become
 * answers here and nowhere else, so `run` need not catch any.
 *
 * @example export const handler = httpHandler(async (request) => ({ status: 200, body: '{}' }))
 */
export function httpHandler(run: (request: HttpRequest, context: Context) => Promise<HttpAnswer>) {
  return middy<GuardedEvent, Outcome, Error, Context>()
    .use(requestLog())
    .use(errorAnswer())
    .use(gatewayAnswer())
    .handler(async (event, context) => {
      if (event.routeKey === PREFLIGHT) return { status: 204 }
      const { limits, mode, corsOrigins } = readConfig()
      return run(httpRequest(event, limits, context.awsRequestId, mode, corsOrigins), context)
    })
}

/**
 * The request inside a gateway's event, of a caller who may make it; the body is only decoded when it is asked for.
 * @throws what admit throws
 */
export function httpRequest(
  event: GuardedEvent,
  limits: Limits,
  requestId = '',
  mode: Mode = 'rw',
  corsOrigins: readonly string[] = [],
): HttpRequest {
  const grant = admit(event, mode, Date.now(), corsOrigins)
  const headers: Record<string, string | undefined> = Object.create(null)
  for (const [name, value] of Object.entries(event.headers ?? {})) headers[name.toLowerCase()] = value
  return {
    requestId,
    grant,
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
  const write = (request: middy.Request<GuardedEvent, Outcome, Error, Context>): void => {
    const { method } = request.event.requestContext.http
    log('info', 'request', {
      requestId: request.context.awsRequestId,
      method,
      path: request.event.rawPath,
      caller: callerName(request.event),
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
    onError: async (request) => {
      const { awsRequestId } = request.context
      const answer = errorBody(request.error, awsRequestId)
      logUnavailable(request.error)
      if (answer.status === 500) {
        const error = request.error
        const cause = error?.cause instanceof Error ? error.cause.stack : undefined
        log('error', 'unexpected error', { requestId: awsRequestId, stack: error?.stack, cause })
      }
      request.response = await gatewayResult(answer, request.event.headers?.['accept-encoding'])
    },
  }
}

/** Middleware: an answer becomes the gateway's result. */
function gatewayAnswer(): Middleware {
  return {
    after: async (request) => {
      const answer = request.response
      if (answer && 'status' in answer) {
        request.response = await sendable(answer, request.event.headers?.['accept-encoding'])
      }
    },
  }
}

/** The result of an answer, or of what it says itself about what making it throws. */
async function sendable(answer: HttpAnswer, acceptEncoding: string | undefined): Promise<Outcome> {
  try {
    return await gatewayResult(answer, acceptEncoding)
  } catch (error) {
    const told = answer.failing?.(error)
    if (told === undefined) throw error
    return gatewayResult(told, acceptEncoding)
  }
}

/** Whose token it was; undefined where nobody is signed in. */
function callerName(event: GuardedEvent): string | undefined {
  return callerOf(event.requestContext.authorizer, event.routeKey, Date.now())?.name
}

function statusOf(outcome: Outcome): number {
  return ('status' in outcome ? outcome.status : outcome.statusCode) ?? 200
}
