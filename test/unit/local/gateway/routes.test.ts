import { expect, test } from 'vitest'
import { Router } from '../../../../local/gateway/routes.ts'

const KEYS = [
  '$default',
  'ANY /{proxy+}',
  'GET /api/{proxy+}',
  'GET /api/query',
  'ANY /api/query',
  'GET /api/tree/{id}',
  'GET /api/tree/{id}/leaf/{name}',
  'POST /api/tree/rule',
  'POST /api/put/{rest+}',
]
const router = new Router(KEYS.map((routeKey) => ({ routeKey, functionId: 'F', timeoutMs: 1 })))

const CASES: readonly [request: string, routeKey: string, parameters?: Record<string, string>][] = [
  ['GET /api/query', 'GET /api/query'],
  ['POST /api/query', 'ANY /api/query'],
  ['GET /api/tree/7', 'GET /api/tree/{id}', { id: '7' }],
  ['GET /api/tree/7/leaf/a', 'GET /api/tree/{id}/leaf/{name}', { id: '7', name: 'a' }],
  ['GET /api/tree/rule', 'GET /api/tree/{id}', { id: 'rule' }],
  ['POST /api/tree/rule', 'POST /api/tree/rule'],
  ['GET /api/tree/7/x', 'GET /api/{proxy+}', { proxy: 'tree/7/x' }],
  ['GET /api/query/', 'GET /api/{proxy+}', { proxy: 'query/' }],
  ['POST /api/put/', 'POST /api/put/{rest+}', { rest: '' }],
  ['POST /api/put', 'ANY /{proxy+}', { proxy: 'api/put' }],
  ['PUT /api/other', 'ANY /{proxy+}', { proxy: 'api/other' }],
  ['GET /', '$default'],
]

test.each(CASES)('%s takes %s', (request, routeKey, parameters) => {
  const [method = '', path = ''] = request.split(' ')
  const match = router.match(method, path)
  expect([match?.route.routeKey, match?.pathParameters]).toEqual([routeKey, parameters])
})

test('without $default, what no route names has no route', () => {
  const small = new Router([{ routeKey: 'GET /a', functionId: 'F', timeoutMs: 1 }])
  expect(small.match('GET', '/b')).toBeUndefined()
  expect(small.match('POST', '/a')).toBeUndefined()
})
