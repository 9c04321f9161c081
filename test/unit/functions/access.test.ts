import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AuthorizerContext, CallerContext } from '../../../functions/authorizer-context.ts'
import { callerOf, contextOf } from '../../../functions/authorizer-context.ts'
import { httpHandler } from '../../../functions/http/index.ts'
import { refuseOtherSites } from '../../../functions/http/other-sites.ts'
import { needOf } from '../../../lib/access/scopes.ts'
import { TokenStore } from '../../../lib/access/tokens.ts'
import { Dynamo, openClient } from '../../../lib/store/dynamo.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { type EventOptions, httpEvent, lambdaContext } from '../../helpers/http-event.ts'

const may = (scopes: string, more: Partial<AuthorizerContext> = {}): AuthorizerContext => ({
  name: 'test',
  scopes,
  prefixes: '',
  expiresAt: '',
  ...more,
})

/** What a handler that would answer anything lets through. */
async function answerTo(options: EventOptions, route?: string, caller?: CallerContext | null) {
  const event = httpEvent(options)
  const { authorizer, ...requestContext } = event.requestContext
  const said = caller === undefined ? authorizer : caller
  const guarded = {
    ...event,
    ...(route !== undefined && { routeKey: route }),
    requestContext: { ...requestContext, ...(said !== null && { authorizer: said }) },
  }
  const run = vi.fn(async () => ({ status: 204 }))
  const result = await httpHandler(run)(guarded, lambdaContext())
  if (typeof result !== 'object' || !('statusCode' in result)) throw new Error('no answer')
  const { statusCode, body, headers } = result
  // What is refused is never begun.
  expect(run.mock.calls.length).toBe(statusCode === 204 && route !== 'OPTIONS /{proxy+}' ? 1 : 0)
  return { status: statusCode, error: body === undefined ? undefined : JSON.parse(body).error, headers }
}

describe('every HTTP handler', () => {
  it.each([
    ['no authorizer was asked', null],
    ['the authorizer knows nobody', { lambda: {} }],
    ['the gateway makes nothing of its answer', { lambda: null }],
    ['the token expired while the gateway kept its answer', { lambda: may('put,query', { expiresAt: '1356998400' }) }],
  ])('answers 401 in the API’s form where %s', async (_, caller) => {
    const { status, error, headers } = await answerTo({ path: '/api/put' }, undefined, caller)
    expect([status, error]).toEqual([401, expect.objectContaining({ code: 401, message: 'A valid token is needed' })])
    expect(headers).toMatchObject({ 'www-authenticate': 'Bearer realm="tsdb", Basic realm="tsdb", charset="UTF-8"' })
  })

  it.each([
    ['put', 'POST', '/api/put', 204],
    ['query', 'POST', '/api/put', 403],
    ['put', 'GET', '/api/query', 403],
    ['query', 'GET', '/api/query?m=x', 204],
    ['query', 'DELETE', '/api/query', 403],
    ['admin', 'DELETE', '/api/query', 204],
    ['query', 'GET', '/api/uid/uidmeta?uid=1', 204],
    ['query', 'GET', '/api/uid/uidmeta?uid=1&method_override=delete', 403],
    ['query', 'GET', '/api/uid/uidmeta?method%5foverride=DELETE', 403],
    ['query', 'GET', '/api/v1/uid/assign?metric=x', 403],
    ['query', 'GET', '/api/nobody/knows', 403],
    ['none', 'GET', '/api/version', 204],
  ])('with the scope %s answers %s %s with %i, also on the route for all the rest', async (scope, method, path, status) => {
    const options = { method, path, caller: may(scope) }
    expect((await answerTo(options, '$default')).status).toBe(status)
  })

  it('goes by its route as well, whatever the path seems to say', async () => {
    const options = { method: 'GET', path: '/api/version', caller: may('query') }
    expect((await answerTo(options, 'DELETE /api/query')).status).toBe(403)
    expect((await answerTo(options, 'GET /api/query')).status).toBe(204)
  })

  it('answers a preflight of a browser without a caller, by its route alone', async () => {
    const preflight = { method: 'OPTIONS', path: '/api/query' }
    expect((await answerTo(preflight, 'OPTIONS /{proxy+}', null)).status).toBe(204)
    expect((await answerTo(preflight, '$default', null)).status).toBe(401)
  })

  it('refuses a token that is limited to some metrics where names are not looked at', async () => {
    const caller = may('put,query,admin', { prefixes: 'sys.' })
    expect((await answerTo({ method: 'GET', path: '/api/query', caller })).status).toBe(204)
    expect((await answerTo({ method: 'GET', path: '/api/tree', caller })).status).toBe(403)
  })
})

