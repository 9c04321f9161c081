import type { Context } from 'aws-lambda'
import type { AuthorizerContext } from '../../functions/authorizer-context.ts'
import type { GuardedEvent } from '../../functions/http/index.ts'

/** What a test wants to vary of an event. */
export interface EventOptions {
  readonly method?: string
  /** With its query string. */
  readonly path?: string
  /** A text as it is, bytes as base64: so does the gateway with types that are no text. */
  readonly body?: string | Uint8Array
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** What the authorizer said of the caller; undefined for who may do everything. */
  readonly caller?: AuthorizerContext | undefined
}

/** What the authorizer says of who may do everything. */
const MAY_ALL: AuthorizerContext = { name: 'test', scopes: 'put,query,admin', prefixes: '', expiresAt: '' }

/** An HTTP API's event, payload format 2.0, as the gateway makes it for a request. */
export function httpEvent({
  method = 'POST',
  path = '/api/put',
  body,
  headers = {},
  caller = MAY_ALL,
}: EventOptions = {}): GuardedEvent {
  const [rawPath = '', rawQueryString = ''] = path.split('?')
  return {
    version: '2.0',
    routeKey: `${method} ${rawPath}`,
    rawPath,
    rawQueryString,
    headers,
    requestContext: {
      accountId: '123456789012',
      apiId: 'abcdefghij',
      authorizer: { lambda: caller },
      domainName: 'abcdefghij.execute-api.eu-central-1.amazonaws.com',
      domainPrefix: 'abcdefghij',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: `${method} ${rawPath}`,
      stage: '$default',
      time: '01/Jan/2013:00:00:00 +0000',
      timeEpoch: 1_356_998_400_000,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : Buffer.from(body).toString('base64') }),
    isBase64Encoded: body !== undefined && typeof body !== 'string',
  }
}

/** The context of an invocation. */
export function lambdaContext(): Context {
  return {
    awsRequestId: 'a1b2c3d4-0000-4000-8000-000000000000',
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'test',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:test',
    memoryLimitInMB: '1769',
    logGroupName: '/aws/lambda/test',
    logStreamName: 'test',
    getRemainingTimeInMillis: () => 29_000,
    done: () => {},
    fail: () => {},
    succeed: () => {},
  }
}
