// What a query answers, written down as plainly as possible: point by point, with bigints for integers and numbers for doubles,
// without columns, indexes, caches or fast paths, and without anything of lib. It is slow, and that is all right.

import { boundaries, type ModelInterval } from './calendar.ts'

/** A bigint is a 64-bit integer, a number a double. */
export type Value = number | bigint

export interface ModelPoint {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly value: Value
}

export interface ModelSeries {
  readonly tags: Readonly<Record<string, string>>
  /** By which series of a group are ordered. */
  readonly tsuid: string
  /** Ascending, each time once. */
  readonly points: readonly ModelPoint[]
}

export interface ModelFilter {
  readonly type: string
  readonly tagk: string
  readonly filter: string
  readonly groupBy: boolean
}

export interface ModelRate {
  readonly counter: boolean
  readonly counterMax?: number
  readonly resetValue?: number
  readonly dropResets: boolean
}

export interface ModelQuery {
  /** Milliseconds since 1970. */
  readonly start: number
  readonly end: number
  readonly aggregator: string
  readonly interval?: ModelInterval | 'all'
  readonly downsampler?: string
  readonly fill?: 'none' | 'nan' | 'null' | 'zero'
  readonly rate?: ModelRate
  readonly filters: readonly ModelFilter[]
  readonly explicitTags: boolean
}

export interface ModelResult {
  readonly tags: Readonly<Record<string, string>>
  readonly aggregateTags: readonly string[]
  readonly tsuids: readonly string[]
  readonly points: readonly ModelPoint[]
}

const HOUR = 3_600_000

export function modelAnswer(all: readonly ModelSeries[], query: ModelQuery): ModelResult[] {
  const read = whatIsRead(query)
  const found = all
    .filter((one) => isWanted(one, query))
    .map((one) => ({ ...one, points: one.points.filter(({ time }) => time >= read.from && time < read.to) }))
    .filter((one) => one.points.length > 0)
    .sort((a, b) => (a.tsuid < b.tsuid ? -1 : 1))
  return groups(found, query).map((group) => {
    const series = group.map(({ points }) => rateOf(sampled(points, query, read), query.rate))
    return {
      ...tagsOf(group),
      tsuids: group.map(({ tsuid }) => tsuid),
      points: aggregated(series, query).filter(({ time }) => time >= query.start && time <= query.end),
    }
  })
}

// ---------------------------------------------------------------------------------------------------- reading

/** Whole hours; with a downsample as far as the intervals reach that the ends lie in, were they of fixed length. */
function whatIsRead({ start, end, interval }: ModelQuery): { from: number; to: number } {
  const length = interval === undefined || interval === 'all' ? undefined : interval.lengthMs
  const startS = Math.floor(start / 1000)
  const endS = Math.ceil(end / 1000)
  const hourBefore = (seconds: number) => Math.floor(seconds / 3600) * HOUR
  if (length === undefined) return { from: hourBefore(startS), to: hourBefore(endS) + HOUR }
  const first = startS - Math.floor(((startS * 1000) % length) / 1000)
  const last = endS + Math.floor((length - ((endS * 1000) % length)) / 1000)
  return { from: hourBefore(first), to: Math.ceil(last / 3600) * HOUR }
}

// -------------------------------------------------------------------------------------------------- filtering

function isWanted({ tags }: ModelSeries, { filters, explicitTags }: ModelQuery): boolean {
  const keys = new Set(filters.map(({ tagk }) => tagk))
  if (explicitTags && keys.size > 0 && Object.keys(tags).length !== keys.size) return false
  return filters.every((filter) => {
    const tagv = tags[filter.tagk]
    return tagv !== undefined && takes(filter, tagv)
  })
}

