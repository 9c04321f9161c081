import { listAnnotations } from '../../lib/annotation/annotations.ts'
import { parseListParameters } from '../../lib/annotation/request.ts'
import { anyOr, parseSeriesExpression, type TagExpression } from '../../lib/meta/series-expression.ts'
import { describeSeries } from '../../lib/meta/ts-meta.ts'
import { type Annotation, describeAnnotation } from '../../lib/model/annotation.ts'
import { BadRequestError } from '../../lib/model/errors.ts'
import { type Fields, parseObject, textField, wholeField } from '../../lib/model/json-fields.ts'
import { contained } from '../../lib/plugin/contained.ts'
import type { SearchRequest } from '../../lib/plugin/types.ts'
import { lookUp } from '../../lib/search/lookup.ts'
import { Page, type SearchRange } from '../../lib/search/page.ts'
import { searchNames } from '../../lib/search/search-names.ts'
import { postingsOf, searchSeries } from '../../lib/search/search-series.ts'
import { matches, parseTerms, textAt } from '../../lib/search/terms.ts'
import { readConfig } from '../config.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { permitMetric } from '../permit.ts'
import { PLUGINS, pluginFailed } from '../plugins/index.ts'
import { sharedStore } from '../store.ts'
import { requiredParameter, wholeParameter } from './fields.ts'
import { lookupBudget } from './lookup-budget.ts'
import { json, type Run } from './route.ts'

/** Results where a request does not say how many. */
const DEFAULT_RESULTS = 25
/** Results of one search; a lookup answers as many as limits.querySeries says. */
const MAX_RESULTS = 1000

const TYPES: ReadonlyMap<string, Run> = new Map([
  ['lookup', searchLookup],
  ['tsmeta', searchTsMeta],
  ['tsmeta_summary', searchSummaries],
  ['tsuids', searchTsuids],
  ['uidmeta', searchUidMeta],
  ['annotation', searchAnnotations],
])

/** /api/search/TYPE by GET and POST. */
export function search(request: HttpRequest): HttpAnswer | Promise<HttpAnswer> {
  const type = /^\/(?:api\/(?:v\d+\/)?)?search\/?([^/]*)/.exec(request.path)?.[1] ?? ''
  const run = TYPES.get(type.toLowerCase())
  if (run !== undefined) return run(request)
  throw new BadRequestError('search.type', 'Invalid search query type supplied', {
    details: type === '' ? 'Type provided was null or empty' : `Unknown type: ${type}`,
  })
}

/** Series by metric and tags: GET with `m=METRIC{TAGK=TAGV,...}`, POST with `{"metric", "tags": [{"key", "value"}]}`. */
async function searchLookup(request: HttpRequest): Promise<HttpAnswer> {
  const began = performance.now()
  const asked = request.body().trim() === '' ? lookupOfParameters(request) : lookupOfBody(parseObject(request.body()))
  const { metric, tags, limit, startIndex } = asked
  permitMetric(request.grant, anyOr(metric))
  const results = await lookUp(sharedStore(), { metric: anyOr(metric), tags, limit, startIndex }, lookupBudget())
  const named = tags.map(({ key = '*', value = '*' }) => ({ key, value }))
  const { length } = results
  return json({
    type: 'LOOKUP',
    metric,
    tags: named,
    limit,
    time: msSince(began),
    results,
    startIndex,
    totalResults: length,
  })
}

interface AskedLookup extends SearchRange {
  readonly metric: string | undefined
  readonly tags: readonly TagExpression[]
}

function lookupOfParameters(request: HttpRequest): AskedLookup {
  const { metric, tags } = parseSeriesExpression(requiredParameter(request, 'm'))
  return { metric, tags, ...rangeOf(wholeParameter(request, 'limit'), startOf(request)) }
}

function lookupOfBody(fields: Fields): AskedLookup {
  const list = fields.tags ?? []
  const tags = Array.isArray(list) ? list : undefined
  if (tags === undefined) throw new BadRequestError('search.tags', 'tags must be a list of {"key", "value"}')
  return {
    metric: textField(fields, 'metric') ?? '*',
    tags: tags.map((pair: unknown) => {
      const { key, value } = { key: undefined, value: undefined, ...(typeof pair === 'object' ? pair : {}) }
      const [tagk, tagv] = [textField({ key }, 'key'), textField({ value }, 'value')]
      if (tagk === undefined && tagv === undefined) {
        throw new BadRequestError('search.tags', 'Each of tags must have a key or a value')
      }
      return { key: anyOr(tagk), value: anyOr(tagv) }
    }),
    ...rangeOf(wholeField(fields, 'limit'), wholeField(fields, 'startIndex')),
  }
}

