import { CorruptDataError } from '../model/errors.ts'
import { type LayoutHistory, layoutAt, type ShelfLayout } from './layout.ts'

// The layout of an hour must never change once a block of it may have been written, or its points would lie on two shelves. So
// the record says which hours are settled. Writers write settled hours alone; a new layout leaves them as they are.
// Both change the record on the condition that nobody else did since they read it, so clocks and caches don't matter.

/** Hours whose layout will never change, as ranges [from, to) in seconds since 1970: ascending, apart from each other. */
export type SettledHours = readonly (readonly [from: number, to: number])[]

/** What the store knows of its layouts. */
export interface LayoutRecord {
  /** Grows by one with each change. */
  readonly version: number
  readonly history: LayoutHistory
  readonly settled: SettledHours
}

/** What seal may change of a layout. */
export type LayoutChange = Pick<ShelfLayout, 'shelves' | 'splits'>

const HOUR_S = 3_600

/** Seconds ahead of the clock for which hours are settled along with one that is written now, so that it is done once an hour. */
const SETTLED_AHEAD_S = 2 * HOUR_S

/**
 * Ranges that are kept. Points dated far ahead, here and there, make many; then the nearest are joined, and the hours in between
 * are settled too.
 */
const MAX_RANGES = 200

/** Characters that a history may take: everybody reads it once a minute. Holds some hundred changes. */
export const MAX_HISTORY_LENGTH = 64 * 1024

/** Whether the layout of every hour from `from` up to, not including, `to` (seconds) is known for good. */
export function isSettled(settled: SettledHours, from: number, to: number = from + HOUR_S): boolean {
  return settled.some((range) => range[0] <= from && to <= range[1])
}

/**
 * Settles hours with the layouts that they have. An hour that is over, runs, or comes next settles all up to the next; one
 * further ahead, as the clock of a device may say, just itself.
 * @param baseTimes seconds since 1970, starts of hours
 * @param nowMs milliseconds since 1970
 * @returns the record itself where they are settled already
 */
export function settleHours(record: LayoutRecord, baseTimes: Iterable<number>, nowMs: number): LayoutRecord {
  const soon = hourOf(nowMs / 1000) + SETTLED_AHEAD_S
  let settled = record.settled
  for (const baseTime of baseTimes) {
    if (isSettled(settled, baseTime)) continue
    settled = addRange(settled, baseTime < soon ? [0, soon] : [baseTime, baseTime + HOUR_S])
  }
  return settled === record.settled ? record : { ...record, version: record.version + 1, settled }
}

/**
 * Lets another layout hold from an hour on, but for hours that are settled.
 * @param from seconds since 1970, the start of an hour
 */
export function changeLayout(record: LayoutRecord, from: number, change: LayoutChange): LayoutRecord {
  const { history, settled } = record
  const last = history[history.length - 1] ?? history[0]
  const next = { ...change, saltBuckets: last.saltBuckets }
  const changed = [...history.filter(({ fromHour }) => fromHour < from), { ...next, fromHour: from }]
  for (const [start, end] of settled) {
    if (end <= from) continue
    const keptFrom = Math.max(start, from)
    changed.push({ ...layoutAt(history, keptFrom), fromHour: keptFrom })
    changed.push(...history.filter(({ fromHour }) => fromHour > keptFrom && fromHour < end))
    changed.push({ ...next, fromHour: end })
  }
  return { version: record.version + 1, history: tidied(changed, history[0]), settled }
}

/** Without layouts that hold for no hour, or for the same as the one before. */
function tidied(layouts: readonly ShelfLayout[], first: ShelfLayout): LayoutHistory {
  const tidy: [ShelfLayout, ...ShelfLayout[]] = [first]
  for (const [i, layout] of layouts.entries()) {
    if (i === 0 || layouts[i + 1]?.fromHour === layout.fromHour) continue
    const before = tidy[tidy.length - 1] ?? first
    if (!isSameLayout(before, layout)) tidy.push(layout)
  }
  return tidy
}

/** Whether two layouts place everything alike. */
export function isSameLayout(a: LayoutChange, b: LayoutChange): boolean {
  if (a.shelves !== b.shelves || a.splits.size !== b.splits.size) return false
  return [...a.splits].every(([metric, split]) => b.splits.get(metric) === split)
}