function takes({ type, filter }: ModelFilter, tagv: string): boolean {
  const [low, lowFilter] = [tagv.toLowerCase(), filter.toLowerCase()]
  if (type === 'literal_or') return filter.split('|').includes(tagv)
  if (type === 'not_literal_or') return !filter.split('|').includes(tagv)
  if (type === 'iliteral_or') return lowFilter.split('|').includes(low)
  if (type === 'not_iliteral_or') return !lowFilter.split('|').includes(low)
  // what the tests ask for has one star, at its end
  if (type === 'wildcard') return tagv.startsWith(filter.slice(0, -1))
  if (type === 'iwildcard') return low.startsWith(lowFilter.slice(0, -1))
  if (type === 'regexp') return new RegExp(filter).test(tagv)
  throw new Error(`No model of the filter ${type}`)
}

// --------------------------------------------------------------------------------------------------- grouping

function groups(series: readonly ModelSeries[], { aggregator, filters }: ModelQuery): ModelSeries[][] {
  if (aggregator === 'none') return series.map((one) => [one])
  const keys = filters.filter(({ groupBy }) => groupBy).map(({ tagk }) => tagk)
  const byKey = new Map<string, ModelSeries[]>()
  for (const one of series) {
    const key = JSON.stringify(keys.map((tagk) => one.tags[tagk]))
    byKey.set(key, [...(byKey.get(key) ?? []), one])
  }
  return [...byKey.values()]
}

function tagsOf(group: readonly ModelSeries[]): Pick<ModelResult, 'tags' | 'aggregateTags'> {
  const keys = [...new Set(group.flatMap(({ tags }) => Object.keys(tags)))]
  const values = (tagk: string) => new Set(group.flatMap(({ tags }) => tags[tagk] ?? []))
  return {
    tags: Object.fromEntries(
      keys.filter((tagk) => values(tagk).size === 1).map((tagk) => [tagk, [...values(tagk)][0] ?? '']),
    ),
    aggregateTags: keys.filter((tagk) => values(tagk).size > 1),
  }
}

// ----------------------------------------------------------------------------------------------- downsampling

function sampled(
  points: readonly ModelPoint[],
  { start, end, interval, downsampler = '', fill = 'none' }: ModelQuery,
  read: { from: number; to: number },
): readonly ModelPoint[] {
  if (interval === undefined) return points
  const reduced = (some: readonly ModelPoint[]) =>
    ofDoubles(
      downsampler,
      some.map(({ value }) => Number(value)),
    )
  if (interval === 'all') {
    const inside = points.filter(({ time }) => time >= start && time < end)
    return inside.length === 0 ? [] : [{ time: start, value: reduced(inside) }]
  }
  // the first interval that begins within what is read
  const firstWhole = boundaries(interval, read.from, read.from + 1).find((time) => time >= read.from) ?? read.to
  const kept = points.filter(({ time }) => time >= firstWhole)
  const [first] = kept
  if (fill === 'none' && first === undefined) return []
  const starts = boundaries(interval, fill === 'none' && first !== undefined ? first.time : read.from, read.to)
  let at = 0
  const intervals = starts.slice(0, -1).map((from, i) => {
    const inside: ModelPoint[] = []
    for (let point = kept[at]; point !== undefined && point.time < (starts[i + 1] ?? from); point = kept[++at]) {
      if (point.time >= from) inside.push(point)
    }
    return { from, inside }
  })
  if (fill === 'none') {
    return intervals.flatMap(({ from, inside }) =>
      inside.length === 0 ? [] : [{ time: from, value: reduced(inside) }],
    )
  }
  const lastStart = boundaries(interval, read.to, read.to + 1)[0] ?? read.to
  const enough = intervals.filter(({ from }, i) => from < lastStart || (i === 0 && interval.calendar !== undefined))
  const missing = fill === 'zero' ? 0 : Number.NaN
  return enough.map(({ from, inside }) => ({ time: from, value: inside.length === 0 ? missing : reduced(inside) }))
}

// ------------------------------------------------------------------------------------------------------- rate

const MAX_LONG = 2n ** 63n - 1n
const wrap = (value: bigint) => BigInt.asIntN(64, value)

