import type { IncomingMessage } from 'node:http'
import type { CorsModel } from '../template/index.ts'
import type { GatewayAnswer } from './answer.ts'

type Headers = readonly (readonly [name: string, value: string])[]

/**
 * The headers that an HTTP API with CORS adds to every answer to a page of an allowed origin.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
export function corsHeaders(cors: CorsModel | undefined, origin: string | undefined): Headers {
  if (cors === undefined || origin === undefined) return []
  const allowed = cors.allowOrigins.includes('*') ? '*' : cors.allowOrigins.includes(origin) ? origin : undefined
  if (allowed === undefined) return []
  return [
    ['access-control-allow-origin', allowed],
    ...(cors.allowCredentials ? [['access-control-allow-credentials', 'true'] as const] : []),
    ...(cors.exposeHeaders.length > 0
      ? [['access-control-expose-headers', cors.exposeHeaders.join(',')] as const]
      : []),
  ]
}

/** The gateway's own answer to a preflight, where it has CORS, besides `corsHeaders`; a function does not see these. */
export function preflightAnswer(cors: CorsModel | undefined, request: IncomingMessage): GatewayAnswer | undefined {
  const { origin } = request.headers
  const isPreflight =
    request.method === 'OPTIONS' &&
    origin !== undefined &&
    request.headers['access-control-request-method'] !== undefined
  if (cors === undefined || !isPreflight) return undefined
  return {
    status: 204,
    headers: [
      ['access-control-allow-methods', cors.allowMethods.join(',')],
      ['access-control-allow-headers', cors.allowHeaders.join(',')],
      ...(cors.maxAgeSeconds === undefined ? [] : [['access-control-max-age', String(cors.maxAgeSeconds)] as const]),
    ],
    body: '',
  }
}
