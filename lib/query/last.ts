import { decodeTsuid, encodeTsuid, type Tsuid, tsuidFromHex, tsuidToHex } from '../codec/tsuid.ts'
import { LimitExceededError } from '../model/errors.ts'
import type { UidKind, UidWidths } from '../model/series.ts'
import type { SeriesIndex } from '../store/series-index.ts'
import { Budget } from './budget.ts'
import { integerAt, isFloat } from './columns.ts'
import { BadQueryError, QueryTooLargeError, UnknownNameError } from './errors.ts'
import { javaDouble } from './java-double.ts'
import type { LastQuery, LastSubQuery } from './last-request.ts'
import { HOUR_S, hourOf } from './range.ts'
import type { NameLookup } from './resolve.ts'
import type { QueryDeps } from './run.ts'
import type { StoredSeries } from './series.ts'

/** Hours that are looked back where a query does not say how many: 30 days. */
export const DEFAULT_BACK_SCAN = 720

/** Hours ahead of the clock in which points may lie whose writers' clocks are fast. */
const HOURS_AHEAD = 1

/** What looking for last points needs from outside. */
export interface LastDeps extends Pick<QueryDeps, 'names' | 'source' | 'limits' | 'clock'> {
  /** Which series there are. */
  readonly index: Pick<SeriesIndex, 'find'>
}

/** The last point of a series. */
export interface LastPoint {
  /** Where names are asked for. */
  readonly metric?: string
  /** Milliseconds since 1970. */
  readonly timestamp: number
  /** The exact integer, or the double as Java writes it. */
  readonly value: string
  /** Where names are asked for. */
  readonly tags?: Readonly<Record<string, string>>
  /** Upper-case hex. */
  readonly tsuid: string
}

/** A series that is looked for. */
interface Wanted extends Tsuid {
  /** Upper-case hex. */
  readonly hex: string
}

type Found = ReadonlyMap<string, Pick<LastPoint, 'timestamp' | 'value'>>

/**
 * The newest point of each series asked for, in the order of the sub-queries; series without one are left out.
 *
 * Nobody keeps last points, since every put would have to write them. They are looked for from the current hour back, in
 * steps that double, and only for series that have not been found: a series that is being written costs one hour.
 * @throws BadQueryError where a TSUID is none, or tags are missing where `backScan` needs them; UnknownNameError;
 * QueryTooLargeError where a budget is used up
 */
export async function lastPoints(deps: LastDeps, query: LastQuery): Promise<LastPoint[]> {
  const { names, limits, clock } = deps
  if (query.queries.length > limits.subQueries) {
    throw new LimitExceededError('subQueries', limits.subQueries, query.queries.length, 'sub-queries')
  }
  const budget = new Budget(limits, clock)
  const wanted: Wanted[] = []
  for (const sub of query.queries) {
    wanted.push(...(await seriesOf(deps, sub, query.backScan)))
    if (wanted.length > limits.querySeries) throw new QueryTooLargeError('querySeries', limits.querySeries, 'series')
  }
  const byMetric = new Map<number, Map<string, Wanted>>()
  for (const one of wanted) {
    const series = byMetric.get(one.metric) ?? new Map<string, Wanted>()
    byMetric.set(one.metric, series.set(one.hex, one))
  }
  const found = new Map<string, Pick<LastPoint, 'timestamp' | 'value'>>()
  for (const [metric, series] of byMetric) {
    for (const [hex, point] of await findLast(deps, metric, series, query.backScan, budget)) found.set(hex, point)
  }
  const there = wanted.filter(({ hex }) => found.has(hex))
  const namesOf = query.resolveNames ? await nameSeries(names, there) : undefined
  return there.map((one) => {
    const { timestamp, value } = found.get(one.hex)!
    if (namesOf === undefined) return { timestamp, value, tsuid: one.hex }
    const { metric, tags } = namesOf(one)
    return { metric, timestamp, value, tags, tsuid: one.hex }
  })
}

/** The series of a sub-query. As in OpenTSDB tags name one series where hours are given, and else all that have them. */
async function seriesOf({ names, index }: LastDeps, sub: LastSubQuery, backScan: number): Promise<Wanted[]> {
  if ('tsuids' in sub) return sub.tsuids.map((hex) => parseTsuid(hex, names.widths))
  const pairs = Object.entries(sub.tags)
  const metric = await uidOf(names, 'metric', sub.metric)
  if (backScan > 0 && pairs.length === 0) {
    const message = 'Tags cannot be null or empty when getting a TSUID'
    throw new BadQueryError(message, message)
  }
  const tags: [number, number][] = []
  for (const [tagk, tagv] of pairs) {
    tags.push([await uidOf(names, 'tagk', tagk), await uidOf(names, 'tagv', tagv)])
  }
  if (backScan > 0) return [wantedOf(encodeTsuid(metric, tags, names.widths), names.widths)]
  const constraints = tags.map(([tagk, tagv]) => ({ tagk, tagvs: new Set([tagv]) }))
  const { series } = await index.find(metric, constraints)
  return series.map(({ tsuid }) => wantedOf(tsuid, names.widths))
}

