import type { FunctionPool, PoolOutcome } from '../functions/pool.ts'
import type { AuthorizerModel } from '../template/index.ts'
import { GATEWAY_ANSWERS, type GatewayAnswer } from './answer.ts'
import type { GatewayEvent } from './event.ts'

/** What an authorizer tells functions of a caller. */
export type CallerContext = Readonly<Record<string, unknown>>

/** What became of asking: the context for the function, or the gateway's own answer instead of calling it. */
export type Verdict =
  /** undefined where nobody was asked. */
  | { readonly kind: 'allowed'; readonly context: CallerContext | null | undefined }
  | { readonly kind: 'refused'; readonly answer: GatewayAnswer }

/** What functions are told of every caller where none is asked for a token: on a machine of one's own. */
export const OPEN_CONTEXT: CallerContext = { name: 'local', scopes: 'put,query,admin', prefixes: '', expiresAt: '' }

/** Answers that are kept; each is some hundred bytes. */
const MOST_KEPT = 10_000

interface Kept {
  readonly verdict: Verdict
  /** Milliseconds on performance.now()'s clock. */
  readonly until: number
}

/**
 * A Lambda authorizer of an HTTP API, payload format 2.0 with simple responses, and its cache.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
 */
export class Authorizer {
  readonly #model: AuthorizerModel
  readonly #pool: Pick<FunctionPool, 'call'>
  readonly #clock: () => number
  readonly #kept = new Map<string, Kept>()

  /** @param clock milliseconds that never go back */
  constructor(model: AuthorizerModel, pool: Pick<FunctionPool, 'call'>, clock: () => number = () => performance.now()) {
    this.#model = model
    this.#pool = pool
    this.#clock = clock
  }

  /** Asks the function, or the cache, whether a request may pass. */
  async decide(event: GatewayEvent): Promise<Verdict> {
    const identity = this.#model.identitySources.map((source) => identityOf(source, event))
    // As in the cloud, the function is not even called where a part of the identity is missing.
    if (identity.some((value) => value === undefined || value === '')) {
      return { kind: 'refused', answer: GATEWAY_ANSWERS.unauthorized }
    }
    const { ttlMs } = this.#model
    const key = JSON.stringify(identity)
    const kept = this.#kept.get(key)
    if (kept !== undefined && this.#clock() < kept.until) return kept.verdict

    const asked = this.#clock()
    const verdict = verdictOf(await this.#pool.call(authorizerEvent(event, identity)))
    // What went wrong is tried again with the next request.
    const isDecided = verdict.kind === 'allowed' || verdict.answer === GATEWAY_ANSWERS.forbidden
    if (ttlMs > 0 && identity.length > 0 && isDecided) this.#keep(key, { verdict, until: asked + ttlMs })
    return verdict
  }

  #keep(key: string, kept: Kept): void {
    if (this.#kept.size >= MOST_KEPT) {
      const now = this.#clock()
      for (const [old, { until }] of this.#kept) if (until <= now) this.#kept.delete(old)
      if (this.#kept.size >= MOST_KEPT) this.#kept.clear()
    }
    this.#kept.set(key, kept)
  }
}

/** The value of an identity source such as `$request.header.Authorization`; the template's reader knows which there are. */
function identityOf(source: string, event: GatewayEvent): string | undefined {
  if (source === '$context.routeKey') return event.routeKey
  const header = /^\$request\.header\.(.+)$/.exec(source)?.[1]
  return header === undefined ? undefined : event.headers[header.toLowerCase()]
}

/** A request as an authorizer sees it: without its body. */
function authorizerEvent(event: GatewayEvent, identity: readonly (string | undefined)[]): object {
  const { body: _body, isBase64Encoded: _encoded, ...request } = event
  const { accountId, apiId, http } = event.requestContext
  const path = `${accountId}:${apiId}/$default/${http.method}${http.path}`
  return { ...request, type: 'REQUEST', routeArn: `arn:aws:execute-api:local:${path}`, identitySource: identity }
}

function verdictOf(outcome: PoolOutcome): Verdict {
  const failed: Verdict = { kind: 'refused', answer: GATEWAY_ANSWERS.internalError }
  if (outcome.kind !== 'answer') return failed
  const response: unknown = JSON.parse(outcome.payload)
  if (typeof response !== 'object' || response === null || !('isAuthorized' in response)) return failed
  if (response.isAuthorized === false) return { kind: 'refused', answer: GATEWAY_ANSWERS.forbidden }
  if (response.isAuthorized !== true) return failed
  const context = 'context' in response ? response.context : undefined
  if (context === undefined || context === null) return { kind: 'allowed', context: null }
  return typeof context === 'object' ? { kind: 'allowed', context: { ...context } } : failed
}
