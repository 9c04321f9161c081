import { reaches } from '../../lib/access/grant.ts'
import { withoutSlashes } from '../../lib/access/scopes.ts'
import { FEATURES } from '../../lib/kairos/features.ts'
import { checkMetadataKey, checkMetadataValue } from '../../lib/kairos/metadata.ts'
import { metricNames } from '../../lib/kairos/metric-names.ts'
import { versionInfo } from '../../lib/meta/version.ts'
import { TsdbError } from '../../lib/model/errors.ts'
import { readConfig } from '../config.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { json, text } from '../meta/route.ts'
import { sharedStore } from '../store.ts'
import { answeringKairos } from './answers.ts'

/** What answers a path below /api/v1, by method; it is given the parts of the path that its pattern leaves open. */
type KairosRoute = Readonly<
  Record<string, ((request: HttpRequest, parts: readonly string[]) => HttpAnswer | Promise<HttpAnswer>) | undefined>
>

/** When a path or a value is asked for that is not there. */
class KairosNotFoundError extends TsdbError {
  constructor(message: string) {
    super('kairos.notFound', 404, message)
  }
}

/** When roll-up tasks are asked for: KairosDB has them where its configuration turns them on. */
class NoRollupsError extends TsdbError {
  constructor() {
    super('kairos.rollups', 501, 'There are no roll-up tasks here', {
      details: 'A query with the aggregator save_as, asked again and again, does what a task does',
    })
  }
}

const noRollups = (): never => {
  throw new NoRollupsError()
}
const ROLLUPS: KairosRoute = { GET: noRollups, POST: noRollups, PUT: noRollups, DELETE: noRollups }

const healthCheck = async (): Promise<HttpAnswer> => {
  await sharedStore().layout.readLayout()
  return { status: 204 }
}

/** The store answers, or healthCheck has thrown. */
const healthStatus = async (): Promise<HttpAnswer> => {
  await healthCheck()
  return json(['Store: OK'])
}

const METADATA_VALUE: KairosRoute = {
  GET: async (_, parts) => {
    const value = await sharedStore().kairosMetadata.read(metadataKeyOf(parts))
    if (value === undefined) throw new KairosNotFoundError('Key not found')
    return text(value)
  },
  POST: async (request, parts) => {
    const value = request.body()
    checkMetadataValue(value, readConfig().limits)
    await sharedStore().kairosMetadata.write(metadataKeyOf(parts), value)
    return { status: 204 }
  },
  DELETE: async (_, parts) => {
    await sharedStore().kairosMetadata.remove(metadataKeyOf(parts))
    return { status: 204 }
  },
}

function metadataKeyOf([service = '', serviceKey = '', key = '']: readonly string[]) {
  const found = { service, serviceKey, key }
  checkMetadataKey(found)
  return found
}

/** KairosDB answers a service key as often as it has keys. */
async function listServiceKeys([service = '']: readonly string[]): Promise<HttpAnswer> {
  checkMetadataKey({ service })
  const keys = await sharedStore().kairosMetadata.list(service)
  return json({ results: [...new Set(keys.map(({ serviceKey }) => serviceKey))] })
}

async function listKeys(
  { query }: HttpRequest,
  [service = '', serviceKey = '']: readonly string[],
): Promise<HttpAnswer> {
  checkMetadataKey({ service, serviceKey })
  const start = query.get('startsWith') ?? ''
  const keys = await sharedStore().kairosMetadata.list(service, serviceKey)
  return json({ results: keys.map(({ key }) => key).filter((key) => key.startsWith(start)) })
}

function featureNamed([name = '']: readonly string[]): HttpAnswer {
  const feature = FEATURES.find((one) => one.name === name)
  if (feature === undefined) throw new KairosNotFoundError(`Unknown feature '${name}'`)
  return json(feature.properties)
}

/**
 * What is served of KairosDB's API by the function for all the rest, by path below /api/v1; `*` stands for any part. What other
 * functions serve is here without their methods, so that any other is answered 405.
 */
const ROUTES: readonly (readonly [pattern: string, route: KairosRoute])[] = [
  ['', {}],
  ['datapoints', {}],
  ['datapoints/query', {}],
  ['datapoints/query/tags', {}],
  ['datapoints/delete', {}],
  ['metric/*', {}],
  [
    'metricnames',
    {
      GET: async ({ query, grant }) => {
        const mayKnow = (metric: string) => reaches(grant, metric)
        const names = await metricNames(sharedStore(), query.get('prefix') ?? '', readConfig().limits, mayKnow)
        return json({ results: names })
      },
    },
  ],
  ['health', {}],
  ['health/check', { GET: healthCheck }],
  ['health/status', { GET: healthStatus }],
  ['version', { GET: () => json(versionInfo()) }],
  ['features', { GET: () => json(FEATURES) }],
  ['features/*', { GET: (_, parts) => featureNamed(parts) }],
  // Queries run in instances of their own, each of which answers one at a time: here none is seen.
  ['admin/runningqueries', { GET: () => json({ queries: [] }) }],
  ['admin/killquery/*', { GET: () => ({ status: 204 }) }],
  ['rollups', ROLLUPS],
  ['rollups/*', ROLLUPS],
  ['rollups/*/*', ROLLUPS],
  ['metadata', {}],
  ['metadata/*', { GET: (_, parts) => listServiceKeys(parts) }],
  ['metadata/*/*', { GET: listKeys }],
  ['metadata/*/*/*', METADATA_VALUE],
]

/** Where KairosDB's API begins, in whose paths the version is not optional. */
const ROOT = '/api/v1'

const PATTERNS = ROUTES.map(([pattern, route]) => ({ parts: pattern === '' ? [] : pattern.split('/'), route }))

/**
 * Answers a request to KairosDB's API: OPTIONS with what there is, other methods that are not there with 405 and nothing else.
 * @returns undefined where the path is none of it
 */
export function answerKairos(request: HttpRequest): Promise<HttpAnswer> | undefined {
  const trimmed = withoutSlashes(request.path)
  if (trimmed !== ROOT && !trimmed.startsWith(`${ROOT}/`)) return undefined
  const parts = trimmed.split('/').slice(ROOT.split('/').length)
  const found = PATTERNS.find(
    (pattern) =>
      pattern.parts.length === parts.length && pattern.parts.every((part, i) => part === '*' || part === parts[i]),
  )
  if (found === undefined) return undefined
  return follow(
    found.route,
    request,
    parts.filter((_, i) => found.parts[i] === '*'),
  )
}

const follow = answeringKairos(
  (route: KairosRoute, request: HttpRequest, open: readonly string[]): HttpAnswer | Promise<HttpAnswer> => {
    const run = route[request.method]
    if (run !== undefined) return run(request, open)
    const allowed = [...Object.keys(route), 'OPTIONS'].join(', ')
    return { status: request.method === 'OPTIONS' ? 200 : 405, headers: { allow: allowed } }
  },
)
