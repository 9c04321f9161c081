import { KIND_FLOAT, KIND_TEXT, type PointColumns } from '../model/points.ts'
import { integerAt } from '../query/columns.ts'
import { asArray, asDouble, asInteger, asObject, asText } from './coerce.ts'
import { KairosRequestError } from './errors.ts'
import type { Json, JsonObject } from './lenient-json.ts'
import { asDuration, readProperties } from './properties.ts'
import type { Sampling } from './ranges.ts'

/** Groups series by the values of tags; a series that lacks one has ''. */
export interface TagGroupBy {
  readonly name: 'tag'
  readonly tags: readonly string[]
}

/** Groups points by what they are themselves. */
export interface PointGroupBy {
  readonly name: 'time' | 'value' | 'bin'
  /** The number of the group that a point is in. @throws KairosRequestError where the grouping can't be used */
  groupOf(points: PointColumns, index: number): number
  /** The grouping as a result names it, with the group's number. */
  describe(group: number): Readonly<Record<string, unknown>>
}

/** One of a metric's groupings. */
export type GroupBy = TagGroupBy | PointGroupBy

/** @param start milliseconds since 1970, of the query */
type Parse = (json: JsonObject, context: string, start: number) => GroupBy

const parseTag: Parse = (json, context) => {
  let tags: readonly string[] | undefined
  readProperties(json, 'tag', context, {
    tags: (value, field) => {
      tags = asArray(value, field).map((tag, i) => {
        if (typeof tag !== 'string') throw new KairosRequestError(`${field}[${i}] must be a text`)
        return tag
      })
    },
  })
  if (tags === undefined) throw new KairosRequestError(`${context}.tags may not be null`)
  if (tags.length === 0) throw new KairosRequestError(`${context}.tags may not be empty`)
  return { name: 'tag', tags }
}

/** Milliseconds of a range's units, but for months; a year is 52 weeks, as in KairosDB. */
const RANGE_MS = {
  milliseconds: 1,
  seconds: 1000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
  weeks: 604_800_000,
  years: 52 * 604_800_000,
}

const parseTime: Parse = (json, context, start) => {
  let size: Sampling | undefined
  let count = 0
  readProperties(json, 'time', context, {
    range_size: (value, field) => {
      size = asDuration(value, field, context)
    },
    group_count: (value, field) => {
      count = asInteger(value, 32, field)
    },
  })
  const errors: string[] = []
  if (count < 1) errors.push(`${context}.groupCount must be greater than or equal to 1`)
  if (size === undefined) errors.push(`${context}.rangeSize may not be null`)
  if (errors.length > 0 || size === undefined) throw new KairosRequestError(...errors)
  return timeGroupBy(size, count, start)
}

function timeGroupBy({ value, unit }: Sampling, count: number, start: number): PointGroupBy {
  const range = { value, unit: unit.toUpperCase() }
  const monthOfStart = monthOf(start)
  const numberOf = (time: number): number =>
    unit === 'months' ? monthOf(time) - monthOfStart : Math.trunc((time - start) / (value * RANGE_MS[unit]))
  return {
    name: 'time',
    groupOf: (points, index) => {
      if (value === 0 && unit !== 'months') throw new KairosRequestError('range_size.value must be greater than 0')
      return (numberOf(points.times[index]!) % count) + 0
    },
    describe: (group) => ({ name: 'time', range_size: range, group_count: count, group: { group_number: group } }),
  }
}

/** By UTC, counted from January of year 0. */
function monthOf(time: number): number {
  const date = new Date(time)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

const parseValue: Parse = (json, context) => {
  let size = 0
  readProperties(json, 'value', context, {
    range_size: (value, field) => {
      size = asInteger(value, 32, field)
    },
  })
  if (size < 1) throw new KairosRequestError(`${context}.rangeSize must be greater than or equal to 1`)
  return {
    name: 'value',
    groupOf: (points, index) => {
      const kind = points.kinds[index]!
      if ((kind & KIND_TEXT) !== 0) return -1
      if ((kind & KIND_FLOAT) === 0) return Number(BigInt.asIntN(32, integerAt(points, index) / BigInt(size)))
      return Math.trunc(clampInt(points.values[index]!) / size) + 0
    },
    describe: (group) => ({ name: 'value', range_size: size, group: { group_number: group } }),
  }
}

/** A double as Java makes a 32-bit integer of it. */
function clampInt(value: number): number {
  return Math.trunc(Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1))
}

const parseBin: Parse = (json, context) => {
  let bins: readonly number[] = []
  readProperties(json, 'bin', context, {
    bins: (value, field) => {
      bins = asArray(value, field).map((bin, i) => asDouble(bin, `${field}[${i}]`))
    },
  })
  return {
    name: 'bin',
    groupOf: (points, index) => {
      const [first] = bins
      if (first === undefined) throw new KairosRequestError(`${context}.bins may not be empty`)
      if ((points.kinds[index]! & KIND_TEXT) !== 0) return -1
      const value = points.values[index]!
      if (value < first) return 0
      const bin = bins.findIndex((low, i) => value >= low && i + 1 < bins.length && value < bins[i + 1]!)
      return bin < 0 ? bins.length : bin + 1
    },
    describe: (group) => ({ name: 'bin', bins, group: { bin_number: group } }),
  }
}

const GROUP_BYS: ReadonlyMap<string, Parse> = new Map([
  ['tag', parseTag],
  ['time', parseTime],
  ['value', parseValue],
  ['bin', parseBin],
])

/**
 * Reads a metric's groupings.
 * @param context how messages name the metric: `query.metric[0]`
 * @param start milliseconds since 1970, from which times are counted
 * @throws KairosRequestError for the first that can't be read
 */
export function parseGroupBys(json: Json, context: string, start: number): GroupBy[] {
  return asArray(json, `${context}.group_by`).map((one, i) => {
    const place = `${context}.group_by[${i}]`
    const members = asObject(one, place)
    const given = members.get('name')
    const name = given === undefined ? '' : asText(given, `${place}.name`)
    if (name === '') throw new KairosRequestError(`${place} must have a name`)
    const parse = GROUP_BYS.get(name)
    if (parse === undefined) throw new KairosRequestError(`${place}.${name} invalid group_by name`)
    return parse(members, place, start)
  })
}
