import { afterEach, describe, expect, it } from 'vitest'
import { Client, refusal, retryAfterMs } from '../../../cli/client.ts'
import { ServerAwayError, UsageError } from '../../../cli/errors.ts'
import { type AnsweringServer, startAnswering } from '../../helpers/cli.ts'

describe('Client', () => {
  let server: AnsweringServer | undefined
  afterEach(() => server?.close())

  const patient = (url: string, more: object = {}) => new Client({ url, tries: 3, firstWaitMs: 1, ...more })

  it('sends a packed body with the token and a path below that of the address', async () => {
    server = await startAnswering(() => ({ status: 204 }))
    const client = patient(`${server.url}/prefix`, { token: 'secret' })
    expect(await client.postJson('api/put?details', '[1]')).toEqual({ status: 204, text: '' })
    const [request] = server.received
    expect(request).toMatchObject({ method: 'POST', path: '/prefix/api/put?details', body: '[1]' })
    expect(request?.headers).toMatchObject({ authorization: 'Bearer secret', 'content-encoding': 'gzip' })
  })

  it.each([429, 500, 502, 503, 504])('tries again after status %i', async (status) => {
    server = await startAnswering((_, before) => (before < 2 ? { status } : { status: 200, body: 'in' }))
    expect(await patient(server.url).postJson('x', '1')).toEqual({ status: 200, text: 'in' })
    expect(server.received).toHaveLength(3)
  })

  it.each([400, 401, 403, 404, 405, 413, 501, 505])('does not try again after status %i', async (status) => {
    server = await startAnswering(() => ({ status, body: 'no' }))
    expect(await patient(server.url).postJson('x', '1')).toEqual({ status, text: 'no' })
    expect(server.received).toHaveLength(1)
  })

  it('tries again when the connection breaks off', async () => {
    server = await startAnswering((_, before) => (before === 0 ? 'hang up' : { status: 204 }))
    expect((await patient(server.url).postJson('x', '1')).status).toBe(204)
  })

  it('says what happened and how often it tried once the tries are used up', async () => {
    server = await startAnswering(() => ({ status: 503 }))
    const { url } = server
    await expect(patient(url).postJson('x', '1')).rejects.toThrow(`${url}/ is not answering (status 503; 3 tries)`)
    expect(server.received).toHaveLength(3)
  })

  it('names the network error where nobody listens', async () => {
    server = await startAnswering(() => ({ status: 204 }))
    const { url } = server
    await server.close()
    server = undefined
    const failed = patient(url).postJson('x', '1')
    await expect(failed).rejects.toBeInstanceOf(ServerAwayError)
    await expect(failed).rejects.toThrow(/ECONNREFUSED/)
  })

  it('waits at least as long as Retry-After asks', async () => {
    server = await startAnswering((_, before) =>
      before === 0 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 204 },
    )
    const waits: number[] = []
    await patient(server.url, { onRetry: (_: string, ms: number) => waits.push(ms) }).postJson('x', '1')
    expect(waits).toEqual([1000])
  })

  it.each(['no address', 'ftp://example.org', ''])('refuses the address %j', (url) => {
    expect(() => new Client({ url })).toThrow(UsageError)
  })
})

describe('retryAfterMs', () => {
  const now = Date.UTC(2026, 10, 22)
  it.each([
    ['seconds', '3', 3000],
    ['a date', 'Sun, 22 Nov 2026 00:00:05 GMT', 5000],
    ['a date gone by', 'Sun, 22 Nov 2026 00:00:00 GMT', 0],
    ['an hour, which is cut to a minute', '3600', 60_000],
    ['nonsense', 'soon', 0],
    ['nothing', null, 0],
  ])('reads %s', (_, header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms)
  })
})

describe('refusal', () => {
  it("carries OpenTSDB's message and details", () => {
    const error = refusal({ status: 400, text: '{"error":{"code":400,"message":"No","details":"because"}}' })
    expect(error).toMatchObject({ statusCode: 400, message: 'No', details: 'because' })
  })

  it('says where a token comes from to who has none, whom the gateway answers in its own words', () => {
    const error = refusal({ status: 401, text: '{"message":"Unauthorized"}' })
    expect(error).toMatchObject({ statusCode: 401, message: 'The server asks for a token' })
    expect(error.details).toContain('TSDB_TOKEN')
    const own = refusal({ status: 401, text: '{"error":{"code":401,"message":"A valid token is needed"}}' })
    expect(own.message).toBe('A valid token is needed')
  })

  it('shows the start of any other body', () => {
    expect(refusal({ status: 403, text: '<html>Forbidden' }).message).toBe('The server answered 403: <html>Forbidden')
    expect(refusal({ status: 403, text: '' }).message).toBe('The server answered 403')
  })
})
