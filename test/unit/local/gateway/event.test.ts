import { expect, test } from 'vitest'
import { type ArrivedRequest, buildEvent, parseAddress } from '../../../../local/gateway/event.ts'

const MATCH = { route: { routeKey: 'POST /api/put', functionId: 'F', timeoutMs: 1 }, pathParameters: undefined }
/** 2025-11-22T05:45:00.123Z */
const NOW = 1_763_790_300_123

function eventOf(request: Partial<ArrivedRequest>, match: Parameters<typeof buildEvent>[2] = MATCH) {
  const whole = {
    method: 'POST',
    url: '/api/put',
    httpVersion: '1.1',
    rawHeaders: ['Host', 'localhost:4242'],
    sourceIp: '127.0.0.1',
    body: Buffer.alloc(0),
    ...request,
  }
  return buildEvent(whole, parseAddress(whole.url) ?? { path: '', rawQueryString: '' }, match, 'api', 'id-1', NOW)
}

test('a whole event has the members of payload format 2.0', () => {
  const event = eventOf({
    url: '/api/put?summary&details=true&details=x%20y',
    rawHeaders: [
      'Host',
      'localhost:4242',
      'User-Agent',
      'curl/8',
      'Content-Type',
      'application/json',
      'X-A',
      '1',
      'x-a',
      '2',
    ],
    body: Buffer.from('{"a":"é"}'),
  })
  expect(event).toEqual({
    version: '2.0',
    routeKey: 'POST /api/put',
    rawPath: '/api/put',
    rawQueryString: 'summary&details=true&details=x%20y',
    headers: {
      host: 'localhost:4242',
      'user-agent': 'curl/8',
      'content-type': 'application/json',
      'x-a': '1,2',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-port': '4242',
      'x-forwarded-proto': 'http',
    },
    queryStringParameters: { summary: '', details: 'true,x y' },
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName: 'localhost:4242',
      domainPrefix: 'api',
      http: { method: 'POST', path: '/api/put', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'curl/8' },
      requestId: 'id-1',
      routeKey: 'POST /api/put',
      stage: '$default',
      time: '22/Nov/2025:05:45:00 +0000',
      timeEpoch: NOW,
    },
    body: '{"a":"é"}',
    isBase64Encoded: false,
  })
})

test('what is not there is left out of the event', () => {
  expect(Object.keys(eventOf({}))).toEqual([
    'version',
    'routeKey',
    'rawPath',
    'rawQueryString',
    'headers',
    'requestContext',
    'isBase64Encoded',
  ])
})

const BODIES: readonly [headers: string[], base64: boolean][] = [
  [['Content-Type', 'application/json'], false],
  [['Content-Type', 'application/json; charset=UTF-8'], false],
  [['Content-Type', 'text/plain'], false],
  [['Content-Type', 'application/vnd.api+json'], false],
  [[], false],
  [['Content-Type', 'application/json', 'Content-Encoding', 'gzip'], true],
  [['Content-Type', 'application/octet-stream'], true],
  [['Content-Type', 'application/x-www-form-urlencoded'], true],
  [['Content-Type', 'application/jsonx'], true],
]

test.each(BODIES)('a body with %j is base64: %s', (rawHeaders, base64) => {
  const event = eventOf({ rawHeaders, body: Buffer.from('hello') })
  expect([event.isBase64Encoded, event.body]).toEqual([base64, base64 ? 'aGVsbG8=' : 'hello'])
})

test('cookies come apart from the headers', () => {
  const event = eventOf({ rawHeaders: ['Cookie', 'a=1; b=2', 'cookie', 'c=3'] })
  expect(event.cookies).toEqual(['a=1', 'b=2', 'c=3'])
  expect(event.headers).not.toHaveProperty('cookie')
})

test('the path is decoded and its parameters are handed on', () => {
  const match = { ...MATCH, pathParameters: { proxy: 'a b' } }
  const event = eventOf({ url: '/api/a%20b?x=%2F' }, match)
  expect([event.rawPath, event.rawQueryString, event.pathParameters]).toEqual(['/api/a b', 'x=%2F', { proxy: 'a b' }])
})

test('a path with broken percent encoding has no address', () => {
  expect(parseAddress('/api/%zz')).toBeUndefined()
})

test('names that JavaScript objects have anyway are names like others', () => {
  const parameters = eventOf({ url: '/api/put?__proto__=1&constructor=2' }).queryStringParameters ?? {}
  expect(Object.entries(parameters)).toEqual([
    ['__proto__', '1'],
    ['constructor', '2'],
  ])
})
