import { createHash, randomBytes } from 'node:crypto'
import { deflateRawSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import {
  AnswerTooLargeError,
  EndpointNotFoundError,
  errorBody,
  type GuardedEvent,
  gatewayResult,
  type HttpAnswer,
  httpHandler,
  httpRequest,
  MethodNotAllowedError,
  UnknownEncodingError,
  UnreadableBodyError,
} from '../../../functions/http/index.ts'
import { PointsRefusedError, UnreadablePutError } from '../../../lib/ingest/put-errors.ts'
import { PointsNotStoredError, PutTimedOutError, StreamRefusedError } from '../../../lib/ingest/stream-errors.ts'
import {
  BadConfigurationError,
  BadRequestError,
  CorruptDataError,
  LimitExceededError,
  NotBuiltYetError,
  UnavailableError,
} from '../../../lib/model/errors.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { StoreRefusedError, StoreUnavailableError } from '../../../lib/store/errors.ts'
import { type EventOptions, httpEvent, lambdaContext } from '../../helpers/http-event.ts'

const ID = 'request-1'

describe('errorBody(error, requestId)', () => {
  it.each([
    [new BadRequestError('a.b', 'No such thing', { details: 'more' }), 400, 'No such thing'],
    [new NotBuiltYetError('percentiles'), 400, 'percentiles is not supported yet'],
    [new PointsRefusedError(), 400, 'One or more data points had errors'],
    [new UnreadablePutError('why'), 400, 'Unable to parse the given JSON'],
    [new UnreadableBodyError('gzip', new Error('bad header')), 400, 'The body is not valid gzip'],
    [new EndpointNotFoundError(), 404, 'Endpoint not found'],
    [new MethodNotAllowedError('GET'), 405, 'Method not allowed'],
    [new LimitExceededError('bodyBytes', 1, 2, 'bytes'), 413, 'Too much: 2 bytes, bodyBytes allows 1'],
    [new UnknownEncodingError('br'), 415, 'Content-Encoding br is not supported'],
    [new UnavailableError('a.b', 'Busy'), 503, 'Busy'],
    [new StoreUnavailableError('Query', 3, new Error('secret')), 503, 'The store did not answer Query in 3 attempts'],
    [new PointsNotStoredError(1, 2), 503, '1 of 2 data points could not be stored now'],
    [new PutTimedOutError(1, 2, 3), 503, 'The put call has timedout with'],
    // what only we can mend says nothing of our insides
    [new CorruptDataError('block', 'secret'), 500, 'Internal error'],
    [new BadConfigurationError('TSDB_LIMITS', 'secret', 'rule'), 500, 'Internal error'],
    [new StoreRefusedError('Query', new Error('secret')), 500, 'Internal error'],
    [new StreamRefusedError(new Error('secret')), 500, 'Internal error'],
    [new TypeError('secret'), 500, 'Internal error'],
    ['secret', 500, 'Internal error'],
  ])('turns %s into status %i', (error, status, message) => {
    const answer = errorBody(error, ID)
    expect(answer.status).toBe(status)
    const body = JSON.parse(String(answer.body))
    expect(body.error.code).toBe(status)
    expect(body.error.message).toContain(message)
    expect(answer.body).not.toContain('secret')
    if (status === 500) expect(body.error.details).toContain(ID)
    if (status === 503) expect(answer.headers).toEqual({ 'retry-after': '1' })
  })

  it('cuts what it shows of a request', () => {
    const long = 'x'.repeat(1_000_000)
    expect(String(errorBody(new BadRequestError('a', long, { details: long }), ID).body).length).toBeLessThan(21_000)
  })

  it('passes details on and leaves the field out where there are none', () => {
    expect(errorBody(new BadRequestError('a', 'b', { details: 'c' }), ID).body).toBe(
      '{"error":{"code":400,"message":"b","details":"c"}}',
    )
    expect(errorBody(new BadRequestError('a', 'b'), ID).body).toBe('{"error":{"code":400,"message":"b"}}')
  })
})

describe('httpRequest(event, limits)', () => {
  const request = (options: EventOptions, limits = DEFAULT_LIMITS) => httpRequest(httpEvent(options), limits)

  it('has the method, the path, the query and the headers', () => {
    const { method, path, query, headers } = request({
      method: 'post',
      path: '/api/put?sync&m=a%20b&m=c',
      headers: { 'content-type': 'text/plain' },
    })
    expect([method, path]).toEqual(['POST', '/api/put'])
    expect(query.has('sync')).toBe(true)
    expect(query.getAll('m')).toEqual(['a b', 'c'])
    expect(headers['content-type']).toBe('text/plain')
    expect(headers.constructor).toBeUndefined()
  })

  it.each<[string, EventOptions]>([
    ['text', { body: 'grün' }],
    ['bytes', { body: Buffer.from('grün') }],
    ['gzip', { body: gzipSync('grün'), headers: { 'content-encoding': 'GZIP' } }],
    ['gzip by its type', { body: gzipSync('grün'), headers: { 'content-type': 'application/gzip; x=y' } }],
    ['zlib', { body: deflateSync('grün'), headers: { 'content-encoding': 'deflate' } }],
    ['raw deflate', { body: deflateRawSync('grün'), headers: { 'content-encoding': 'deflate' } }],
    ['identity', { body: 'grün', headers: { 'content-encoding': 'identity' } }],
  ])('reads a body that is %s', (_, options) => {
    expect(request(options).body()).toBe('grün')
  })

  it('reads a body of none as nothing', () => {
    expect(request({}).body()).toBe('')
    expect(request({ headers: { 'content-encoding': 'gzip' } }).body()).toBe('')
  })

  it('refuses an encoding it does not know', () => {
    expect(() => request({ body: 'x', headers: { 'content-encoding': 'br' } }).body()).toThrow(UnknownEncodingError)
  })

  it('counts a body in bytes as they were sent', () => {
    const limits = { ...DEFAULT_LIMITS, bodyBytes: 4 }
    expect(request({ body: 'üü' }, limits).body()).toBe('üü')
    expect(() => request({ body: 'üüa' }, limits).body()).toThrow(LimitExceededError)
    expect(() => request({ body: Buffer.from('12345') }, limits).body()).toThrow(LimitExceededError)
  })

  it('stops unpacking at the limit', () => {
    const limits = { ...DEFAULT_LIMITS, unpackedBytes: 10 }
    const packed = (text: string) => ({ body: gzipSync(text), headers: { 'content-encoding': 'gzip' } })
    expect(request(packed('0123456789'), limits).body()).toBe('0123456789')
    expect(() => request(packed('0123456789a'), limits).body()).toThrow(/unpackedBytes allows 10$/)
  })
})

describe('gatewayResult(answer, acceptEncoding)', () => {
  const long = JSON.stringify('x'.repeat(2000))

  it('says JSON unless the answer says otherwise', async () => {
    expect((await gatewayResult({ status: 200, body: '{}' }, undefined)).headers).toEqual({
      'content-type': 'application/json; charset=UTF-8',
      'x-content-type-options': 'nosniff',
    })
    expect(
      (await gatewayResult({ status: 200, body: 'x', headers: { 'content-type': 'text/html' } }, undefined)).headers,
    ).toEqual({
      'content-type': 'text/html',
      'x-content-type-options': 'nosniff',
    })
  })

  it('has no body and no type where there is nothing to say', async () => {
    expect(await gatewayResult({ status: 204 }, 'gzip')).toEqual({ statusCode: 204, headers: {} })
  })

  it.each(['gzip', 'deflate, GZIP;q=0.5', '*'])('packs a long body for a client that accepts %s', async (accepts) => {
    const result = await gatewayResult({ status: 200, body: long }, accepts)
    expect(result.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' })
    expect(gunzipSync(Buffer.from(result.body ?? '', 'base64')).toString()).toBe(long)
  })

  it.each([
    undefined,
    '',
    'br',
    'gzip;q=0',
    'gzip; q=0.0',
  ])('leaves a long body as it is for one that accepts %s', async (accepts) => {
    expect((await gatewayResult({ status: 200, body: long }, accepts)).body).toBe(long)
  })

  it('leaves a short body as it is', async () => {
    expect((await gatewayResult({ status: 200, body: '{}' }, 'gzip')).isBase64Encoded).toBeUndefined()
  })

  /** A body of many pieces that notes how many were made, and whether it was told that no more are wanted. */
  function pieces(count: number, piece: (index: number) => string) {
    const seen = { made: 0, closed: false }
    function* body() {
      try {
        for (; seen.made < count; seen.made++) yield piece(seen.made)
      } finally {
        seen.closed = true
      }
    }
    return { seen, body: body() }
  }
  const noise = (index: number) => createHash('sha512').update(String(index)).digest('hex').repeat(500)

  it('packs a body that comes in pieces, and leaves it as it is, without changing it', async () => {
    const whole = Array.from({ length: 50 }, (_, i) => noise(i)).join('')
    const packed = await gatewayResult({ status: 200, body: pieces(50, noise).body }, 'gzip')
    expect(gunzipSync(Buffer.from(packed.body ?? '', 'base64')).toString()).toBe(whole)
    expect((await gatewayResult({ status: 200, body: pieces(50, noise).body }, undefined)).body).toBe(whole)
    expect((await gatewayResult({ status: 200, body: pieces(1, () => '{}').body }, 'gzip')).body).toBe('{}')
  })

  it('stops making pieces once there is more than can be sent, packed or not', async () => {
    const plain = pieces(1000, noise)
    await expect(gatewayResult({ status: 200, body: plain.body }, undefined)).rejects.toThrow(AnswerTooLargeError)
    expect(plain.seen).toMatchObject({ closed: true })
    expect(plain.seen.made).toBeLessThan(110)
    const random = pieces(1000, () => randomBytes(2 ** 16).toString('latin1'))
    await expect(gatewayResult({ status: 200, body: random.body }, 'gzip')).rejects.toThrow(/even gzipped/)
    expect(random.seen).toMatchObject({ closed: true })
    expect(random.seen.made).toBeLessThan(150)
  })

  it('passes on what making a piece throws', async () => {
    const failing = (at: number) =>
      pieces(9, (i) => {
        if (i === at) throw new LimitExceededError('answerBytes', 1, 2, 'bytes')
        return noise(i)
      }).body
    for (const at of [0, 1, 5]) {
      for (const accepts of ['gzip', undefined]) {
        await expect(gatewayResult({ status: 200, body: failing(at) }, accepts)).rejects.toThrow(LimitExceededError)
      }
    }
  })
})

describe('httpHandler(run)', () => {
  const call = async (run: () => Promise<HttpAnswer>, event: GuardedEvent = httpEvent()) =>
    httpHandler(run)(event, lambdaContext())

  it('answers what run answers', async () => {
    expect(await call(async () => ({ status: 200, body: '{}' }))).toMatchObject({ statusCode: 200, body: '{}' })
  })

  it('answers an error on purpose as what it is', async () => {
    const result = await call(async () => {
      throw new EndpointNotFoundError()
    })
    expect(result).toMatchObject({ statusCode: 404, body: '{"error":{"code":404,"message":"Endpoint not found"}}' })
  })

  it('answers an error that nobody foresaw blandly, and logs it with the request and the stack', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const result = await call(async () => {
      throw new TypeError('the secret insides')
    })
    const [[line] = []] = print.mock.calls
    print.mockRestore()
    expect(result).toMatchObject({ statusCode: 500 })
    expect(JSON.stringify(result)).not.toContain('secret')
    expect(line).toMatchObject({ message: 'unexpected error', requestId: lambdaContext().awsRequestId })
    expect(line.stack).toContain('http.test.ts')
  })
})
