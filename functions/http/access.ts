import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { ModeError, NotPermittedError, NotSignedInError } from '../../lib/access/errors.ts'
import type { Grant } from '../../lib/access/grant.ts'
import { isInMode, lackOf, type Mode, type Need, needOf } from '../../lib/access/scopes.ts'
import { type CallerContext, callerOf } from '../authorizer-context.ts'
import { refuseOtherSites } from './other-sites.ts'

/** A gateway's event with what its authorizer said. */
export type GuardedEvent = APIGatewayProxyEventV2 & {
  readonly requestContext: { readonly authorizer?: CallerContext | undefined }
}

/**
 * Lets a request through, or not. The gateway has asked the authorizer who calls; what the caller may do is looked at here,
 * by the request itself, since the gateway's cache knows routes and not the paths of one.
 * @param now milliseconds since 1970
 * @param origins whose pages browsers may ask for
 * @returns who calls
 * @throws NotSignedInError, NotPermittedError, ModeError, OtherSiteError
 */
export function admit(event: GuardedEvent, mode: Mode, now: number, origins: readonly string[]): Grant {
  const grant = callerOf(event.requestContext.authorizer, event.routeKey, now)
  if (grant === undefined) throw new NotSignedInError()
  const needs = needsOf(event)
  for (const need of needs) {
    const lack = lackOf(grant, need)
    if (lack !== undefined) throw new NotPermittedError(lack)
    if (!isInMode(mode, need)) throw new ModeError(mode, mode === 'ro' ? 'reads' : 'writes')
  }
  refuseOtherSites({ method: event.requestContext.http.method, headers: event.headers ?? {}, needs }, origins)
  return grant
}

/** What the request needs as it is, and, where its route is not the one for all the rest, what the route needs. */
function needsOf(event: GuardedEvent): Need[] {
  const { method } = event.requestContext.http
  const needs = [needOf(effectiveMethod(method.toUpperCase(), event.rawQueryString), event.rawPath)]
  const [routeMethod, routePath] = event.routeKey.split(' ')
  if (routeMethod !== undefined && routePath !== undefined && !routePath.includes('{')) {
    needs.push(needOf(routeMethod, routePath))
  }
  return needs
}

/** A GET may ask to be taken for another method. */
function effectiveMethod(method: string, rawQueryString: string): string {
  if (method !== 'GET' || rawQueryString === '') return method
  return new URLSearchParams(rawQueryString).get('method_override')?.toUpperCase() ?? method
}