describe('refuseOtherSites(asked, origins)', () => {
  const allowed = (method: string, path: string, headers: Record<string, string>, origins: string[] = []) => {
    try {
      refuseOtherSites({ method, headers, needs: [needOf(method, path)] }, origins)
      return true
    } catch (error) {
      expect(error).toMatchObject({ statusCode: 403 })
      return false
    }
  }
  const from = (site: string, mode: string, more: object = {}) => ({
    'sec-fetch-site': site,
    'sec-fetch-mode': mode,
    ...more,
  })
  const [a, b] = ['https://a.example', 'https://b.example']

  it('lets in who is no browser, the pages beside the API, and pages of origins that are let in', () => {
    expect(allowed('POST', '/api/put', {})).toBe(true)
    expect(allowed('POST', '/api/put', from('same-origin', 'cors', { origin: a }))).toBe(true)
    expect(allowed('POST', '/api/put', from('none', 'navigate'))).toBe(true)
    expect(allowed('POST', '/api/put', from('cross-site', 'cors', { origin: a }), [b, a])).toBe(true)
    expect(allowed('GET', '/api/query', from('cross-site', 'no-cors', { referer: `${a}/d/1?x` }), [a])).toBe(true)
    expect(allowed('POST', '/api/put', from('cross-site', 'cors', { origin: a }), ['*'])).toBe(true)
  })

  it('refuses all others, whatever else they say', () => {
    expect(allowed('POST', '/api/put', from('cross-site', 'no-cors', { origin: a }), [b])).toBe(false)
    expect(allowed('POST', '/api/put', from('same-site', 'cors', { origin: a, referer: b }), [b])).toBe(false)
    expect(allowed('GET', '/api/query', from('cross-site', 'no-cors'))).toBe(false)
    expect(allowed('GET', '/api/query', from('cross-site', 'no-cors', { referer: 'nowhere' }), [a])).toBe(false)
    expect(allowed('POST', '/api/put', from('cross-site', 'cors', { origin: 'null' }), [a])).toBe(false)
  })

  it('lets a link lead to what reads, and to nothing that changes or tends anything', () => {
    const link = from('cross-site', 'navigate', { referer: a })
    expect([allowed('GET', '/api/query', link), allowed('GET', '/api/version', link)]).toEqual([true, true])
    expect([allowed('GET', '/api/uid/rename', link), allowed('GET', '/api/dropcaches', link)]).toEqual([false, false])
    expect([allowed('POST', '/api/query', link), allowed('DELETE', '/api/query', link)]).toEqual([false, false])
  })
})

describe('callerOf(caller, routeKey, now)', () => {
  const caller = (context: CallerContext, routeKey = '$default') => callerOf(context, routeKey, 0)

  it('reads what contextOf wrote', () => {
    const grant = { name: 'me', scopes: ['put', 'admin'] as const, prefixes: ['a.', 'b'] }
    expect(caller({ lambda: contextOf(grant, 1) })).toEqual(grant)
    expect(callerOf({ lambda: contextOf(grant, 1) }, '$default', 1000)).toBeUndefined()
    expect(callerOf({ lambda: contextOf(grant, undefined) }, '$default', 9e15)).toEqual(grant)
  })

  it.each([
    [{ scope: 'tsdb/put openid' }, ['put']],
    [{ scope: 'https://tsdb.example.com/query put' }, ['put', 'query']],
    [{ scp: 'query,admin' }, ['query', 'admin']],
    [{ scp: '[put query]' }, ['put', 'query']],
    [{ scope: 'computer' }, []],
    [{}, []],
  ])('takes the scopes of a JSON Web Token from its claims: %j', (claims, scopes) => {
    expect(caller({ jwt: { claims: { sub: 'me', ...claims } } })).toEqual({ name: 'me', scopes, prefixes: [] })
  })

  it.each([
    ['POST /api/put', ['put']],
    ['GET /api/v1/query/{proxy+}', ['query']],
    ['ANY /api/uid/{proxy+}', ['admin']],
    ['GET /api/version', []],
    ['$default', []],
  ])('gives who signs with IAM what the route needs and no more: %s', (routeKey, scopes) => {
    const userArn = 'arn:aws:iam::123456789012:user/me'
    expect(caller({ iam: { userArn } }, routeKey)).toEqual({ name: userArn, scopes, prefixes: [] })
  })
})

