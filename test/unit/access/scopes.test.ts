import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NOT_BUILT_YET, ROUTES } from '../../../functions/meta/routes.ts'
import type { Grant } from '../../../lib/access/grant.ts'
import { reaches, scopesOf } from '../../../lib/access/grant.ts'
import { findNeed, isInMode, lackOf, needOf, plainPath, RULES } from '../../../lib/access/scopes.ts'

const grant = (scopes: Grant['scopes'], ...prefixes: string[]): Grant => ({ name: 'test', scopes, prefixes })

describe('needOf(method, path)', () => {
  it.each([
    ['POST', '/api/put', 'put'],
    ['POST', '/api/v1/put', 'put'],
    ['POST', '/api/put/', 'put'],
    ['GET', '/api/query', 'query'],
    ['DELETE', '/api/v1/query', 'admin'],
    ['GET', '/api/query/whatever', 'query'],
    ['DELETE', '/api/query/whatever', 'admin'],
    ['POST', '/api/query/gexp', 'query'],
    ['GET', '/api/search/lookup', 'query'],
    ['GET', '/api/uid/uidmeta', 'query'],
    ['PUT', '/api/uid/uidmeta', 'admin'],
    ['GET', '/api/uid/assign', 'admin'],
    ['GET', '/api/uid/rename', 'admin'],
    ['GET', '/api/annotation', 'query'],
    ['POST', '/api/annotation', 'put'],
    ['DELETE', '/api/annotation', 'admin'],
    ['GET', '/api/tree', 'query'],
    ['POST', '/api/tree', 'admin'],
    ['POST', '/api/tree/rebuild', 'admin'],
    ['POST', '/api/tree/test', 'query'],
    ['GET', '/api/version', 'any'],
    ['PUT', '/api/query', 'admin'],
    ['GET', '/nobody/thought/of/it', 'admin'],
    ['GET', '/', 'admin'],
  ])('%s %s: %s', (method, path, scope) => expect(needOf(method, path).scope).toBe(scope))

  it('knows every route of meta, with every method that it takes', () => {
    const routes = [...ROUTES].flatMap(([path, route]) =>
      Object.keys(route).map((method) => [method, path.replace(/\*$/, 'anything')] as const),
    )
    expect(routes.length).toBeGreaterThan(50)
    expect(routes.filter(([method, path]) => findNeed(method, path) === undefined)).toEqual([])
    expect(NOT_BUILT_YET.filter((path) => findNeed('POST', path) === undefined)).toEqual([])
  })

  it('says each thing once', () => {
    const keys = RULES.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`))
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([])
  })
})

describe('plainPath(path)', () => {
  it.each([
    ['/', '/'],
    ['///', '/'],
    ['/api/v1/', '/api'],
    ['/api/v1/version/', '/api/version'],
    ['/api/v12/version', '/api/version'],
    ['/api/v1x/version', '/api/v1x/version'],
    ['/v1/version', '/v1/version'],
  ])('%s: %s', (path, plain) => expect(plainPath(path)).toBe(plain))
})

describe('lackOf(grant, need)', () => {
  it('is nothing where the scope is there, and no scope includes another', () => {
    for (const scope of ['put', 'query', 'admin'] as const) {
      const needs = [needOf('POST', '/api/put'), needOf('GET', '/api/query'), needOf('DELETE', '/api/query')]
      const enough = needs.filter((need) => lackOf(grant([scope]), need) === undefined)
      expect(enough.map((need) => need.scope)).toEqual([scope])
    }
    expect(lackOf(grant([]), needOf('GET', '/api/version'))).toBeUndefined()
  })

  it('is the limit to metrics, where what answers does not look at names', () => {
    const limited = grant(['put', 'query', 'admin'], 'sys.')
    expect(lackOf(limited, needOf('POST', '/api/put'))).toBeUndefined()
    expect(lackOf(limited, needOf('GET', '/api/query'))).toBeUndefined()
    for (const path of ['/api/annotation', '/api/uid/tsmeta', '/api/search/tsmeta', '/api/tree', '/api/stats']) {
      expect(lackOf(limited, needOf('GET', path)), path).toContain('not limited')
    }
  })
})

describe('a grant', () => {
  it('reaches metrics that begin with one of its prefixes, or all where it has none', () => {
    expect(reaches(grant([]), 'any')).toBe(true)
    const limited = grant([], 'sys.', 'app')
    expect(['sys.cpu', 'app', 'apples', 'sys', 'my.app', ''].map((metric) => reaches(limited, metric))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ])
  })

  it('has the scopes that a text lists, and no others', () => {
    expect(scopesOf('query, put put root')).toEqual(['put', 'query'])
    expect(scopesOf('')).toEqual([])
    expect(scopesOf('none')).toEqual([])
  })
})

describe('isInMode(mode, need)', () => {
  const allowed = (mode: 'rw' | 'ro' | 'wo') =>
    [needOf('POST', '/api/put'), needOf('GET', '/api/query'), needOf('POST', '/api/tree'), needOf('GET', '/api/stats')]
      .filter((need) => isInMode(mode, need))
      .map((need) => need.does)

  it('reads, writes or both, and always tells of itself', () => {
    expect(allowed('rw')).toEqual(['writes', 'reads', 'writes', 'tells'])
    expect(allowed('ro')).toEqual(['reads', 'tells'])
    expect(allowed('wo')).toEqual(['writes', 'writes', 'tells'])
  })
})

/** The table of the page: `| GET, POST | /api/query | query | yes | reads |`. */
it('docs/access.md shows what each request needs', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/access.md'), 'utf8')
  const rows = [...page.matchAll(/^\| ([A-Z*, ]+) \| `([^`]+)` \| (\w+) \| (yes|no) \| (\w+) \|$/gm)].map(
    ([, ...cells]) => cells,
  )
  expect(rows).toEqual(
    RULES.map(({ methods, path, scope, limited, does }) => [
      methods.join(', '),
      path,
      scope,
      limited ? 'yes' : 'no',
      does,
    ]),
  )
})
