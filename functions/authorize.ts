import type { APIGatewayRequestAuthorizerEventV2, APIGatewaySimpleAuthorizerWithContextResult } from 'aws-lambda'
import { lackOf, needOf } from '../lib/access/scopes.ts'
import { tokenInHeader } from '../lib/access/token.ts'
import { TokenStore } from '../lib/access/tokens.ts'
import { UnavailableError } from '../lib/model/errors.ts'
import { type AuthorizerContext, contextOf } from './authorizer-context.ts'
import { readConfig } from './config.ts'
import { openDynamo } from './dynamo.ts'
import { log } from './log.ts'
import { metered } from './metered.ts'
import { count } from './metrics.ts'

/** The gateway waits 10 s for an authorizer; a request should be answered long before. */
const DEADLINE_MS = 4_000

let store: TokenStore | undefined

/** The tokens alone, not the whole store: the bundle stays small, and so does what a cold start adds to a request. */
function sharedTokens(): TokenStore {
  store ??= new TokenStore(openDynamo(DEADLINE_MS), readConfig().tables.meta)
  return store
}

type Answer = APIGatewaySimpleAuthorizerWithContextResult<AuthorizerContext>

/**
 * Says who calls. The answer is always to go on: the function behind it answers 401 and 403 in the API's own form, since it
 * gets a grant only of who is signed in, and looks itself at what the request needs (http/access.ts).
 *
 * The gateway keeps an answer by token and route. So a route that names its method and path gets the grant only where the token
 * is enough for it, and those for many paths get it whatever is asked.
 *
 * @throws StoreUnavailableError: the gateway answers 500 and keeps nothing
 */
export const handler = metered(authorize)

async function authorize(event: Pick<APIGatewayRequestAuthorizerEventV2, 'headers' | 'routeKey'>): Promise<Answer> {
  const text = tokenInHeader(event.headers?.authorization)
  const token = text === undefined ? undefined : await sharedTokens().find(text)
  if (token === undefined) {
    log('info', 'not signed in', { route: event.routeKey })
    count('SignInsRefused', 1)
    return { isAuthorized: true, context: {} }
  }
  await noteUse(() => sharedTokens().noteUse(token))
  const context = contextOf(token, token.expiresAt)
  // Who is signed in and lacks the scope is answered 403, and who is not, 401.
  return { isAuthorized: true, context: isEnough(token, event.routeKey) ? context : { ...context, scopes: 'none' } }
}

function isEnough(token: Parameters<typeof lackOf>[0], routeKey: string): boolean {
  const [method, path] = routeKey.split(' ')
  if (method === undefined || path === undefined || path.includes('{')) return true
  return lackOf(token, needOf(method, path)) === undefined
}

/** When a token was last used is good to know, and no reason to turn a caller away. */
async function noteUse(note: () => Promise<void>): Promise<void> {
  try {
    await note()
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    log('warn', 'the use of a token could not be noted', { cause: error.message })
  }
}