describe('a deployment of mode ro', () => {
  it('answers what writes with 403 and says why', async () => {
    vi.resetModules()
    vi.stubEnv('TSDB_MODE', 'ro')
    const { httpHandler: handlerOf } = await import('../../../functions/http/index.ts')
    const result = await handlerOf(async () => ({ status: 204 }))(httpEvent({ path: '/api/put' }), lambdaContext())
    vi.unstubAllEnvs()
    expect(result).toMatchObject({
      statusCode: 403,
      body: expect.stringContaining('"message":"This deployment only reads","details":"It was made with mode=ro"'),
    })
  })
})

describe('the authorizer', () => {
  let dynamo: RunningDynamo
  let tokens: TokenStore
  let authorize: typeof import('../../../functions/authorize.ts').handler

  beforeAll(async () => {
    dynamo = await startDynamo()
    tokens = new TokenStore(
      new Dynamo({ client: openClient(dynamo.endpoint), retry: { deadlineMs: 10_000 } }),
      TABLES.meta,
    )
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamo.endpoint)
    vi.stubEnv('TSDB_META_TABLE', TABLES.meta)
    vi.resetModules()
    authorize = (await import('../../../functions/authorize.ts')).handler
  })

  afterAll(async () => {
    vi.unstubAllEnvs()
    await dynamo.stop()
  })

  const ask = async (text: string | undefined, routeKey = '$default') => {
    const headers = text === undefined ? {} : { authorization: `Bearer ${text}` }
    return (await authorize({ headers, routeKey })).context
  }

  it('hands over what the token is for, and notes that it was used', async () => {
    const { token, text } = await tokens.create({ name: 'a', scopes: ['put'], prefixes: ['x.'], expiresAt: undefined })
    expect(await ask(text)).toEqual({ name: 'a', scopes: 'put', prefixes: 'x.', expiresAt: '' })
    expect((await tokens.list()).find(({ id }) => id === token.id)?.lastUsedDay).toBeGreaterThan(0)
  })

  it('hands over no scope on a route for which the token is not enough, so that the gateway keeps none for it', async () => {
    const { text } = await tokens.create({ name: 'a', scopes: ['put'], prefixes: [], expiresAt: undefined })
    expect(await ask(text, 'POST /api/v1/put')).toMatchObject({ scopes: 'put' })
    expect(await ask(text, 'POST /api/put/{proxy+}')).toMatchObject({ scopes: 'put' })
    expect(await ask(text, 'GET /api/query')).toMatchObject({ name: 'a', scopes: 'none' })
  })

  it('knows nobody by an unknown or revoked token, or none', async () => {
    const { token, text } = await tokens.create({ name: 'a', scopes: ['put'], prefixes: [], expiresAt: undefined })
    await tokens.revoke(token.id)
    for (const each of [text, 'x', `tsdb_${'0'.repeat(16)}_${'A'.repeat(43)}`, undefined])
      expect(await ask(each)).toEqual({})
  })

  it('fails where the store is away, so that the gateway keeps nothing', async () => {
    const { text } = await tokens.create({ name: 'a', scopes: ['put'], prefixes: [], expiresAt: undefined })
    vi.resetModules()
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'http://127.0.0.1:1')
    const { handler } = await import('../../../functions/authorize.ts')
    const asked = handler({ headers: { authorization: `Bearer ${text}` }, routeKey: '$default' })
    await expect(asked).rejects.toThrow('The store did not answer GetItem')
  }, 20_000)
})
