import type { Verdict } from './check.ts'
import type { OverloadResult } from './overload.ts'
import type { SteadyResult } from './run.ts'
import type { Interval } from './steady.ts'

/** Shorter runs say nothing of memory: functions are still being compiled and caches filled. */
const JUDGED_FROM_S = 600
/** Part by which memory may grow from the run's second quarter to its last; garbage collection lets it go up and down by about as much. */
const MOST_GROWTH = 0.15

/** Whether memory stayed as it was in a run; unknown of one that is too short to tell. */
export function memoryOf(
  intervals: readonly Pick<Interval, 'fromS' | 'seconds' | 'health'>[],
): 'flat' | 'grows' | 'unknown' {
  const last = intervals.at(-1)
  const endS = last === undefined ? 0 : last.fromS + last.seconds
  if (endS < JUDGED_FROM_S) return 'unknown'
  // By time: the last interval may be of a moment alone.
  const mean = (fromS: number, toS: number) => {
    let [megabyteSeconds, seconds] = [0, 0]
    for (const { fromS: from, seconds: length, health } of intervals) {
      const shared = Math.max(0, Math.min(toS, from + length) - Math.max(fromS, from))
      if (health === undefined) continue
      megabyteSeconds += health.rssMb * shared
      seconds += shared
    }
    return megabyteSeconds / seconds
  }
  const [before, after] = [mean(endS / 4, endS / 2), mean((endS * 3) / 4, endS)]
  return after > before * (1 + MOST_GROWTH) ? 'grows' : 'flat'
}

/** What was not as it should be under a steady load. */
export function steadyFaults(result: SteadyResult): string[] {
  const faults = pointFaults(result.verdict)
  if (result.errors.length > 0) faults.push(`${result.errors.length} requests failed; the first: ${result.errors[0]}`)
  if (memoryOf(result.intervals) === 'grows') faults.push('The server takes more and more memory')
  return faults
}

/** What was not as it should be under an overload and after it. */
export function overloadFaults(result: OverloadResult & { readonly verdict: Verdict }): string[] {
  const faults = pointFaults(result.verdict)
  const strange = result.puts.countBut(200, 204, 429, 503) + result.queries.countBut(200, 429, 503)
  if (strange > 0) faults.push(`${strange} requests were neither answered nor refused with 429 or 503`)
  if (result.refusedWithoutRetryAfter > 0) {
    faults.push(`${result.refusedWithoutRetryAfter} refusals did not say when to come again`)
  }
  if (result.recoveredMs === undefined) faults.push('The server did not recover')
  return faults
}

function pointFaults({ lost, wrong }: Verdict): string[] {
  const faults: string[] = []
  if (lost > 0) faults.push(`${lost} points that were acknowledged can't be read`)
  if (wrong > 0) faults.push(`${wrong} points can be read that were not sent so`)
  return faults
}