function rateOf(points: readonly ModelPoint[], options: ModelRate | undefined): readonly ModelPoint[] {
  if (options === undefined) return points
  const max = options.counterMax === undefined ? MAX_LONG : BigInt(options.counterMax)
  return points.flatMap(({ time, value }, i) => {
    const before = points[i - 1] ?? { time: 0, value: 0n }
    const seconds = (time - before.time) / 1000
    const integers = typeof value === 'bigint' && typeof before.value === 'bigint'
    const difference = integers ? Number(wrap(value - before.value)) : Number(value) - Number(before.value)
    if (!options.counter || !(difference < 0)) return [{ time, value: difference / seconds }]
    if (options.dropResets) return []
    const overMax = integers
      ? Number(wrap(max - before.value + value))
      : Number(max) - Number(before.value) + Number(value)
    const rate = overMax / seconds
    const reset = options.resetValue ?? 0
    return [{ time, value: reset > 0 && rate > reset ? 0 : rate }]
  })
}

// ------------------------------------------------------------------------------------------------ aggregating

/** Aggregators of one value that give this value, as it is. */
const changesOne = new Set(['count', 'dev', 'diff', 'squareSum'])

function aggregated(series: readonly (readonly ModelPoint[])[], { aggregator, rate }: ModelQuery): ModelPoint[] {
  // the first rate, since 1970, is none; but until the second one it stands in for the series
  const own = series.map((points) => (rate === undefined ? points : points.slice(1)))
  const [only] = own
  if (only !== undefined && own.length === 1 && !changesOne.has(aggregator)) return [...only]
  const times = [...new Set(own.flatMap((points) => points.map(({ time }) => time)))].sort((a, b) => a - b)
  return times.map((time) => {
    const living = series.filter((_, s) => (own[s]?.at(-1)?.time ?? Number.NEGATIVE_INFINITY) >= time)
    const at = living.flatMap((points) => {
      const now = points.findLast((point) => point.time <= time)
      const next = points.find((point) => point.time > time)
      if (now !== undefined) return [{ now, next }]
      return rate === undefined || points[0] === undefined ? [] : [{ now: points[0], next }]
    })
    const ahead = series.length > 1 ? living.map((points) => points.find((point) => point.time > time)) : []
    const isDouble = (point: ModelPoint | undefined) => typeof point?.value === 'number'
    const float = at.some(({ now }) => isDouble(now)) || ahead.some(isDouble)
    const values = at.map(({ now, next }) => {
      if (now.time === time || next === undefined || rate !== undefined) return now.value
      return between(now, next, time, float, aggregator)
    })
    const value = float
      ? ofDoubles(aggregator, values.map(Number))
      : ofIntegers(
          aggregator,
          values.map((one) => BigInt(one)),
        )
    return { time, value }
  })
}

/** What a series counts with at a time between two of its points. */
function between(now: ModelPoint, next: ModelPoint, time: number, float: boolean, aggregator: string): Value {
  if (['zimsum', 'count', 'squareSum', 'first', 'last'].includes(aggregator)) return float ? 0 : 0n
  if (aggregator === 'mimmin') return float ? Number.MAX_VALUE : MAX_LONG
  if (aggregator === 'mimmax') return float ? -Number.MAX_VALUE : -MAX_LONG - 1n
  if (aggregator === 'pfsum') return now.value
  if (!float && typeof now.value === 'bigint' && typeof next.value === 'bigint') {
    const rise = wrap(BigInt(time - now.time) * wrap(next.value - now.value))
    return wrap(now.value + rise / BigInt(next.time - now.time))
  }
  const rise = (time - now.time) * (Number(next.value) - Number(now.value))
  return Number(now.value) + rise / (next.time - now.time)
}

const FIRST_LAST_DIFF: Readonly<Record<string, (values: readonly number[]) => number>> = {
  first: (values) => values[0] ?? Number.NaN,
  last: (values) => values.at(-1) ?? Number.NaN,
  none: (values) => values[0] ?? Number.NaN,
  mult: (values) => values.reduce((a, b) => a * b, 1),
  diff(values) {
    const first = values.find((value) => !Number.isNaN(value))
    return first === undefined ? Number.NaN : (values.at(-1) ?? Number.NaN) - first
  },
}

