import type { Posting } from '../codec/postings.ts'
import { decodeTsuid, encodeTsuid, tsuidFromHex, tsuidToHex } from '../codec/tsuid.ts'
import { CorruptDataError, LimitExceededError, TsdbError } from '../model/errors.ts'
import type { Fields } from '../model/json-fields.ts'
import type { Limits } from '../model/limits.ts'
import type { UidWidths } from '../model/series.ts'
import type { Document, DocumentStore } from '../store/documents.ts'
import { mapParallel } from '../store/parallel.ts'
import type { SeriesIndex } from '../store/series-index.ts'
import type { SeriesLog } from '../store/series-log.ts'
import { changed, changesOf, described, type FieldTypes } from './document-fields.ts'
import { constraintsOf, type NameSource, resolveExpression, type SeriesSelection } from './find-series.ts'
import { type CountableStore, type CountedSeries, countPoints, type SeriesCounters } from './series-counters.ts'
import type { SeriesExpression } from './series-expression.ts'
import { readUidMetas, type UidMeta, type UidMetaStore } from './uid-meta.ts'

/** The fields of a series' document. */
const FIELDS = {
  displayName: 'text',
  description: 'text',
  notes: 'text',
  units: 'text',
  dataType: 'text',
  retention: 'whole',
  max: 'number',
  min: 'number',
  custom: 'custom',
} as const satisfies FieldTypes

/** What is known of a series, as OpenTSDB's TSMeta has it. */
export interface TsMeta {
  /** Upper-case hex. */
  readonly tsuid: string
  readonly metric: UidMeta
  /** Key and value of each tag in turn. */
  readonly tags: readonly UidMeta[]
  /** Seconds since 1970 at which the last of its names was first seen, which is when it was, or before. */
  readonly created: number
  readonly totalDatapoints: number
  /** Seconds since 1970 of its last point. */
  readonly lastReceived: number
  readonly [field: string]: unknown
}

/** What the documents of series lie in. */
export type TsMetaStore = Omit<UidMetaStore, 'uids'> &
  CountableStore & {
    readonly uids: NameSource & UidMetaStore['uids']
    readonly documents: Pick<DocumentStore, 'read' | 'change'>
    readonly index: Pick<SeriesIndex, 'find'>
    readonly seriesLog: Pick<SeriesLog, 'append'>
  }

/** What reading documents of series goes by. */
export interface TsMetaContext {
  readonly store: TsMetaStore
  readonly limits: Limits
  /** Milliseconds since 1970. */
  readonly now: number
}

/** When a series was never seen and nobody wrote about it. */
export class UnknownSeriesError extends TsdbError {
  constructor(tsuid: string) {
    super('tsmeta.unknown', 404, 'Could not find Timeseries meta data', { details: `No series has the TSUID ${tsuid}` })
  }
}

/** Series of one answer; their points are counted, which takes time. */
const MAX_SERIES = 1000
const PARALLEL_COUNTS = 8

const NO_POINTS: SeriesCounters = { totalDatapoints: 0, lastReceived: 0 }

/**
 * What is known of a series: every one that was ever seen has an answer.
 * @param hex its TSUID
 * @throws UnknownSeriesError, QueryTooLargeError
 */
export async function readTsMeta(context: TsMetaContext, hex: string): Promise<TsMeta> {
  const posting = await findSeries(context.store, hex)
  const [meta] = await describeSeries(context, [posting])
  if (meta === undefined) throw new UnknownSeriesError(hex)
  return meta
}

/**
 * What is known of every series that a lookup finds.
 * @throws UnknownNameError, LimitExceededError where they are more than MAX_SERIES, QueryTooLargeError
 */
export async function readTsMetas(context: TsMetaContext, lookup: SeriesExpression): Promise<TsMeta[]> {
  const { metric, constraints } = await resolveExpression(context.store.uids, lookup, 400)
  if (metric === undefined) return []
  const { series } = await context.store.index.find(metric, constraints)
  if (series.length > MAX_SERIES) throw new LimitExceededError('tsmetaSeries', MAX_SERIES, series.length, 'series')
  return describeSeries(context, series)
}

/**
 * Writes a series' document.
 * @param fields those of the request; others than FIELDS are passed over
 * @param overwrite whether what the request does not set is forgotten
 * @returns what is known then; undefined where the request sets nothing
 * @throws UnknownSeriesError
 */
export async function writeTsMeta(
  context: TsMetaContext,
  hex: string,
  fields: Fields,
  overwrite: boolean,
): Promise<TsMeta | undefined> {
  const changes = changesOf(FIELDS, fields)
  if (Object.keys(changes).length === 0) return undefined
  const { tsuid } = await findSeries(context.store, hex)
  await context.store.documents.change('tsmeta', tsuid, (before) =>
    changed(before, changes, overwrite, context.limits.documentBytes),
  )
  return readTsMeta(context, hex)
}

/** Forgets a series' document; the series stays. @throws UnknownSeriesError */
export async function deleteTsMeta({ store }: TsMetaContext, hex: string): Promise<void> {
  const { tsuid } = await findSeries(store, hex)
  await store.documents.change('tsmeta', tsuid, () => undefined)
}

