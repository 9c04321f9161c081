import { expect, test } from 'vitest'
import type { PoolOutcome } from '../../../../local/functions/pool.ts'
import { GATEWAY_ANSWERS } from '../../../../local/gateway/answer.ts'
import { Authorizer } from '../../../../local/gateway/authorizer.ts'
import { buildEvent, type GatewayEvent } from '../../../../local/gateway/event.ts'

const SOURCES = ['$request.header.Authorization', '$context.routeKey']

/** An authorizer that is asked by a clock of the test's own; `asked` holds the events that reached the function. */
function authorizer(answer: (event: { headers: Record<string, string>; routeKey: string }) => PoolOutcome | object) {
  const asked: Record<string, unknown>[] = []
  const clock = { ms: 0 }
  const pool = {
    call: async (event: unknown): Promise<PoolOutcome> => {
      const seen = JSON.parse(JSON.stringify(event))
      asked.push(seen)
      const given = answer(seen)
      return 'kind' in given ? given : { kind: 'answer', payload: JSON.stringify(given) }
    },
  }
  const model = { logicalId: 'Guard', functionId: 'Authorize', identitySources: SOURCES, ttlMs: 30_000 }
  return { decide: new Authorizer(model, pool, () => clock.ms), asked, clock, model, pool }
}

function event(token: string | undefined, routeKey = 'GET /api/query', url = '/api/query?m=x'): GatewayEvent {
  const rawHeaders = token === undefined ? ['X-Other', '1'] : ['AUTHORIZATION', token]
  const request = {
    method: 'GET',
    url,
    httpVersion: '1.1',
    rawHeaders,
    sourceIp: '127.0.0.1',
    body: Buffer.from('a body'),
  }
  const route = { routeKey, functionId: 'Query', timeoutMs: 30_000 }
  const [path = '', rawQueryString = ''] = url.split('?')
  return buildEvent(request, { path, rawQueryString }, { route, pathParameters: undefined }, 'api', 'id', 0)
}

const allow = (context: object) => ({ isAuthorized: true, context })

test('the function sees the request without its body, and what identifies the caller', async () => {
  const { decide, asked } = authorizer(() => allow({ name: 'me' }))
  expect(await decide.decide(event('Bearer a'))).toEqual({ kind: 'allowed', context: { name: 'me' } })
  expect(asked).toMatchObject([
    {
      version: '2.0',
      type: 'REQUEST',
      routeKey: 'GET /api/query',
      identitySource: ['Bearer a', 'GET /api/query'],
      headers: { authorization: 'Bearer a' },
      queryStringParameters: { m: 'x' },
      routeArn: 'arn:aws:execute-api:local:000000000000:api/$default/GET/api/query',
    },
  ])
  expect(asked[0]).not.toHaveProperty('body')
})

test('without a part of the identity the function is not asked: 401', async () => {
  const { decide, asked } = authorizer(() => allow({}))
  expect(await decide.decide(event(undefined))).toEqual({ kind: 'refused', answer: GATEWAY_ANSWERS.unauthorized })
  expect(await decide.decide(event(''))).toEqual({ kind: 'refused', answer: GATEWAY_ANSWERS.unauthorized })
  expect(asked).toEqual([])
})

test('an answer is kept for its time, by token and route: one for a route says nothing of another', async () => {
  const { decide, asked, clock } = authorizer(({ routeKey }) => allow({ route: routeKey }))
  const contextOf = async (token: string, route: string) => {
    const verdict = await decide.decide(event(token, route))
    return verdict.kind === 'allowed' ? verdict.context : undefined
  }
  expect(await contextOf('Bearer a', 'POST /api/put')).toEqual({ route: 'POST /api/put' })
  expect(await contextOf('Bearer a', 'GET /api/query')).toEqual({ route: 'GET /api/query' })
  expect(await contextOf('Bearer b', 'GET /api/query')).toEqual({ route: 'GET /api/query' })
  expect(asked).toHaveLength(3)
  clock.ms = 29_999
  expect(await contextOf('Bearer a', 'POST /api/put')).toEqual({ route: 'POST /api/put' })
  expect(asked).toHaveLength(3)
  clock.ms = 30_000
  await contextOf('Bearer a', 'POST /api/put')
  expect(asked).toHaveLength(4)
})

test('tokens and routes can’t be put together to look like others', async () => {
  const { decide, asked } = authorizer(() => allow({}))
  await decide.decide(event('a","b', 'c'))
  await decide.decide(event('a', 'b","c'))
  expect(asked).toHaveLength(2)
})

test('a refusal is 403 and kept, a failure 500 and asked again', async () => {
  const refusing = authorizer(() => ({ isAuthorized: false }))
  for (const _ of [1, 2]) {
    expect(await refusing.decide.decide(event('x'))).toEqual({ kind: 'refused', answer: GATEWAY_ANSWERS.forbidden })
  }
  expect(refusing.asked).toHaveLength(1)
  for (const answer of [{ kind: 'crash', message: 'no' } as const, {}, { isAuthorized: 'yes' }, allow([]), []]) {
    const failing = authorizer(() => answer)
    const verdicts = [await failing.decide.decide(event('x')), await failing.decide.decide(event('x'))]
    if (Array.isArray(answer) || !('context' in answer)) {
      expect(verdicts[0]).toEqual({ kind: 'refused', answer: GATEWAY_ANSWERS.internalError })
      expect(failing.asked).toHaveLength(2)
    }
  }
})

test('nothing is kept where the time is 0', async () => {
  const { model, pool, asked } = authorizer(() => allow({}))
  const decide = new Authorizer({ ...model, ttlMs: 0 }, pool)
  await decide.decide(event('x'))
  await decide.decide(event('x'))
  expect(asked).toHaveLength(2)
})
