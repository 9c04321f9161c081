import { BadRequestError } from '../model/errors.ts'
import type { UidKind } from '../model/series.ts'
import type { UidResolver } from '../uid/resolver.ts'

/** What to suggest names of. */
export interface SuggestRequest {
  readonly kind: UidKind
  /** What the names start with, case and all; '' for any. */
  readonly prefix: string
  /** Names at most. */
  readonly max: number
}

/** Names where a request does not say how many. */
export const DEFAULT_SUGGESTIONS = 25

/** Names that one request may ask for. */
export const MAX_SUGGESTIONS = 10_000

const KINDS: ReadonlyMap<string, UidKind> = new Map([
  ['metrics', 'metric'],
  ['tagk', 'tagk'],
  ['tagv', 'tagv'],
])

/**
 * Reads a request's fields as text.
 * @param type `metrics`, `tagk` or `tagv`
 * @param max a whole number; 0 and below mean the default
 * @throws BadRequestError where type or max is none of that
 */
export function parseSuggestRequest(type: string, prefix: string, max: string | undefined): SuggestRequest {
  const kind = KINDS.get(type)
  if (kind === undefined) throw new BadRequestError('suggest.type', `Invalid 'type' parameter:${type}`)
  if (max !== undefined && !/^[+-]?\d{1,10}$/.test(max)) {
    throw new BadRequestError('suggest.max', "Unable to parse 'max' as a number")
  }
  const count = Number(max ?? 0)
  return { kind, prefix, max: count > 0 ? Math.min(count, MAX_SUGGESTIONS) : DEFAULT_SUGGESTIONS }
}

/**
 * The same for names that begin with one of some prefixes alone.
 * @param within any number of prefixes; names that begin with several of them come once
 */
export async function suggestWithin(
  names: Pick<UidResolver, 'suggest'>,
  request: SuggestRequest,
  within: readonly string[],
): Promise<string[]> {
  const narrowed = within
    .filter((prefix) => prefix.startsWith(request.prefix) || request.prefix.startsWith(prefix))
    .map((prefix) => (prefix.length > request.prefix.length ? prefix : request.prefix))
  const lists = await Promise.all(narrowed.map((prefix) => suggest(names, { ...request, prefix })))
  const bytes = new Map([...new Set(lists.flat())].map((name) => [name, Buffer.from(name, 'utf8')]))
  const sorted = [...bytes].sort(([, a], [, b]) => Buffer.compare(a, b))
  return sorted.slice(0, request.max).map(([name]) => name)
}

/** Names of a kind that start with a prefix, in order of their bytes. */
export function suggest(names: Pick<UidResolver, 'suggest'>, request: SuggestRequest): Promise<string[]> {
  return names.suggest(request.kind, request.prefix, request.max)
}
