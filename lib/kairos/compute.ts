import { pickPoints, slicePoints } from '../model/pick-points.ts'
import { KIND_FLOAT, KIND_TEXT, type PointColumns } from '../model/points.ts'
import { lowerBound, NO_POINTS } from '../query/columns.ts'
import type { Aggregator, AggregatorContext, SavedPoints } from './aggregators/aggregator.ts'
import { unsayable } from './aggregators/transforms.ts'
import { KairosRequestError } from './errors.ts'
import type { PointGroupBy, TagGroupBy } from './group-by.ts'
import { mergePoints } from './merge-points.ts'
import type { GroupType } from './points.ts'
import type { MetricQuery } from './request.ts'
import { type TagSets, tagSetsOf } from './tag-sets.ts'

// What a metric's query comes to, without I/O: series go in, results come out.
//
//   cut        each series to the query's time, its types apart, each to the limit
//   group      series of one type by their tags; points of a group, ordered by time, by what they are
//   aggregate  each group by the chain of aggregators

/** A series with its tags by name. */
export interface NamedSeries {
  readonly tags: ReadonlyMap<string, string>
  /** Ascending by time, each time once. Asking for them may decode them: they are asked for once. */
  readonly points: PointColumns
}

/** One element of `results`. */
export interface KairosResult {
  /** What each grouping says of the group; none where no series has points. */
  readonly groupBy: readonly Readonly<Record<string, unknown>>[]
  readonly tags: TagSets
  readonly points: PointColumns
}

/** What one metric's query gives. */
export interface MetricAnswer {
  readonly query: MetricQuery
  /** Points that were read. */
  readonly sampleSize: number
  readonly results: readonly KairosResult[]
  /** What its aggregators want to be written. */
  readonly saved: readonly SavedPoints[]
}

/** What computing reports to. Each throws once the query has used up what it may. */
export interface ComputeBudget {
  points(count: number): void
  time(): void
}

/** How long a row of KairosDB's is: three weeks. Its `limit` counts in rows. */
const ROW_MS = 1_814_400_000

/** Points between two looks at the clock where each of them may take long. */
const POINTS_A_LOOK = 1024

/** Series of one group, of one type: parts of them with points. */
interface Group {
  readonly tagGroup: Readonly<Record<string, unknown>> | undefined
  readonly type: GroupType
  readonly tags: TagSets
  readonly parts: readonly PointColumns[]
}

/**
 * Answers what a query asks of one metric.
 * @param series those that its tags allow, in any order that is always the same
 * @throws KairosRequestError where a grouping or aggregator can't be used, QueryTooLargeError
 */
export function computeMetric(query: MetricQuery, series: readonly NamedSeries[], budget: ComputeBudget): MetricAnswer {
  const saved: SavedPoints[] = []
  const pointGroupBys = query.groupBys.filter((one) => one.name !== 'tag')
  const byType: Record<GroupType, KairosResult[]> = { number: [], text: [] }
  let sampleSize = 0
  for (const group of groupSeries(query, series)) {
    budget.time()
    sampleSize += group.parts.reduce((sum, { count }) => sum + count, 0)
    const points = mergePoints(group.parts, query.isDescending)
    const groupBy = [...(group.tagGroup === undefined ? [] : [group.tagGroup]), { name: 'type', type: group.type }]
    const context: AggregatorContext = {
      start: query.start,
      end: query.end,
      metric: query.metric,
      tags: group.tags,
      made: (count) => budget.points(count),
      time: () => budget.time(),
      save: (one) => saved.push(one),
    }
    for (const part of splitPoints(points, pointGroupBys, budget)) {
      const taken =
        query.limit > 0 ? slicePoints(part.points, 0, Math.min(query.limit, part.points.count)) : part.points
      const result = aggregate(taken, query.aggregators, group.type, context)
      byType[group.type].push({ groupBy: [...part.groupBy, ...groupBy], tags: group.tags, points: result })
    }
  }
  const results = [...byType.number, ...byType.text]
  const isEmpty = results.length === 0 && pointGroupBys.length === 0
  return { query, sampleSize, results: isEmpty ? [NOTHING] : results, saved }
}

/** What is answered where no series has points. */
const NOTHING: KairosResult = { groupBy: [], tags: new Map(), points: NO_POINTS }

/** The groups by tags, one after another, so that the points of one alone are held at a time. */
function* groupSeries(query: MetricQuery, series: readonly NamedSeries[]): Generator<Group, void, undefined> {
  const by = query.groupBys.find((one): one is TagGroupBy => one.name === 'tag')
  for (const members of membersByTags(series, by?.tags ?? [])) {
    const parts: Record<GroupType, { tags: NamedSeries['tags']; points: PointColumns }[]> = { number: [], text: [] }
    for (const { tags, points } of members) {
      const cut = withinTime(points, query.start, query.end)
      for (const [type, part] of byGroupType(cut)) {
        const limited = query.limit > 0 ? limitRows(part, query.limit, query.isDescending) : part
        if (limited.count > 0) parts[type].push({ tags, points: limited })
      }
    }
    const [first] = members
    for (const type of ['number', 'text'] as const) {
      if (parts[type].length === 0 || first === undefined) continue
      yield {
        tagGroup: by === undefined ? undefined : describeTagGroup(by, first.tags),
        type,
        tags: tagSetsOf(parts[type].map(({ tags }) => tags)),
        parts: parts[type].map(({ points }) => points),
      }
    }
  }
}

