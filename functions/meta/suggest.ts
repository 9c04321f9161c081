import { NotPermittedError } from '../../lib/access/errors.ts'
import { type Grant, isLimited } from '../../lib/access/grant.ts'
import { parseSuggestRequest, type SuggestRequest, suggest, suggestWithin } from '../../lib/meta/suggest.ts'
import { BadRequestError } from '../../lib/model/errors.ts'
import { parseSentJson } from '../../lib/model/json.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { sharedStore } from '../store.ts'

/** GET /api/suggest?type=&q=&max= */
export function suggestByParameters({ query, grant }: HttpRequest): Promise<HttpAnswer> {
  const type = query.get('type')
  if (type === null) throw new BadRequestError('suggest.type', 'Missing parameter <code>type</code>')
  return answer(parseSuggestRequest(type, query.get('q') ?? '', query.get('max') ?? undefined), grant)
}

/** POST /api/suggest with `{"type", "q", "max"}` */
export function suggestByBody(request: HttpRequest): Promise<HttpAnswer> {
  const { type, q, max } = parseFields(request.body())
  if (type === undefined) throw new BadRequestError('suggest.type', "Missing 'type' parameter")
  return answer(parseSuggestRequest(type, q ?? '', max), request.grant)
}

/** The fields of a JSON object that are text or numbers, as text. */
function parseFields(text: string): Record<string, string | undefined> {
  let body: unknown
  try {
    body = parseSentJson(text)
  } catch (cause) {
    throw new BadRequestError('suggest.body', 'Unable to parse the given JSON', { cause })
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BadRequestError('suggest.body', 'Unable to parse the given JSON', { details: 'It must be an object' })
  }
  const scalars = Object.entries(body).filter(([, value]) => typeof value === 'string' || typeof value === 'number')
  return Object.fromEntries(scalars.map(([name, value]) => [name, String(value)]))
}

/** @throws NotPermittedError for tags, where the caller is limited to some metrics: those of other metrics are among them */
async function answer(request: SuggestRequest, grant: Grant): Promise<HttpAnswer> {
  const { uids } = sharedStore()
  if (!isLimited(grant)) return { status: 200, body: JSON.stringify(await suggest(uids, request)) }
  if (request.kind !== 'metric') throw new NotPermittedError('It is limited to some metrics, so it is told no tags')
  return { status: 200, body: JSON.stringify(await suggestWithin(uids, request, grant.prefixes)) }
}
