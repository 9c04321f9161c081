import type { ResolvedBatch } from './group.ts'
import type { NotedDays, ResolvedSeries } from './series-resolver.ts'

const DAY_MS = 86_400_000

/** Each series that has points, with the first and the last day of them. @param series by the number that the records call them */
export function withDays(
  records: readonly { readonly batches: readonly Omit<ResolvedBatch, 'source'>[] }[],
  series: readonly ResolvedSeries[],
): [ResolvedSeries, NotedDays][] {
  const first = new Float64Array(series.length).fill(Number.POSITIVE_INFINITY)
  const last = new Float64Array(series.length).fill(Number.NEGATIVE_INFINITY)
  for (const { batches } of records) {
    for (const { batch, seriesIds } of batches) {
      const { count, times } = batch.points
      for (let i = 0; i < count; i++) {
        const id = seriesIds[batch.seriesOf[i]!]!
        if (id < 0) continue
        const time = times[i]!
        if (time < first[id]!) first[id] = time
        if (time > last[id]!) last[id] = time
      }
    }
  }
  const days: [ResolvedSeries, NotedDays][] = []
  for (const [id, one] of series.entries()) {
    if (first[id]! <= last[id]!) days.push([one, { firstDay: dayOf(first[id]!), lastDay: dayOf(last[id]!) }])
  }
  return days
}

/** @param timeMs milliseconds since 1970 */
function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}