/** Series that have the same values of some tags, sorted by these. */
function membersByTags(series: readonly NamedSeries[], tags: readonly string[]): NamedSeries[][] {
  const groups = new Map<string, NamedSeries[]>()
  for (const one of series) {
    const key = tags.map((tag) => one.tags.get(tag) ?? '').join('\u0000')
    const members = groups.get(key)
    if (members === undefined) groups.set(key, [one])
    else members.push(one)
  }
  return [...groups.keys()].sort().map((key) => groups.get(key)!)
}

function describeTagGroup({ tags }: TagGroupBy, of: NamedSeries['tags']): Readonly<Record<string, unknown>> {
  return { name: 'tag', tags, group: Object.fromEntries(tags.map((tag) => [tag, of.get(tag) ?? ''])) }
}

function withinTime(points: PointColumns, start: number, end: number): PointColumns {
  return slicePoints(points, lowerBound(points, start), lowerBound(points, end + 1))
}

/** A series' numbers and its texts. */
function byGroupType(points: PointColumns): [GroupType, PointColumns][] {
  if (points.texts === undefined || points.texts.size === 0) return [['number', points]]
  const ofType = (isText: boolean): PointColumns =>
    pick(points, (i) => ((points.kinds[i]! & KIND_TEXT) !== 0) === isText)
  return [
    ['number', ofType(false)],
    ['text', ofType(true)],
  ]
}

/** The first points, or with newest first the last, of each row: in KairosDB integers and doubles lie in rows apart. */
function limitRows(points: PointColumns, limit: number, isDescending: boolean): PointColumns {
  const taken = new Map<string, number>()
  const kept = new Uint8Array(points.count)
  for (let k = 0; k < points.count; k++) {
    const i = isDescending ? points.count - 1 - k : k
    const row = `${points.kinds[i]! & KIND_FLOAT}:${Math.floor(points.times[i]! / ROW_MS)}`
    const before = taken.get(row) ?? 0
    if (before < limit) kept[i] = 1
    taken.set(row, before + 1)
  }
  return pick(points, (i) => kept[i] === 1)
}

function pick(points: PointColumns, isWanted: (index: number) => boolean): PointColumns {
  const indexes = new Uint32Array(points.count)
  let count = 0
  for (let i = 0; i < points.count; i++) if (isWanted(i)) indexes[count++] = i
  return count === points.count ? points : pickPoints(points, indexes.subarray(0, count))
}

/** Points by the numbers that groupings give them, in the order in which these first come. */
function splitPoints(
  points: PointColumns,
  groupBys: readonly PointGroupBy[],
  budget: ComputeBudget,
): { groupBy: readonly Readonly<Record<string, unknown>>[]; points: PointColumns }[] {
  if (groupBys.length === 0) return [{ groupBy: [], points }]
  const groups = new Map<string, { numbers: number[]; indexes: number[] }>()
  for (let i = 0; i < points.count; i++) {
    // each point is held to every bin
    if (i % POINTS_A_LOOK === 0) budget.time()
    const numbers = groupBys.map((by) => by.groupOf(points, i))
    const key = numbers.join()
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { numbers, indexes: [i] })
    else group.indexes.push(i)
  }
  return [...groups.values()].map(({ numbers, indexes }) => ({
    groupBy: groupBys.map((by, i) => by.describe(numbers[i]!)),
    points: pickPoints(points, Uint32Array.from(indexes)),
  }))
}

function aggregate(
  points: PointColumns,
  chain: readonly Aggregator[],
  groupType: GroupType,
  context: AggregatorContext,
): PointColumns {
  let type = groupType
  let result = points
  let gapsOf: string | undefined
  for (const aggregator of chain) {
    if (aggregator.numbersOnly && gapsOf !== undefined) {
      throw new KairosRequestError(`${aggregator.name} can't be chained after ${gapsOf}: gaps have no value`)
    }
    if (aggregator.numbersOnly && type !== 'number') continue
    context.time()
    result = aggregator.apply(result, context)
    type = aggregator.gives(type)
    gapsOf = aggregator.leavesGaps === true ? aggregator.name : type === groupType ? gapsOf : undefined
  }
  const at = unsayable(result)
  if (at < 0) return result
  throw new KairosRequestError(
    `NaN or Infinity: the value at ${result.times[at]} is ${result.values[at]}, which JSON can't say`,
  )
}
