import type { Posting } from '../codec/postings.ts'
import { type NamedSeries, nameSeries, UnknownNameError } from '../meta/find-series.ts'
import { findSeries, type TsMetaStore, UnknownSeriesError } from '../meta/ts-meta.ts'
import { BadRequestError } from '../model/errors.ts'
import type { Document, DocumentStore } from '../store/documents.ts'
import { mapParallel } from '../store/parallel.ts'
import { findTsuids, type LookupBudget, type LookupStore } from './lookup.ts'
import { Page, type SearchRange } from './page.ts'
import { matches, type SearchTerm, textAt } from './terms.ts'

/** What searching series takes. */
export type SeriesSearchStore = TsMetaStore &
  LookupStore & {
    readonly documents: Pick<DocumentStore, 'read' | 'change' | 'search'>
    readonly index: LookupStore['index'] & TsMetaStore['index']
    readonly uidTable: LookupStore['uidTable'] & TsMetaStore['uidTable']
  }

const TAG_FIELD = /^tags\.(.+)$/

/** Series whose names and documents are read at a time. */
const SERIES_AT_A_TIME = 256
const PARALLEL_READS = 8

/**
 * Finds series by their names or by what is written about them. `metric` is the metric, in its own case, `tags.KEY` a tag's
 * whole value; other fields are those of the series' document. Where there is a term for a document its index is
 * read; else the series index, for as many metrics as match.
 * @throws BadRequestError for a beginning of a tag's value, LookupTooLargeError where too many metrics match
 */
export async function searchSeries(
  store: SeriesSearchStore,
  terms: readonly SearchTerm[],
  range: SearchRange,
  budget: LookupBudget,
): Promise<NamedSeries[]> {
  const page = new Page<NamedSeries>(range)
  for await (const tsuids of candidates(store, terms, range, budget)) {
    const [named, documents] = await Promise.all([
      nameSeries(store.uids, tsuids),
      store.documents.read('tsmeta', tsuids),
    ])
    for (const one of named) {
      const document = documents.get(one.tsuid.toLowerCase()) ?? {}
      if (terms.every((term) => holds(term, one, document))) page.add(one)
    }
    if (page.full) break
  }
  return page.items
}

/** The postings of series that a search found; those that were never seen are left out. */
export async function postingsOf(store: TsMetaStore, series: readonly NamedSeries[]): Promise<Posting[]> {
  const found = await mapParallel(series, PARALLEL_READS, ({ tsuid }) =>
    findSeries(store, tsuid).catch((error: unknown) => {
      if (error instanceof UnknownSeriesError) return undefined
      throw error
    }),
  )
  return found.filter((posting) => posting !== undefined)
}

function holds(term: SearchTerm, { tsuid, metric, tags }: NamedSeries, document: Document): boolean {
  if (term.field === 'metric') return term.whole ? metric === term.text : metric.startsWith(term.text)
  if (term.field === 'tsuid') return matches(term, tsuid)
  const tagk = TAG_FIELD.exec(term.field)?.[1]
  if (tagk === undefined) return matches(term, textAt(document, term.field))
  return Object.hasOwn(tags, tagk) && (term.whole ? tags[tagk] === term.text : term.text === '')
}

async function* candidates(
  store: SeriesSearchStore,
  terms: readonly SearchTerm[],
  { limit, startIndex }: SearchRange,
  budget: LookupBudget,
): AsyncGenerator<readonly Uint8Array[]> {
  const written = terms.find(({ field }) => field !== 'metric' && field !== 'tsuid' && !TAG_FIELD.test(field))
  if (written !== undefined) {
    yield* store.documents.search('tsmeta', written.field, written.text, written.whole)
    return
  }
  const tags = terms.flatMap(({ field, text, whole }) => {
    const key = TAG_FIELD.exec(field)?.[1]
    if (key === undefined) return []
    if (whole || text === '') return [{ key, value: whole ? text : undefined }]
    throw new BadRequestError('search.tag', `Can't search for the beginning of a tag's value: ${field}:${text}*`)
  })
  const metric = terms.find(({ field }) => field === 'metric')
  // every series that is looked up matches, but for terms of TSUIDs and second terms of metrics
  const simple = terms.filter(({ field }) => field === 'tsuid' || field === 'metric').length <= (metric ? 1 : 0)
  const wanted = simple ? startIndex + limit : 0
  for await (const name of metricsOf(store, metric)) {
    const lookup = { metric: name, tags, limit: wanted, startIndex: 0 }
    const found = await findTsuids(store, lookup, budget).catch((error: unknown) => {
      // what has no UID, nothing has
      if (error instanceof UnknownNameError) return []
      throw error
    })
    for (let at = 0; at < found.length; at += SERIES_AT_A_TIME) yield found.slice(at, at + SERIES_AT_A_TIME)
  }
}

/** The metrics that match; undefined alone for all of them. */
async function* metricsOf(
  { uidTable }: SeriesSearchStore,
  term: SearchTerm | undefined,
): AsyncGenerator<string | undefined> {
  if (term === undefined || (!term.whole && term.text === '')) yield undefined
  else if (term.whole) yield term.text
  else for await (const page of uidTable.forwards('metric', term.text)) for (const { name } of page) yield name
}