function addRange(settled: SettledHours, added: readonly [number, number]): SettledHours {
  const joined: [number, number][] = []
  for (const [from, to] of [...settled, added].sort((a, b) => a[0] - b[0])) {
    const last = joined[joined.length - 1]
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  while (joined.length > MAX_RANGES) {
    let nearest = 1
    for (let i = 2; i < joined.length; i++) if (gapBefore(joined, i) < gapBefore(joined, nearest)) nearest = i
    const [gone] = joined.splice(nearest, 1)
    const kept = joined[nearest - 1]
    if (gone !== undefined && kept !== undefined) kept[1] = gone[1]
  }
  return joined
}

function gapBefore(ranges: readonly (readonly [number, number])[], index: number): number {
  return ranges[index]![0] - ranges[index - 1]![1]
}

/** The start of the hour that a time in seconds lies in. */
function hourOf(timeS: number): number {
  return Math.floor(timeS / HOUR_S) * HOUR_S
}

/**
 * A history as it is stored: JSON, for people to read too. After the first, a layout says but what is not as before; a split
 * of 1 there means that a metric is split no more.
 */
export function encodeLayoutHistory(history: LayoutHistory): string {
  return JSON.stringify(
    history.map((layout, i) => {
      const before = history[i - 1]
      const { fromHour, shelves, saltBuckets, splits } = layout
      if (before === undefined) return { fromHour, shelves, saltBuckets, splits: Object.fromEntries(splits) }
      const ended = [...before.splits.keys()]
        .filter((metric) => !splits.has(metric))
        .map((metric) => [metric, 1] as const)
      const changed = [...[...splits].filter(([metric, split]) => before.splits.get(metric) !== split), ...ended]
      return {
        fromHour,
        ...(shelves === before.shelves ? {} : { shelves }),
        ...(saltBuckets === before.saltBuckets ? {} : { saltBuckets }),
        ...(changed.length === 0 ? {} : { splits: Object.fromEntries(changed) }),
      }
    }),
  )
}

/**
 * The mirror of encodeLayoutHistory.
 * @throws CorruptDataError
 */
export function decodeLayoutHistory(text: string): LayoutHistory {
  const fail = (why: string) => new CorruptDataError('layout history', why, Buffer.from(text))
  const parsed = parseArray(text, fail)
  const layouts: ShelfLayout[] = []
  for (const entry of parsed) {
    const before = layouts[layouts.length - 1]
    const {
      fromHour,
      shelves = before?.shelves,
      saltBuckets = before?.saltBuckets,
      splits = before && {},
    } = asObject(entry)
    const isWhole = [fromHour, shelves, saltBuckets].every(Number.isSafeInteger)
    if (!isWhole || Number(shelves) < 1 || typeof splits !== 'object' || splits === null) {
      throw fail('an entry is not whole')
    }
    if (before !== undefined && Number(fromHour) <= before.fromHour) throw fail('it does not ascend')
    const all = new Map(before?.splits)
    for (const [metric, split] of Object.entries(splits)) {
      if (Number(split) > 1) all.set(Number(metric), Number(split))
      else all.delete(Number(metric))
    }
    layouts.push({
      fromHour: Number(fromHour),
      shelves: Number(shelves),
      saltBuckets: Number(saltBuckets),
      splits: all,
    })
  }
  const [first, ...others] = layouts
  if (first === undefined || first.fromHour !== 0) throw fail('it does not start at hour 0')
  return [first, ...others]
}

/** Settled hours as they are stored: JSON, `[[from, to], ...]`. */
export function encodeSettledHours(settled: SettledHours): string {
  return JSON.stringify(settled)
}

/**
 * The mirror of encodeSettledHours.
 * @throws CorruptDataError
 */
export function decodeSettledHours(text: string): SettledHours {
  const fail = (why: string) => new CorruptDataError('settled hours', why, Buffer.from(text))
  let last = -1
  return parseArray(text, fail).map((range) => {
    const [from, to] = Array.isArray(range) ? range.map(Number) : []
    if (from === undefined || to === undefined || !(from > last && to > from))
      throw fail('they are not ascending ranges')
    last = to
    return [from, to] as const
  })
}

function parseArray(text: string, fail: (why: string) => Error): unknown[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw fail('it is not JSON')
  }
  if (!Array.isArray(parsed)) throw fail('it is not an array')
  return parsed
}

function asObject(entry: unknown): Record<string, unknown> {
  return typeof entry === 'object' && entry !== null ? { ...entry } : {}
}
