import { expect, test, vi } from 'vitest'
import { httpRequest } from '../../../functions/http/index.ts'
import { NOT_BUILT_YET, ROUTES } from '../../../functions/meta/routes.ts'
import { answerMeta } from '../../../functions/meta.ts'
import { TsdbError } from '../../../lib/model/errors.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { httpEvent } from '../../helpers/http-event.ts'

/** The answer's status and body; of an error what it is turned into. */
async function ask(method: string, path: string, body?: string): Promise<{ status: number; body: string }> {
  const event = httpEvent({ method, path, ...(body !== undefined && { body }) })
  try {
    const { status, body } = await answerMeta(httpRequest(event, DEFAULT_LIMITS))
    const text = typeof body === 'string' ? body : [...(body ?? [])].join('')
    return { status, body: text }
  } catch (error) {
    if (error instanceof TsdbError) return { status: error.statusCode, body: error.message }
    throw error
  }
}

test.each([
  ['GET', '/api/version', 200],
  ['GET', '/api/version/', 200],
  ['GET', '/api/v1/version', 200],
  ['POST', '/api/aggregators', 200],
  ['GET', '/api/config', 200],
  ['GET', '/api/config/filters', 200],
  ['GET', '/aggregators', 200],
  ['GET', '/version', 200],
  ['DELETE', '/api/version', 405],
  ['GET', '/api/put', 405],
  ['PUT', '/api/query', 405],
  ['OPTIONS', '/api/query', 405],
  ['OPTIONS', '/nosuch', 405],
  ['GET', '/api', 404],
  ['GET', '/api/nosuch', 404],
  ['GET', '/api/version/more', 404],
  ['GET', '/nosuch', 404],
  ['GET', '/', 404],
  ['GET', '/__proto__', 404],
  ['GET', '/api/v9/version', 501],
  ['GET', '/api/uid/assign', 400],
  ['DELETE', '/api/uid/assign', 405],
  ['GET', '/api/uid', 404],
  ['GET', '/api/uid/bogus', 404],
  ['GET', '/api/stats/jvm', 200],
  ['GET', '/api/stats/query', 200],
  ['GET', '/api/stats/threads', 200],
  ['GET', '/api/stats/region_clients', 200],
  ['GET', '/api/serializers', 404],
  ['GET', '/logs', 404],
  ['GET', '/q?start=1h-ago&m=sum:a', 400],
  ['GET', '/api/search', 400],
  ['GET', '/api/search/bogus', 400],
  ['DELETE', '/api/search/lookup', 405],
  ['GET', '/api/uid/assign?method_override=post', 400],
  ['GET', '/api/version?method_override=delete', 405],
  ['GET', '/api/version?method_override=brew', 405],
  ['POST', '/api/version?method_override=delete', 200],
  ['GET', '/api/query/last', 400],
  ['GET', '/api/query/bogus', 400],
  ['DELETE', '/api/query', 405],
])('%s %s is answered %i', async (method, path, status) => {
  expect((await ask(method, path)).status).toBe(status)
})

test('a method named like a property of objects is not one of a route', async () => {
  expect((await ask('CONSTRUCTOR', '/api/version')).status).toBe(405)
  expect((await ask('constructor', '/api/version')).status).toBe(405)
})

test('what is still to come is not also served', () => {
  expect(NOT_BUILT_YET.filter((path) => ROUTES.has(path))).toEqual([])
})

test('outside the API a person gets a page, within it a client gets JSON', async () => {
  expect((await ask('GET', '/nosuch')).body).toContain('<!DOCTYPE html>')
})

test('the configuration says the limits that hold, and nothing of the environment', async () => {
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'very-secret')
  const { body } = await ask('GET', '/api/config')
  expect(JSON.parse(body)).toMatchObject({
    'tsd.storage.max_tags': '8',
    'tsd.storage.uid.width.tagv': '4',
    'tsd.limits.queryMs': '25000',
  })
  expect(body).not.toContain('very-secret')
})

test.each([
  ['GET', '/api/suggest?q=x', undefined, 'Missing parameter <code>type</code>'],
  ['GET', '/api/suggest?type=bogus', undefined, "Invalid 'type' parameter:bogus"],
  ['GET', '/api/suggest?type=metrics&max=x', undefined, "Unable to parse 'max' as a number"],
  ['POST', '/api/suggest', '{"q":"x"}', "Missing 'type' parameter"],
  ['POST', '/api/suggest', '{"q":', 'Unable to parse the given JSON'],
  ['POST', '/api/suggest', '[]', 'Unable to parse the given JSON'],
])('%s %s with %s is refused: %s', async (method, path, body, message) => {
  expect(await ask(method, path, body)).toEqual({ status: 400, body: message })
})
