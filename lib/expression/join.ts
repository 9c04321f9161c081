import { decodeTsuid, tsuidFromHex, writeUid } from '../codec/tsuid.ts'
import type { PointColumns } from '../model/points.ts'
import type { UidWidths } from '../model/series.ts'
import { group } from '../query/group.ts'
import type { QueryResult } from '../query/run.ts'
import { BadExpressionError } from './errors.ts'
import type { Join } from './exp-request.ts'

/** A series that formulas can use: one that a query gave, or the result of a formula. */
export interface FormulaSeries {
  /** UIDs of the tags that all of its series have in common, ascending by key. */
  readonly tagUids: readonly (readonly [tagk: number, tagv: number])[]
  /** UIDs of the tag keys whose values differ among its series, ascending. */
  readonly aggregateTagUids: readonly number[]
  /** UIDs of the tag keys that the query's filters name. */
  readonly filterTagks: ReadonlySet<number>
  /** Names of its metrics by their UIDs. */
  readonly metrics: ReadonlyMap<number, string>
  readonly tags: Readonly<Record<string, string>>
  readonly aggregateTags: readonly string[]
  /** Of the series that it was made of, upper-case hex, ascending. */
  readonly tsuids: readonly string[]
  /** Ascending by time. */
  readonly points: PointColumns
}

/** Series of several variables that belong together. */
export interface JoinedSeries extends Omit<FormulaSeries, 'points'> {
  /** For each variable its series, or undefined where it has none that belongs here. */
  readonly inputs: readonly (FormulaSeries | undefined)[]
}

/**
 * What a query gave as series that can be joined; those without points are left out.
 * @throws CorruptDataError where a TSUID is none
 */
export function formulaSeries(results: readonly QueryResult[], widths: UidWidths): FormulaSeries[] {
  return results
    .filter(({ points }) => points.count > 0)
    .map(({ tsuids, points, metric, tags, aggregateTags, filterTagks }) => {
      const members = tsuids.map((hex) => {
        const tsuid = tsuidFromHex(hex)
        return { tsuid, points, ...decodeTsuid(tsuid, widths) }
      })
      const [common] = group(members, new Set())
      return {
        tagUids: [...(common?.tags ?? [])].sort(([a], [b]) => a - b),
        aggregateTagUids: [...(common?.aggregateTags ?? [])].sort((a, b) => a - b),
        filterTagks: new Set(filterTagks.map((base64) => Buffer.from(base64, 'base64').readUIntBE(0, widths.tagk))),
        metrics: new Map([[members[0]?.metric ?? 0, metric]]),
        tags,
        aggregateTags,
        tsuids,
        points,
      }
    })
}

/**
 * Brings together the series of some variables that have the same tags, in the order of their tags' UIDs.
 * @param variables the series of each variable
 * @throws BadExpressionError where an intersection leaves none of the series that there are
 */
export function joinSeries(
  variables: readonly (readonly FormulaSeries[])[],
  join: Join,
  widths: UidWidths,
): JoinedSeries[] {
  const byTags = new Map<string, (FormulaSeries | undefined)[]>()
  for (const [v, series] of variables.entries()) {
    for (const one of series) {
      const key = keyOf(one, join, widths)
      const inputs = byTags.get(key) ?? new Array<FormulaSeries | undefined>(variables.length).fill(undefined)
      inputs[v] = one
      byTags.set(key, inputs)
    }
  }
  const joined = [...byTags]
    .filter(([, inputs]) => join.operator === 'union' || !inputs.includes(undefined))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  if (joined.length === 0 && byTags.size > 0) {
    throw new BadExpressionError(
      'No intersections found',
      'No series of one variable has the same tags as one of the others',
    )
  }
  return joined.map(([, inputs]) => describe(inputs))
}

/** The bytes by which series are told apart, as hex: pairs of tags, then keys of aggregated tags. */
function keyOf({ tagUids, aggregateTagUids, filterTagks }: FormulaSeries, join: Join, widths: UidWidths): string {
  // Without tags in common, aggregated ones don't count either, as in OpenTSDB.
  if (tagUids.length === 0) return ''
  const pairs = join.useQueryTags ? tagUids.filter(([tagk]) => filterTagks.has(tagk)) : tagUids
  const aggregated = join.includeAggTags ? aggregateTagUids : []
  const bytes = Buffer.alloc(pairs.length * (widths.tagk + widths.tagv) + aggregated.length * widths.tagk)
  let at = 0
  const write = (width: number, uid: number) => {
    writeUid(bytes, at, width, uid)
    at += width
  }
  for (const [tagk, tagv] of pairs) {
    write(widths.tagk, tagk)
    write(widths.tagv, tagv)
  }
  for (const tagk of aggregated) write(widths.tagk, tagk)
  return bytes.toString('hex')
}

/** The tags are those of the first variable that has a series here; metrics and aggregated tags those of all. */
function describe(inputs: readonly (FormulaSeries | undefined)[]): JoinedSeries {
  const there = inputs.filter((one) => one !== undefined)
  const [first] = there
  const aggregated = new Map(
    there.flatMap((one) => one.aggregateTagUids.map((uid, i) => [uid, one.aggregateTags[i]] as const)),
  )
  return {
    inputs,
    tagUids: first?.tagUids ?? [],
    tags: first?.tags ?? {},
    filterTagks: first?.filterTagks ?? new Set(),
    metrics: new Map(there.flatMap(({ metrics }) => [...metrics]).sort(([a], [b]) => a - b)),
    aggregateTagUids: [...aggregated.keys()].sort((a, b) => a - b),
    aggregateTags: [...new Set(there.flatMap(({ aggregateTags }) => aggregateTags))],
    tsuids: [...new Set(there.flatMap(({ tsuids }) => tsuids))].sort(),
  }
}
