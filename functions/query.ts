import { answerExp, answerGexp } from './answer-expression.ts'
import { answerLast } from './answer-last.ts'
import { answerQuery } from './answer-query.ts'
import { type HttpAnswer, type HttpRequest, httpHandler } from './http/index.ts'
import { metered } from './metered.ts'

/** What answers the paths below /api/query that the gateway sends here; it knows which methods each takes. */
const BELOW: ReadonlyMap<string, (request: HttpRequest) => Promise<HttpAnswer>> = new Map([
  ['/exp', answerExp],
  ['/gexp', answerGexp],
  ['/last', answerLast],
])

/** /api/query with what is below it, with and without the version in its path. */
export const handler = metered(
  httpHandler(async (request) => {
    const below = /^\/api(?:\/v1)?\/query(\/.*)?$/.exec(request.path)?.[1] ?? ''
    return (BELOW.get(below) ?? answerQuery)(request)
  }),
)
