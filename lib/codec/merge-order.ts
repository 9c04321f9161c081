/**
 * The order of points that lie in runs one behind the other, each run in order of time, with one point for each time.
 *
 * Pairs of neighbouring runs are merged until one is left: an hour's runs are few and hardly overlap, which sorting all points
 * would take ten times as long for.
 * @param times of all points
 * @param starts index of each run's first point, ascending, the first 0
 * @param compare which of two points of one time comes later and is kept: above 0 where the first does
 * @returns indexes of the points kept, ascending by time
 */
export function mergeOrder(
  times: Float64Array,
  starts: readonly number[],
  compare: (a: number, b: number) => number,
): Uint32Array {
  const count = times.length
  let order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = i
  let merged = new Uint32Array(count)
  let runs = starts
  while (runs.length > 1) {
    const next: number[] = []
    for (let run = 0; run < runs.length; run += 2) {
      const from = runs[run]!
      const middle = runs[run + 1] ?? count
      next.push(from)
      mergeRuns(times, order, { from, middle, to: runs[run + 2] ?? count }, merged, compare)
    }
    runs = next
    ;[order, merged] = [merged, order]
  }
  let kept = 0
  for (let i = 0; i < count; i++) {
    const index = order[i]!
    if (i + 1 === count || times[index]! !== times[order[i + 1]!]!) order[kept++] = index
  }
  return order.subarray(0, kept)
}

/** Merges the runs `from` to `middle` and `middle` to `to` of `order` into the same places of `merged`. */
function mergeRuns(
  times: Float64Array,
  order: Uint32Array,
  { from, middle, to }: { readonly from: number; readonly middle: number; readonly to: number },
  merged: Uint32Array,
  compare: (a: number, b: number) => number,
): void {
  let at = from
  let left = from
  let right = middle
  while (left < middle && right < to) {
    const a = order[left]!
    const b = order[right]!
    const difference = times[a]! - times[b]!
    const isLeft = difference < 0 || (difference === 0 && compare(a, b) <= 0)
    merged[at++] = isLeft ? a : b
    if (isLeft) left++
    else right++
  }
  while (left < middle) merged[at++] = order[left++]!
  while (right < to) merged[at++] = order[right++]!
}
