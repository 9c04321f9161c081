import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type { Limits } from '../../lib/model/limits.ts'
import { readConfig } from '../config.ts'
import { log } from '../log.ts'
import { readBody } from './body.ts'
import { errorBody } from './error-body.ts'
import { gatewayResult } from './gateway-result.ts'
import type { HttpAnswer, HttpRequest } from './types.ts'

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
    .handler(async (event, context) => run(httpRequest(event, readConfig().limits, context.awsRequestId), context))
}

/** The request inside a gateway's event; the body is only decoded when it is asked for. */
export function httpRequest(event: APIGatewayProxyEventV2, limits: Limits, requestId = ''): HttpRequest {
  const headers: Record<string, string | undefined> = Object.create(null)
  for (const [name, value] of Object.entries(event.headers ?? {})) headers[name.toLowerCase()] = value
  return {
    requestId,
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
    onError: async (request) => {
      const { awsRequestId } = request.context
      const answer = errorBody(request.error, awsRequestId)
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
        request.response = await gatewayResult(answer, request.event.headers?.['accept-encoding'])
      }
    },
  }
}

function statusOf(outcome: Outcome): number {
  return ('status' in outcome ? outcome.status : outcome.statusCode) ?? 200
}
