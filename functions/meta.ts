import { ApiVersionError, EndpointNotBuiltYetError } from '../lib/meta/errors.ts'
import { MAX_PATH_VERSION } from '../lib/meta/version.ts'
import {
  EndpointNotFoundError,
  type HttpAnswer,
  type HttpRequest,
  httpHandler,
  MethodNotAllowedError,
} from './http/index.ts'
import { pageNotFound } from './meta/page-not-found.ts'
import { NOT_BUILT_YET, ROUTES } from './meta/routes.ts'

/** Everything that no function of its own serves: what is known of names and configuration, and all that is not found. */
export const handler = httpHandler(async (request) => answerMeta(request))

/** Finds the route of a request and follows it. */
export async function answerMeta(request: HttpRequest): Promise<HttpAnswer> {
  if (request.method === 'OPTIONS') throw new MethodNotAllowedError(request.method)
  const path = plainPath(request.path)
  const route = ROUTES.get(path)
  if (route !== undefined) {
    const run = route[request.method]
    if (run === undefined) throw new MethodNotAllowedError(request.method)
    return run(request)
  }
  if (NOT_BUILT_YET.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) {
    throw new EndpointNotBuiltYetError(path)
  }
  // below /api/query OpenTSDB takes any name that it does not know for the query itself
  const query = path.startsWith('/api/query/') ? ROUTES.get('/api/query/*')?.[request.method] : undefined
  if (query !== undefined) return query(request)
  if (path === '/api' || path.startsWith('/api/')) throw new EndpointNotFoundError()
  return pageNotFound()
}

/**
 * A path without a slash at its end and without the version that it may begin with: `/api/v1/version/` is `/api/version`.
 * @throws ApiVersionError where that version is too new
 */
function plainPath(path: string): string {
  const trimmed = path.replace(/\/+$/, '')
  const [, version, rest = ''] = /^\/api\/v(\d+)(\/.*)?$/.exec(trimmed) ?? []
  if (version === undefined) return trimmed === '' ? '/' : trimmed
  if (Number(version) > MAX_PATH_VERSION) throw new ApiVersionError(version)
  return `/api${rest}`
}
