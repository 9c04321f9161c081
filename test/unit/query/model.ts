import type { Point } from './columns.ts'

type Value = number | bigint
type Missing = (before: Point, after: Point, time: number, float: boolean) => Value

const MAX_LONG = 2n ** 63n - 1n
const wrap = (value: bigint) => BigInt.asIntN(64, value)

/** The value on the line between two points: of integers in 64-bit arithmetic, else of doubles. */
const line: Missing = ([x0, y0], [x1, y1], x, float) => {
  if (!float && typeof y0 === 'bigint' && typeof y1 === 'bigint') {
    return wrap(y0 + wrap(BigInt(x - x0) * wrap(y1 - y0)) / BigInt(x1 - x0))
  }
  return Number(y0) + ((x - x0) * (Number(y1) - Number(y0))) / (x1 - x0)
}
const zero: Missing = (_before, _after, _time, float) => (float ? 0 : 0n)
const greatest: Missing = (_before, _after, _time, float) => (float ? Number.MAX_VALUE : MAX_LONG)
const least: Missing = (_before, _after, _time, float) => (float ? -Number.MAX_VALUE : -MAX_LONG - 1n)
const previous: Missing = ([, value]) => value

interface Rule {
  readonly missing: Missing
  readonly long: (values: bigint[]) => bigint
  readonly double: (values: number[]) => number
}

const addLong = (values: bigint[]) => values.reduce((a, b) => wrap(a + b), 0n)
const addDouble = (values: number[]) => values.reduce((a, b) => a + b, 0)
/** The value at a place of the sorted ones; of equal ones, such as 0 and -0, the earlier is before. */
const ranked = <T extends Value>(values: T[], place: number, direction = 1): T => {
  const value = [...values].sort((a, b) => direction * (a < b ? -1 : a > b ? 1 : 0))[place]
  if (value === undefined) throw new Error('no values')
  return value
}
const smaller = <T extends Value>(values: T[]) => ranked(values, 0)
const greater = <T extends Value>(values: T[]) => ranked(values, 0, -1)
const upperMiddle = <T extends Value>(values: T[]) => ranked(values, Math.floor(values.length / 2))
const sum: Rule = { missing: line, long: addLong, double: addDouble }

const RULES: Readonly<Record<string, Rule>> = {
  sum,
  zimsum: { ...sum, missing: zero },
  pfsum: { ...sum, missing: previous },
  avg: {
    missing: line,
    long: (values) => addLong(values) / BigInt(values.length),
    double: (values) => addDouble(values) / values.length,
  },
  min: { missing: line, long: smaller, double: smaller },
  mimmin: { missing: greatest, long: smaller, double: smaller },
  max: { missing: line, long: greater, double: greater },
  mimmax: { missing: least, long: greater, double: greater },
  count: { missing: zero, long: (values) => BigInt(values.length), double: (values) => values.length },
  first: { missing: zero, long: ([a = 0n]) => a, double: ([a = 0]) => a },
  last: { missing: zero, long: (values) => values.at(-1) ?? 0n, double: (values) => values.at(-1) ?? 0 },
  median: { missing: line, long: upperMiddle, double: upperMiddle },
  mult: {
    missing: line,
    long: (values) => values.reduce((a, b) => wrap(a * b), 1n),
    double: (values) => values.reduce((a, b) => a * b, 1),
  },
  squareSum: {
    missing: zero,
    long: (values) => addLong(values.map((value) => wrap(value * value))),
    double: (values) => addDouble(values.map((value) => value * value)),
  },
  diff: {
    missing: line,
    long: (values) => wrap((values.at(-1) ?? 0n) - (values[0] ?? 0n)),
    double: (values) => (values.at(-1) ?? 0) - (values[0] ?? 0),
  },
}

/**
 * What a group's series make together, written down as plainly as possible: for each time at which any of them has a
 * point, look at every series from its first point to its last.
 */
export function modelAggregate(name: string, group: readonly (readonly Point[])[]): Point[] {
  const rule = RULES[name]
  if (rule === undefined) throw new Error(`No model of ${name}`)
  const times = [...new Set(group.flatMap((series) => series.map(([time]) => time)))].sort((a, b) => a - b)
  return times.map((time) => {
    const living = group.filter((series) => (series.at(-1)?.[0] ?? -1) >= time)
    const begun = living.filter((series) => (series[0]?.[0] ?? Number.POSITIVE_INFINITY) <= time)
    const isDouble = (point: Point | undefined) => typeof point?.[1] === 'number'
    const before = (series: readonly Point[]) => series.findLast(([t]) => t <= time)
    const after = (series: readonly Point[]) => series.find(([t]) => t > time)
    const next = group.length > 1 ? living.some((series) => isDouble(after(series))) : false
    const float = next || begun.some((series) => isDouble(before(series)))
    const values = begun.map((series) => {
      const [from, to] = [before(series), after(series)]
      if (from === undefined) throw new Error('begun, so there is a point before')
      return from[0] === time || to === undefined ? from[1] : rule.missing(from, to, time, float)
    })
    if (float) return [time, rule.double(values.map(Number))]
    return [time, rule.long(values.filter((value) => typeof value === 'bigint'))]
  })
}
