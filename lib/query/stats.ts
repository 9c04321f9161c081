import type { QueryUsage, SubQueryUsage } from './budget.ts'
import type { QueryAnswer } from './run.ts'

/**
 * What a sub-query used, for people. Has OpenTSDB's names where it counts the same thing; times are milliseconds.
 * `dpsPostFilter` is `dpsPreFilter` here: points of series that filters leave out are not decoded.
 */
export function statsOf(usage: SubQueryUsage): Readonly<Record<string, unknown>> {
  return {
    queryIndex: usage.index,
    rowsPreFilter: usage.rows,
    dpsPreFilter: usage.points,
    dpsPostFilter: usage.points,
    emittedDPs: usage.emittedPoints,
    seriesRead: usage.series,
    seriesEmitted: usage.emittedSeries,
    blocksRead: usage.blocks,
    bytesRead: usage.bytes,
    readUnits: usage.readUnits,
    requests: usage.requests,
    uidToStringTime: rounded(usage.ms.names),
    queryScanTime: rounded(usage.ms.read),
    aggregationTime: rounded(usage.ms.compute),
    plan: {
      hoursInBlocks: usage.blockHours,
      hoursByKey: usage.plans.reduce((sum, { exactHours }) => sum + exactHours, 0),
      hoursByRange: usage.plans.reduce((sum, { rangeHours }) => sum + rangeHours, 0),
      rows: usage.plans,
    },
  }
}

/**
 * What a whole query used: sums, and under `queryIdx_00` and so on each sub-query's.
 * @param serialiseMs milliseconds that writing the answer took
 */
export function summaryOf({ results, usage }: QueryAnswer, serialiseMs: number): Readonly<Record<string, unknown>> {
  const ms = phasesOf(usage)
  return {
    rowsPreFilter: usage.rows,
    dpsPreFilter: usage.points,
    dpsPostFilter: usage.points,
    emittedDPs: results.reduce((total, { points }) => total + points.count, 0),
    seriesRead: usage.series,
    seriesEmitted: results.length,
    dpsRead: usage.points,
    blocksRead: usage.blocks,
    bytesRead: usage.bytes,
    readUnits: usage.readUnits,
    requests: usage.requests,
    uidToStringTime: rounded(ms.names),
    queryScanTime: rounded(ms.read),
    aggregationTime: rounded(ms.compute),
    serializationTime: rounded(serialiseMs),
    totalTime: rounded(usage.ms + serialiseMs),
    rowReads: usage.plans,
    ...Object.fromEntries(
      usage.queries.map((query) => [`queryIdx_${String(query.index).padStart(2, '0')}`, statsOf(query)]),
    ),
  }
}

/** Milliseconds of all sub-queries by phase. */
export function phasesOf({ queries }: QueryUsage): SubQueryUsage['ms'] {
  const ms = { names: 0, read: 0, compute: 0 }
  for (const query of queries) {
    ms.names += query.ms.names
    ms.read += query.ms.read
    ms.compute += query.ms.compute
  }
  return ms
}

/** To a microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