function rangeOf(limit: number | undefined, startIndex: number | undefined): SearchRange {
  return { limit: limit ?? DEFAULT_RESULTS, startIndex: Math.max(0, startIndex ?? 0) }
}

/** OpenTSDB's own name is start_index; bodies call it startIndex. */
function startOf(request: HttpRequest): number | undefined {
  return wholeParameter(request, 'start_index') ?? wholeParameter(request, 'startIndex')
}

/** What was asked of a search that is not a lookup. */
interface AskedSearch extends SearchRange {
  readonly query: string
}

function searchOf(request: HttpRequest): AskedSearch {
  const body = request.body()
  const fields: Fields = body.trim() === '' ? {} : parseObject(body)
  const given = body.trim() === '' ? requiredParameter(request, 'query') : (textField(fields, 'query') ?? '')
  if (given === '') throw new BadRequestError('search.query', 'Missing parameter <code>query</code>')
  const { limit, startIndex } = rangeOf(
    wholeField(fields, 'limit') ?? wholeParameter(request, 'limit'),
    wholeField(fields, 'startIndex') ?? startOf(request),
  )
  return { query: given, limit: limit > 0 ? Math.min(limit, MAX_RESULTS) : MAX_RESULTS, startIndex }
}

/** Runs a search and wraps what it finds as OpenTSDB does. */
async function answer(
  type: string,
  request: HttpRequest,
  run: (asked: AskedSearch) => Promise<readonly unknown[]>,
): Promise<HttpAnswer> {
  const began = performance.now()
  const asked = searchOf(request)
  const results = (await searchByPlugins({ type, ...asked })) ?? (await run(asked))
  const { query, limit, startIndex } = asked
  return json({ type, query, limit, time: msSince(began), results, startIndex, totalResults: results.length })
}

/** @returns undefined where no plugin has an answer, and where they fail: the store has one */
async function searchByPlugins(asked: SearchRequest): Promise<readonly unknown[] | undefined> {
  for (const plugin of PLUGINS.search ?? []) {
    const results = await contained(plugin.name, () => plugin.search(asked), pluginFailed)
    if (results !== undefined) return results
  }
  return undefined
}

function msSince(began: number): number {
  return Math.round(performance.now() - began)
}

function findSeries({ query, ...range }: AskedSearch) {
  return searchSeries(sharedStore(), parseTerms(query, 'metric'), range, lookupBudget())
}

function searchTsMeta(request: HttpRequest): Promise<HttpAnswer> {
  return answer('TSMETA', request, async (asked) => {
    const store = sharedStore()
    const series = await postingsOf(store, await findSeries(asked))
    return describeSeries({ store, limits: readConfig().limits, now: Date.now() }, series)
  })
}

function searchSummaries(request: HttpRequest): Promise<HttpAnswer> {
  return answer('TSMETA_SUMMARY', request, findSeries)
}

function searchTsuids(request: HttpRequest): Promise<HttpAnswer> {
  return answer('TSUIDS', request, async (asked) => (await findSeries(asked)).map(({ tsuid }) => tsuid))
}

function searchUidMeta(request: HttpRequest): Promise<HttpAnswer> {
  return answer('UIDMETA', request, ({ query, ...range }) =>
    searchNames(sharedStore(), parseTerms(query, 'name'), range),
  )
}

/** Annotations of a range of time, which the request names as for /api/annotations, whose fields match. */
function searchAnnotations(request: HttpRequest): Promise<HttpAnswer> {
  return answer('ANNOTATION', request, async ({ query, ...range }) => {
    const { uidWidths, limits } = readConfig()
    const terms = parseTerms(query, 'description')
    const times = parseListParameters(request.query, { widths: uidWidths, limits, now: Date.now() })
    const page = new Page<object>(range)
    for (const annotation of await listAnnotations(sharedStore().annotations, times, uidWidths)) {
      if (terms.every((term) => matches(term, textAt(fieldsOf(annotation), term.field)))) {
        page.add(describeAnnotation(annotation))
      }
    }
    return page.items
  })
}

function fieldsOf({ description, notes, tsuid, custom }: Annotation): Readonly<Record<string, unknown>> {
  return { description, notes, tsuid, custom }
}