function parseTsuid(hex: string, widths: UidWidths): Wanted {
  const pair = 2 * (widths.tagk + widths.tagv)
  const pairs = (hex.length - 2 * widths.metric) / pair
  if (!/^[0-9a-fA-F]*$/.test(hex) || !Number.isInteger(pairs) || pairs < 1) {
    const message = 'TSUID must not be null and must have a metric and at least one tag pair'
    throw new BadQueryError(message, `${hex} is not ${widths.metric} bytes and then pairs of ${pair / 2}, in hex`)
  }
  return wantedOf(tsuidFromHex(hex), widths)
}

function wantedOf(tsuid: Uint8Array, widths: UidWidths): Wanted {
  return { ...decodeTsuid(tsuid, widths), hex: tsuidToHex(tsuid) }
}

async function uidOf(names: NameLookup, kind: UidKind, name: string): Promise<number> {
  const uid = (await names.namesToUids(kind, [name])).get(name)
  if (uid === undefined) throw new UnknownNameError(kind, name)
  return uid
}

/** The last points of some series of a metric, by their TSUIDs. */
async function findLast(
  { source, clock }: LastDeps,
  metric: number,
  series: ReadonlyMap<string, Wanted>,
  backScan: number,
  budget: Budget,
): Promise<Found> {
  const found = new Map<string, Pick<LastPoint, 'timestamp' | 'value'>>()
  const pending = new Map([...series.values()].map((one) => [tagsKey(one.tags), one]))
  const now = Math.floor(clock() / 1000)
  const earliest = hourOf(Math.max(0, now - (backScan > 0 ? backScan : DEFAULT_BACK_SCAN) * HOUR_S))
  let to = hourOf(now) + (1 + HOURS_AHEAD) * HOUR_S
  let from = hourOf(now)
  while (pending.size > 0 && to > earliest) {
    budget.time()
    const wanted = (tags: StoredSeries['tags']) => pending.has(tagsKey(tags))
    const constraints = constraintsOf([...pending.values()])
    const read = await source.read(metric, { from, to }, wanted, budget, {
      constraints,
      accept: async (candidates) => candidates,
    })
    for (const { tsuid, tags, points } of read) {
      if (points.count === 0) continue
      const last = points.count - 1
      const value = isFloat(points, last) ? javaDouble(points.values[last]!) : String(integerAt(points, last))
      found.set(tsuidToHex(tsuid), { timestamp: points.times[last]!, value })
      pending.delete(tagsKey(tags))
    }
    const hours = (to - from) / HOUR_S
    to = from
    from = Math.max(earliest, from - 2 * hours * HOUR_S)
  }
  return found
}

function tagsKey(tags: StoredSeries['tags']): string {
  return tags.flat().join()
}

/** What the index can be asked for: the values that each tag has which all of the series have. */
function constraintsOf(series: readonly Wanted[]) {
  const values = new Map<number, Set<number>>()
  const counts = new Map<number, number>()
  for (const { tags } of series) {
    for (const [tagk, tagv] of tags) {
      values.set(tagk, (values.get(tagk) ?? new Set()).add(tagv))
      counts.set(tagk, (counts.get(tagk) ?? 0) + 1)
    }
  }
  return [...values].flatMap(([tagk, tagvs]) => (counts.get(tagk) === series.length ? [{ tagk, tagvs }] : []))
}

/** @returns a series' metric and tags by name */
async function nameSeries(
  names: NameLookup,
  series: readonly Wanted[],
): Promise<(one: Wanted) => Required<Pick<LastPoint, 'metric' | 'tags'>>> {
  const pairs = series.flatMap(({ tags }) => tags)
  const [metrics, tagks, tagvs] = await Promise.all([
    names.uidsToNames('metric', new Set(series.map(({ metric }) => metric))),
    names.uidsToNames('tagk', new Set(pairs.map(([tagk]) => tagk))),
    names.uidsToNames('tagv', new Set(pairs.map(([, tagv]) => tagv))),
  ])
  // A UID without a name is one whose name was deleted; its points are still there.
  const nameOf = (found: ReadonlyMap<number, string>, uid: number) => found.get(uid) ?? `#${uid}`
  return ({ metric, tags }) => ({
    metric: nameOf(metrics, metric),
    tags: Object.fromEntries(tags.map(([tagk, tagv]) => [nameOf(tagks, tagk), nameOf(tagvs, tagv)])),
  })
}