/** The series that has exactly the metric and tags of a lookup; undefined where that leaves something open. */
export function tsuidOf({ metric, constraints, anyTagv }: SeriesSelection, widths: UidWidths): Uint8Array | undefined {
  const tags = constraints.flatMap(({ tagk, tagvs }) => [...(tagvs ?? [])].map((tagv) => [tagk, tagv] as const))
  const exact = constraints.every(({ tagvs }) => tagvs?.size === 1)
  if (metric === undefined || anyTagv !== undefined || tags.length === 0 || !exact) return undefined
  return encodeTsuid(
    metric,
    tags.sort(([a], [b]) => a - b),
    widths,
  )
}

/** Lets the store know a series that has no points yet. */
export async function createSeries({ store }: TsMetaContext, tsuid: Uint8Array): Promise<void> {
  const { metric } = decodeTsuid(tsuid, store.uids.widths)
  const { series } = await store.index.find(metric, constraintsOf(tsuid, store.uids.widths))
  if (series.some((one) => Buffer.compare(one.tsuid, tsuid) === 0)) return
  await store.seriesLog.append(metric, [tsuid])
}

/** The series with a TSUID, with its days. @throws UnknownSeriesError */
export async function findSeries(store: TsMetaStore, hex: string): Promise<Posting> {
  const tsuid = parseTsuid(hex, store.uids.widths)
  if (tsuid === undefined) throw new UnknownSeriesError(hex)
  const { metric } = decodeTsuid(tsuid, store.uids.widths)
  const { series } = await store.index.find(metric, constraintsOf(tsuid, store.uids.widths))
  const found = series.find((one) => Buffer.compare(one.tsuid, tsuid) === 0)
  if (found === undefined) throw new UnknownSeriesError(hex)
  return found
}

/** @returns undefined where the text can't be a TSUID of these widths */
function parseTsuid(hex: string, widths: UidWidths): Uint8Array | undefined {
  try {
    const tsuid = tsuidFromHex(hex)
    return decodeTsuid(tsuid, widths).tags.length === 0 ? undefined : tsuid
  } catch (error) {
    if (error instanceof CorruptDataError) return undefined
    throw error
  }
}

/** What is known of series; those of which a name is gone are left out. */
export async function describeSeries(context: TsMetaContext, series: readonly Posting[]): Promise<TsMeta[]> {
  const { store } = context
  const { widths } = store.uids
  const decoded = series.map((posting) => ({ posting, ...decodeTsuid(posting.tsuid, widths) }))
  const [metrics, tagks, tagvs, documents] = await Promise.all([
    readUidMetas(
      store,
      'metric',
      decoded.map(({ metric }) => metric),
    ),
    readUidMetas(
      store,
      'tagk',
      decoded.flatMap(({ tags }) => tags.map(([tagk]) => tagk)),
    ),
    readUidMetas(
      store,
      'tagv',
      decoded.flatMap(({ tags }) => tags.map(([, tagv]) => tagv)),
    ),
    store.documents.read(
      'tsmeta',
      series.map(({ tsuid }) => tsuid),
    ),
  ])
  const known = decoded.flatMap(({ posting, metric: metricUid, tags: uids }) => {
    const metric = metrics.get(metricUid)
    const tags = uids.flatMap(([tagk, tagv]) => [tagks.get(tagk), tagvs.get(tagv)])
    const named = tags.filter((tag) => tag !== undefined)
    if (metric === undefined || named.length < tags.length) return []
    const created = Math.max(metric.created, ...named.map((tag) => tag.created))
    return [{ ...posting, metricUid, metric, tags: named, created }]
  })
  const counters = await countByMetric(context, known)
  return known.map((one) => {
    const hex = Buffer.from(one.tsuid).toString('hex')
    return describe(one, counters.get(hex) ?? NO_POINTS, documents.get(hex))
  })
}

/** A series with what is known of its names. */
interface NamedPosting extends CountedSeries {
  readonly metricUid: number
  readonly metric: UidMeta
  readonly tags: readonly UidMeta[]
}

async function countByMetric(
  { store, limits, now }: TsMetaContext,
  series: readonly NamedPosting[],
): Promise<Map<string, SeriesCounters>> {
  const byMetric = new Map<number, NamedPosting[]>()
  for (const one of series) {
    const list = byMetric.get(one.metricUid)
    if (list === undefined) byMetric.set(one.metricUid, [one])
    else list.push(one)
  }
  const counted = await mapParallel([...byMetric], PARALLEL_COUNTS, ([metric, list]) =>
    countPoints(store, store.uids.widths, limits, metric, list, now),
  )
  return new Map(counted.flatMap((counters) => [...counters]))
}

function describe(
  { tsuid, metric, tags, created }: NamedPosting,
  counters: SeriesCounters,
  document: Document | undefined,
): TsMeta {
  const { custom, ...fields } = described(FIELDS, document)
  return {
    tsuid: tsuidToHex(tsuid),
    metric,
    tags,
    ...fields,
    created,
    ...counters,
    ...(custom !== null && { custom }),
  }
}
