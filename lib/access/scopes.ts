import type { Grant, Scope } from './grant.ts'

/** How a deployment is made: for all, only for reading, or only for writing (OpenTSDB's tsd.mode). */
export const MODES = ['rw', 'ro', 'wo'] as const
export type Mode = (typeof MODES)[number]

/** What a request needs to be let through. */
export interface Need {
  /** The scope that a token must have; `any`: every valid token is let through. */
  readonly scope: Scope | 'any'
  /**
   * Whether a token that is limited to some metrics is let through: what answers then looks at the names of metrics itself,
   * or tells of none.
   */
  readonly limited: boolean
  /** What it does to what is stored; what tells of the service alone is there in every mode. */
  readonly does: 'reads' | 'writes' | 'tells'
}

/** A row of the table: some methods of a path. */
export interface Rule extends Need {
  /** `*` for every method that is in no row of its own. */
  readonly methods: readonly string[]
  /** Without a version and without a slash at the end; `/*` at the end for all that is below and in no row of its own. */
  readonly path: string
}

const GET_POST = ['GET', 'POST']
const ALL = ['*']

const TELLS: Need = { scope: 'any', limited: true, does: 'tells' }
const SHOWS: Need = { scope: 'query', limited: false, does: 'tells' }
const READS: Need = { scope: 'query', limited: false, does: 'reads' }
const READS_METRICS: Need = { ...READS, limited: true }
const PUTS: Need = { scope: 'put', limited: false, does: 'writes' }
const PUTS_METRICS: Need = { ...PUTS, limited: true }
const CHANGES: Need = { scope: 'admin', limited: false, does: 'writes' }
const CHANGES_METRICS: Need = { ...CHANGES, limited: true }
const TENDS: Need = { scope: 'admin', limited: false, does: 'tells' }

const rule = (methods: readonly string[], path: string, need: Need): Rule => ({ methods, path, ...need })

/** What each request needs, for the authorizer and for the functions behind it. docs/access.md shows it. */
export const RULES: readonly Rule[] = [
  rule(['POST'], '/api/put', PUTS_METRICS),
  rule(['POST'], '/api/put/*', PUTS_METRICS),
  rule(['POST'], '/api/rollup', PUTS),
  rule(['POST'], '/api/histogram', PUTS),
  rule(['POST'], '/api/datapoints', PUTS_METRICS),

  rule(GET_POST, '/api/query', READS_METRICS),
  rule(['DELETE'], '/api/query', CHANGES_METRICS),
  rule(['POST'], '/api/query/exp', READS_METRICS),
  rule(['GET'], '/api/query/gexp', READS_METRICS),
  rule(GET_POST, '/api/query/last', READS_METRICS),
  rule(GET_POST, '/api/query/*', READS_METRICS),
  rule(['GET'], '/q', READS_METRICS),
  rule(GET_POST, '/api/datapoints/query', READS_METRICS),
  rule(['POST'], '/api/datapoints/query/tags', READS_METRICS),
  rule(['POST'], '/api/datapoints/delete', CHANGES_METRICS),
  rule(['DELETE'], '/api/metric/*', CHANGES_METRICS),

  rule(['GET'], '/api/metadata/*', READS),
  rule(['POST'], '/api/metadata/*', PUTS),
  rule(['DELETE'], '/api/metadata/*', PUTS),

  rule(GET_POST, '/api/suggest', READS_METRICS),
  rule(['GET'], '/suggest', READS_METRICS),
  rule(['GET'], '/api/metricnames', READS_METRICS),
  rule(['GET'], '/api/tagnames', READS),
  rule(['GET'], '/api/tagvalues', READS),
  rule(GET_POST, '/api/search', READS),
  rule(GET_POST, '/api/search/lookup', READS_METRICS),
  rule(GET_POST, '/api/search/*', READS),

  rule(['GET'], '/api/annotation', READS),
  rule(['GET'], '/api/annotations', READS),
  rule(['POST', 'PUT'], '/api/annotation', PUTS),
  rule(['POST', 'PUT'], '/api/annotations', PUTS),
  rule(['DELETE'], '/api/annotation', CHANGES),
  rule(['DELETE'], '/api/annotations', CHANGES),
  rule(['POST', 'PUT'], '/api/annotation/bulk', PUTS),
  rule(['POST', 'PUT'], '/api/annotations/bulk', PUTS),
  rule(['DELETE'], '/api/annotation/bulk', CHANGES),
  rule(['DELETE'], '/api/annotations/bulk', CHANGES),

  rule(['GET'], '/api/uid/uidmeta', READS),
  rule(['GET'], '/api/uid/tsmeta', READS),
  rule(ALL, '/api/uid/*', CHANGES),

  rule(['GET'], '/api/tree', READS),
  rule(['GET'], '/api/tree/rule', READS),
  rule(['GET'], '/api/tree/branch', READS),
  rule(['GET', 'POST', 'PUT'], '/api/tree/collisions', READS),
  rule(['GET', 'POST', 'PUT'], '/api/tree/notmatched', READS),
  rule(['GET', 'POST', 'PUT'], '/api/tree/test', READS),
  rule(ALL, '/api/tree', CHANGES),
  rule(ALL, '/api/tree/*', CHANGES),

  rule(GET_POST, '/api/version', TELLS),
  rule(GET_POST, '/version', TELLS),
  rule(GET_POST, '/api/aggregators', TELLS),
  rule(GET_POST, '/aggregators', TELLS),
  rule(GET_POST, '/api/config/filters', TELLS),
  rule(GET_POST, '/api/serializers', TELLS),
  rule(['GET'], '/api/features', TELLS),
  rule(['GET'], '/api/features/*', TELLS),
  rule(['GET'], '/api/health/*', TELLS),
  rule(['GET'], '/api/admin/*', SHOWS),
  rule(GET_POST, '/api/config', SHOWS),
  rule(GET_POST, '/api/stats', SHOWS),
  rule(GET_POST, '/api/stats/*', SHOWS),
  rule(GET_POST, '/stats', SHOWS),
  rule(['GET'], '/metrics', SHOWS),
  rule(GET_POST, '/logs', SHOWS),
  rule(GET_POST, '/api/dropcaches', TENDS),
  rule(GET_POST, '/dropcaches', TENDS),
]

