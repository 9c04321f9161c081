import { plainPath } from '../lib/access/scopes.ts'
import { ApiVersionError, EndpointNotBuiltYetError } from '../lib/meta/errors.ts'
import { MAX_PATH_VERSION } from '../lib/meta/version.ts'
import {
  EndpointNotFoundError,
  type HttpAnswer,
  type HttpRequest,
  httpHandler,
  MethodNotAllowedError,
} from './http/index.ts'
import { answerKairos } from './kairos/routes.ts'
import { pageNotFound } from './meta/page-not-found.ts'
import type { Route } from './meta/route.ts'
import { NOT_BUILT_YET, ROUTES } from './meta/routes.ts'
import { metered } from './metered.ts'

/** Everything that no function of its own serves: what is known of names and configuration, and all that is not found. */
export const handler = metered(httpHandler(async (request) => answerMeta(request)))

/** Finds the route of a request and follows it. */
export async function answerMeta(request: HttpRequest): Promise<HttpAnswer> {
  const kairos = answerKairos(request)
  if (kairos !== undefined) return kairos
  if (request.method === 'OPTIONS') throw new MethodNotAllowedError(request.method)
  const path = checkedPath(request.path)
  const method = methodOf(request)
  const route = ROUTES.get(path)
  if (route !== undefined) return follow(route, method, request)
  if (NOT_BUILT_YET.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) {
    throw new EndpointNotBuiltYetError(path)
  }
  const below = routeBelow(path)
  if (below !== undefined) return follow(below, method, request)
  if (path === '/api' || path.startsWith('/api/')) throw new EndpointNotFoundError()
  return pageNotFound()
}

async function follow(route: Route, method: string, request: HttpRequest): Promise<HttpAnswer> {
  const run = route[method]
  if (run === undefined) throw new MethodNotAllowedError(method)
  return run({ ...request, method })
}

/** The route for all that is below a path: of /api/query OpenTSDB takes any name that it does not know for the query itself. */
function routeBelow(path: string): Route | undefined {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const route = ROUTES.get(`${path.slice(0, end)}/*`)
    if (route !== undefined) return route
  }
  return undefined
}

/** Methods that a GET may ask to be taken for, where a client can send nothing else. */
const OVERRIDES = new Set(['GET', 'POST', 'PUT', 'DELETE'])

/** @throws MethodNotAllowedError for an override that is not one of OVERRIDES */
function methodOf({ method, query }: HttpRequest): string {
  const override = query.get('method_override')?.toUpperCase()
  if (method !== 'GET' || override === undefined) return method
  if (!OVERRIDES.has(override)) throw new MethodNotAllowedError(override)
  return override
}

/** @throws ApiVersionError where the version that a path may begin with is too new */
function checkedPath(path: string): string {
  const [, version] = /^\/api\/v(\d+)(?:\/|$)/.exec(path) ?? []
  if (version !== undefined && Number(version) > MAX_PATH_VERSION) throw new ApiVersionError(version)
  return plainPath(path)
}
