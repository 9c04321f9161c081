import { LOCAL_ACCOUNT } from '../template/resources.ts'
import type { RouteMatch } from './routes.ts'

/**
 * The event of an HTTP API, payload format 2.0.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export interface GatewayEvent {
  readonly version: '2.0'
  readonly routeKey: string
  readonly rawPath: string
  readonly rawQueryString: string
  readonly cookies?: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly queryStringParameters?: Readonly<Record<string, string>>
  readonly pathParameters?: Readonly<Record<string, string>>
  readonly requestContext: {
    readonly accountId: string
    readonly apiId: string
    /** What is known of the caller; absent on a route that asks nobody. */
    readonly authorizer?: { readonly lambda: Readonly<Record<string, unknown>> | null }
    readonly domainName: string
    readonly domainPrefix: string
    readonly http: {
      readonly method: string
      readonly path: string
      readonly protocol: string
      readonly sourceIp: string
      readonly userAgent: string
    }
    readonly requestId: string
    readonly routeKey: string
    readonly stage: '$default'
    readonly time: string
    readonly timeEpoch: number
  }
  readonly body?: string
  readonly isBase64Encoded: boolean
}

/** What arrived, as node:http gives it. */
export interface ArrivedRequest {
  readonly method: string
  /** Path and query string as sent. */
  readonly url: string
  readonly httpVersion: string
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[]
  readonly sourceIp: string
  readonly body: Buffer
}

/** A request's address, in the parts that the gateway works with. */
export interface Address {
  /** Decoded, as the gateway hands it on. */
  readonly path: string
  readonly rawQueryString: string
}

/**
 * Takes a request's target apart.
 * @returns `undefined` where its percent encoding is broken
 */
export function parseAddress(url: string): Address | undefined {
  const at = url.indexOf('?')
  const rawPath = at < 0 ? url : url.slice(0, at)
  const rawQueryString = at < 0 ? '' : url.slice(at + 1)
  if (!rawPath.includes('%')) return { path: rawPath, rawQueryString }
  try {
    return { path: decodeURIComponent(rawPath), rawQueryString }
  } catch {
    return undefined
  }
}

/**
 * Builds the event of a request.
 * @param now milliseconds since 1970
 */
export function buildEvent(
  request: ArrivedRequest,
  address: Address,
  { route, pathParameters }: RouteMatch,
  apiId: string,
  requestId: string,
  now: number,
): GatewayEvent {
  const { headers, cookies } = joinHeaders(request.rawHeaders)
  const host = headers.host ?? 'localhost'
  headers['x-forwarded-for'] = joined(headers['x-forwarded-for'], request.sourceIp)
  headers['x-forwarded-port'] = host.split(':')[1] ?? '80'
  headers['x-forwarded-proto'] = 'http'
  const queryStringParameters = joinQuery(address.rawQueryString)
  const text = isText(headers)
  return {
    version: '2.0',
    routeKey: route.routeKey,
    rawPath: address.path,
    rawQueryString: address.rawQueryString,
    ...(cookies !== undefined && { cookies }),
    headers,
    ...(queryStringParameters !== undefined && { queryStringParameters }),
    ...(pathParameters !== undefined && { pathParameters }),
    requestContext: {
      accountId: LOCAL_ACCOUNT,
      apiId,
      domainName: host,
      domainPrefix: apiId,
      http: {
        method: request.method,
        path: address.path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: route.routeKey,
      stage: '$default',
      time: logTime(now),
      timeEpoch: now,
    },
    ...(request.body.length > 0 && { body: request.body.toString(text ? 'utf8' : 'base64') }),
    isBase64Encoded: request.body.length > 0 && !text,
  }
}

/** Lower-case names, values of one name joined by commas; cookies apart. */
function joinHeaders(rawHeaders: readonly string[]): {
  headers: Record<string, string>
  cookies: string[] | undefined
} {
  const headers: Record<string, string> = {}
  let cookies: string[] | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? ''
    const value = rawHeaders[i + 1] ?? ''
    if (name === 'cookie') cookies = [...(cookies ?? []), ...value.split(/; */)]
    else headers[name] = joined(headers[name], value)
  }
  return { headers, cookies }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`
}

/** Decoded; values of one name joined by commas. */
function joinQuery(rawQueryString: string): Record<string, string> | undefined {
  if (rawQueryString === '') return undefined
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    const before = parameters.get(name)
    parameters.set(name, before === undefined ? value : `${before},${value}`)
  }
  // fromEntries defines, and so takes `__proto__` for a name like any other.
  return Object.fromEntries(parameters)
}

/** The gateway hands on a body as text where its type says so and it is not packed; every other body goes as base64. */
function isText(headers: Readonly<Record<string, string>>): boolean {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') return false
  const type = headers['content-type']
  return type === undefined || /^(text\/|application\/(json|javascript|xml|[\w.-]+\+(json|xml))\s*(;|$))/i.test(type)
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `22/Nov/2025:05:45:00 +0000` */
function logTime(now: number): string {
  const iso = new Date(now).toISOString()
  return `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`
}