/** What is in no row: nothing is served there, or nobody has thought of it yet. */
const UNLISTED: Need = CHANGES

const BY_METHOD_AND_PATH: ReadonlyMap<string, Need> = new Map(
  RULES.flatMap(({ methods, path, scope, limited, does }) =>
    methods.map((method) => [`${method} ${path}`, { scope, limited, does }]),
  ),
)

/**
 * What a request needs.
 * @param method in upper case
 * @param path as sent, without the query string
 */
export function needOf(method: string, path: string): Need {
  return findNeed(method, path) ?? UNLISTED
}

/** As needOf, but undefined for what is in no row. */
export function findNeed(method: string, path: string): Need | undefined {
  const plain = plainPath(path)
  const find = (pattern: string) =>
    BY_METHOD_AND_PATH.get(`${method} ${pattern}`) ?? BY_METHOD_AND_PATH.get(`* ${pattern}`)
  const exact = find(plain)
  if (exact !== undefined) return exact
  for (let end = plain.lastIndexOf('/'); end > 0; end = plain.lastIndexOf('/', end - 1)) {
    const below = find(`${plain.slice(0, end)}/*`)
    if (below !== undefined) return below
  }
  return undefined
}

/** A path without a slash at its end and without the version that it may begin with: `/api/v1/version/` is `/api/version`. */
export function plainPath(path: string): string {
  const trimmed = withoutSlashes(path)
  return trimmed === '' ? '/' : trimmed.replace(/^\/api\/v\d+(?=\/|$)/, '/api')
}

/** A path without slashes at its end. No regular expression, which takes the square of the slashes where something follows them. */
export function withoutSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end--
  return path.slice(0, end)
}

/** Why a grant is not enough, in a sentence; undefined where it is. */
export function lackOf(grant: Grant, need: Need): string | undefined {
  if (need.scope !== 'any' && !grant.scopes.includes(need.scope)) return `It takes the scope ${need.scope}`
  if (grant.prefixes.length > 0 && !need.limited) return 'It takes a token that is not limited to some metrics'
  return undefined
}

/** Whether a deployment of a mode does what is asked. */
export function isInMode(mode: Mode, { does }: Need): boolean {
  if (does === 'tells' || mode === 'rw') return true
  return does === (mode === 'ro' ? 'reads' : 'writes')
}
