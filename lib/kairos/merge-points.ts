import type { PointColumns } from '../model/points.ts'

/**
 * The points of several series by time; those of one time in the order of the series.
 * @param series each ascending by time
 * @param isDescending newest first
 */
export function mergePoints(series: readonly PointColumns[], isDescending: boolean): PointColumns {
  const [only] = series
  if (series.length === 1 && only !== undefined && !isDescending) return only
  const total = series.reduce((sum, { count }) => sum + count, 0)
  const merged = new Merged(total)
  if (haveSameTimes(series)) interleave(series, isDescending, merged)
  else mergeByHeap(series, isDescending, merged)
  return merged
}

/** Points that are appended one by one, of a known number. */
class Merged implements PointColumns {
  count = 0
  readonly times: Float64Array
  readonly values: Float64Array
  readonly kinds: Uint8Array
  readonly bigs = new Map<number, bigint>()
  readonly texts = new Map<number, string>()

  constructor(total: number) {
    this.times = new Float64Array(total)
    this.values = new Float64Array(total)
    this.kinds = new Uint8Array(total)
  }

  append(from: PointColumns, index: number): void {
    const at = this.count++
    this.times[at] = from.times[index]!
    this.values[at] = from.values[index]!
    this.kinds[at] = from.kinds[index]!
    const big = from.bigs.size > 0 ? from.bigs.get(index) : undefined
    if (big !== undefined) this.bigs.set(at, big)
    const text = from.texts?.get(index)
    if (text !== undefined) this.texts.set(at, text)
  }
}

/** Hosts that report together are the most common case, and need no comparing. */
function haveSameTimes([first, ...others]: readonly PointColumns[]): boolean {
  return first !== undefined && others.every((one) => one.count === first.count && sameTimes(first, one))
}

function sameTimes(a: PointColumns, b: PointColumns): boolean {
  for (let i = 0; i < a.count; i++) if (a.times[i] !== b.times[i]) return false
  return true
}

/** Column by column: as each point goes to a place that is known, nothing is appended. */
function interleave(series: readonly PointColumns[], isDescending: boolean, to: Merged): void {
  const [first] = series
  const { count } = first!
  const { length } = series
  const rowOf = (index: number): number => (isDescending ? count - 1 - index : index)
  for (let i = 0; i < count; i++) to.times.fill(first!.times[i]!, rowOf(i) * length, (rowOf(i) + 1) * length)
  for (const [which, { values, kinds, bigs, texts }] of series.entries()) {
    let at = rowOf(0) * length + which
    const step = isDescending ? -length : length
    for (let i = 0; i < count; i++, at += step) {
      to.values[at] = values[i]!
      to.kinds[at] = kinds[i]!
    }
    for (const [i, big] of bigs) to.bigs.set(rowOf(i) * length + which, big)
    for (const [i, text] of texts ?? []) to.texts.set(rowOf(i) * length + which, text)
  }
  to.count = count * length
}

function mergeByHeap(series: readonly PointColumns[], isDescending: boolean, to: Merged): void {
  // The next time of each series, negative where the newest come first, so that the least is always wanted.
  const next = new Float64Array(series.length)
  const at = new Uint32Array(series.length)
  const indexOf = (which: number): number => (isDescending ? series[which]!.count - 1 - at[which]! : at[which]!)
  const timeOf = (which: number): number => (isDescending ? -1 : 1) * series[which]!.times[indexOf(which)]!
  const heap = series.flatMap(({ count }, which) => (count > 0 ? [which] : []))
  for (const which of heap) next[which] = timeOf(which)
  const isBefore = (a: number, b: number): boolean => next[a]! < next[b]! || (next[a] === next[b] && a < b)
  const sink = (place: number): void => {
    const which = heap[place]!
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, which)) break
      heap[place] = heap[child]!
      place = child
    }
    heap[place] = which
  }
  for (let place = heap.length >> 1; place >= 0 && heap.length > 0; place--) sink(place)
  while (heap.length > 0) {
    const which = heap[0]!
    to.append(series[which]!, indexOf(which))
    if (++at[which]! < series[which]!.count) next[which] = timeOf(which)
    else {
      const last = heap.pop()!
      if (heap.length === 0) return
      heap[0] = last
    }
    sink(0)
  }
}
