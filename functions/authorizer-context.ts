import { type Grant, scopesOf } from '../lib/access/grant.ts'
import { needOf } from '../lib/access/scopes.ts'

/**
 * What the authorizer tells the functions of a caller: API Gateway puts it into `requestContext.authorizer.lambda` of their
 * events, where no client can. Without `scopes` nobody is signed in.
 */
export interface AuthorizerContext {
  /** Who calls, for logs. */
  readonly name?: string
  /** With commas between them. */
  readonly scopes?: string
  /** With commas between them; '' for all metrics. */
  readonly prefixes?: string
  /** Seconds since 1970, as text; '' for never. */
  readonly expiresAt?: string
}

/** The part of an event that says who calls; absent where no authorizer was asked. */
export interface CallerContext {
  readonly lambda?: AuthorizerContext | null
  readonly jwt?: { readonly claims?: Readonly<Record<string, unknown>> | null }
  readonly iam?: { readonly userArn?: string | null } | null
}

/** Tells the functions of a grant. @param expiresAt seconds since 1970 */
export function contextOf({ name, scopes, prefixes }: Grant, expiresAt: number | undefined): AuthorizerContext {
  return {
    name,
    scopes: scopes.join(','),
    prefixes: prefixes.join(','),
    expiresAt: expiresAt === undefined ? '' : String(expiresAt),
  }
}

/**
 * Who calls, by what API Gateway says; nothing else of a request is believed.
 * @param routeKey `POST /api/put`, or `$default`
 * @param now milliseconds since 1970; the gateway may answer from its cache for a while after a token has expired
 * @returns undefined where nobody is signed in
 */
export function callerOf(caller: CallerContext | undefined, routeKey: string, now: number): Grant | undefined {
  if (caller?.lambda?.scopes !== undefined) return grantOfToken(caller.lambda, now)
  const claims = caller?.jwt?.claims
  if (claims !== undefined && claims !== null) return grantOfClaims(claims)
  const user = caller?.iam?.userArn
  return typeof user === 'string' ? grantOfRoute(user, routeKey) : undefined
}

function grantOfToken(context: AuthorizerContext, now: number): Grant | undefined {
  const { name = '', scopes = '', prefixes = '', expiresAt = '' } = context
  if (expiresAt !== '' && now >= Number(expiresAt) * 1000) return undefined
  return { name, scopes: scopesOf(scopes), prefixes: prefixes.split(',').filter((prefix) => prefix !== '') }
}

/** Scopes of OAuth may be named by whom they are for: `tsdb/put` is put. */
function grantOfClaims(claims: Readonly<Record<string, unknown>>): Grant {
  const text = (name: string) => (typeof claims[name] === 'string' ? claims[name] : '')
  const words = `${text('scope')} ${text('scp')}`.split(/[\s,[\]]+/).map((word) => word.replace(/^.*[/:]/, ''))
  return { name: text('sub'), scopes: scopesOf(words.join(' ')), prefixes: [] }
}

/** A policy of IAM has let the caller through to this very route, and so to what the route needs and no more. */
function grantOfRoute(user: string, routeKey: string): Grant {
  const [method, path] = routeKey.split(' ')
  if (method === undefined || path === undefined) return { name: user, scopes: [], prefixes: [] }
  const { scope } = needOf(method, path.replace(/\/\{\w+\+?\}$/, '/*'))
  return { name: user, scopes: scope === 'any' ? [] : [scope], prefixes: [] }
}