function ofDoubles(name: string, values: readonly number[]): number {
  const whole = FIRST_LAST_DIFF[name]
  if (whole !== undefined) return whole(values)
  const there = values.filter((value) => !Number.isNaN(value))
  if (there.length === 0) return Number.NaN
  const sum = there.reduce((a, b) => a + b, 0)
  const mean = sum / there.length
  const ascending = [...there].sort((a, b) => a - b)
  switch (name) {
    case 'sum':
    case 'zimsum':
    case 'pfsum':
      return sum
    case 'avg':
      return mean
    case 'count':
      return there.length
    case 'squareSum':
      return there.reduce((a, b) => a + b * b, 0)
    case 'min':
    case 'mimmin':
      return ascending[0] ?? Number.NaN
    case 'max':
    case 'mimmax':
      return ascending.at(-1) ?? Number.NaN
    case 'median':
      return ascending[Math.floor(ascending.length / 2)] ?? Number.NaN
    case 'dev':
      return Math.sqrt(there.reduce((a, b) => a + (b - mean) ** 2, 0) / there.length)
    default:
      return percentile(ascending, percentOf(name), 'legacy')
  }
}

function ofIntegers(name: string, values: readonly bigint[]): bigint {
  const sum = values.reduce((a, b) => wrap(a + b), 0n)
  const ascending = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  switch (name) {
    case 'sum':
    case 'zimsum':
    case 'pfsum':
      return sum
    case 'avg':
      return sum / BigInt(values.length)
    case 'count':
      return BigInt(values.length)
    case 'squareSum':
      return values.reduce((a, b) => wrap(a + wrap(b * b)), 0n)
    case 'mult':
      return values.reduce((a, b) => wrap(a * b), 1n)
    case 'min':
    case 'mimmin':
      return ascending[0] ?? 0n
    case 'max':
    case 'mimmax':
      return ascending.at(-1) ?? 0n
    case 'median':
      return ascending[Math.floor(ascending.length / 2)] ?? 0n
    case 'first':
    case 'none':
      return values[0] ?? 0n
    case 'last':
      return values.at(-1) ?? 0n
    case 'diff':
      return wrap((values.at(-1) ?? 0n) - (values[0] ?? 0n))
    case 'dev':
      return BigInt(Math.trunc(ofDoubles('dev', values.map(Number))))
    default: {
      const kind = name.endsWith('r3') ? 'r3' : name.endsWith('r7') ? 'r7' : 'legacy'
      return BigInt(Math.trunc(percentile(ascending.map(Number), percentOf(name), kind)))
    }
  }
}

function percentOf(name: string): number {
  const [, digits] = /^e?p(\d+)/.exec(name) ?? []
  if (digits === undefined) throw new Error(`No model of ${name}`)
  return digits === '999' ? 0.999 : Number(digits) / 100
}

function percentile(ascending: readonly number[], q: number, kind: 'legacy' | 'r3' | 'r7'): number {
  const n = ascending.length
  const rank = kind === 'legacy' ? q * (n + 1) : kind === 'r7' ? 1 + (n - 1) * q : halfToEven(n * q)
  const below = Math.floor(rank)
  const valueAt = (position: number) => ascending[Math.min(Math.max(position, 1), n) - 1] ?? Number.NaN
  return (
    valueAt(below) +
    (Math.min(Math.max(rank, 1), n) - Math.min(Math.max(below, 1), n)) * (valueAt(below + 1) - valueAt(below))
  )
}

function halfToEven(value: number): number {
  const [below, above] = [Math.floor(value), Math.ceil(value)]
  if (value - below < 0.5) return below
  if (value - below > 0.5) return above
  return below % 2 === 0 ? below : above
}
