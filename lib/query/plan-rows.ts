import type { Posting } from '../codec/postings.ts'
import { decodeTsuid } from '../codec/tsuid.ts'
import type { UidWidths } from '../model/series.ts'
import { chunksOf } from '../store/parallel.ts'
import type { FoundSeries } from '../store/postings.ts'
import type { TagConstraint } from '../store/postings-pages.ts'
import type { SeriesIndex } from '../store/series-index.ts'
import type { StoredSeries } from './series.ts'

const DAY_S = 86_400

/** DynamoDB's read unit for a strongly consistent read; the other reads cost half. */
const UNIT_BYTES = 4096
const KEYS_PER_BATCH_GET = 100
const BATCH_GET_BYTES = 16 * 2 ** 20
const QUERY_PAGE_BYTES = 2 ** 20

/**
 * What a request costs besides its read units, in read units: a millisecond of the function's processor has the price of
 * about a fifth of one, and waiting the rest.
 */
const UNITS_A_REQUEST = 0.25

/** Bytes of a row's key and attribute names. */
const ROW_OVERHEAD_BYTES = 60

/** Bytes of a row where nothing better is known: an hour of a point every ten seconds, encoded. */
export const TYPICAL_ROW_BYTES = 300

/** Rows that a block of the plan holds at most where it is read by key; bounds the memory of reading it. */
const KEYS_PER_BLOCK = 1000

/** What a read costs. */
export interface ReadCost {
  readonly units: number
  /** Where requests are shared, a fraction. */
  readonly requests: number
}

/** An hour whose rows are to be read. */
export interface RowHour {
  /** Seconds since 1970, the hour's start. */
  readonly baseTime: number
  /** Partitions that the rows of a metric's hour are spread over. */
  readonly saltBuckets: number
  /** Whether its rows are read strongly consistently, for twice the units. */
  readonly consistent: boolean
}

/** Rows to be read in one go. */
export interface RowBlock {
  readonly read: 'exact' | 'range'
  /** Hours, in seconds since 1970; one where a range is read. */
  readonly baseTimes: readonly number[]
  /** The series wanted; undefined, where a range is read: every one. */
  readonly tsuids: readonly Uint8Array[] | undefined
  readonly consistent: boolean
}

/** What was chosen, for people who ask what a query costs. */
export interface PlanStats {
  /** Series wanted; undefined: every series of the metric, uncounted. */
  readonly series: number | undefined
  /** Series of the metric; undefined where nobody counted. */
  readonly seriesOfMetric: number | undefined
  /** Hours whose rows are read by their keys. */
  readonly exactHours: number
  /** Hours of which all rows of the metric are read. */
  readonly rangeHours: number
  /** Rows asked for by key. */
  readonly keys: number
  /** Read units and requests, estimated; of the hours read by range only where the metric's series were counted. */
  readonly estimated: ReadCost
}

/** How the rows of a query are read. */
export interface RowPlan {
  readonly blocks: readonly RowBlock[]
  readonly stats: PlanStats
}

/** What rows a query wants. */
export interface RowRequest {
  /** UID. */
  readonly metric: number
  /** What the index can tell of the series wanted, one for a tag key; none: nothing. */
  readonly constraints: readonly TagConstraint[]
  /** What can be told from a series' tags, as UIDs. */
  readonly wanted: (tags: StoredSeries['tags']) => boolean
  /** Looks at the names of those that `wanted` takes. @default takes all */
  readonly accept?: (series: readonly TaggedSeries[]) => Promise<readonly TaggedSeries[]>
  /** Ascending. */
  readonly hours: readonly RowHour[]
  /** Bytes of a row's value, about. @default TYPICAL_ROW_BYTES */
  readonly rowBytes?: number
}

/** A series that may be wanted. */
export interface TaggedSeries extends Posting {
  readonly tags: StoredSeries['tags']
}

/** What reading rows by their keys costs: each key at least the smallest read, also where there is no row. */
export function exactCost(keys: number, rowBytes: number, consistent: boolean): ReadCost {
  const bytes = rowBytes + ROW_OVERHEAD_BYTES
  return {
    units: keys * Math.ceil(bytes / UNIT_BYTES) * (consistent ? 1 : 0.5),
    requests: Math.max(keys / KEYS_PER_BATCH_GET, (keys * bytes) / BATCH_GET_BYTES),
  }
}

/** What reading all rows of a metric's hour costs: their bytes, at least the smallest read for each partition. */
export function rangeCost(series: number, rowBytes: number, saltBuckets: number, consistent: boolean): ReadCost {
  const bytes = series * (rowBytes + ROW_OVERHEAD_BYTES)
  return {
    units: Math.max(saltBuckets, bytes / UNIT_BYTES) * (consistent ? 1 : 0.5),
    requests: Math.max(saltBuckets, Math.ceil(bytes / QUERY_PAGE_BYTES)),
  }
}

function isLess(a: ReadCost, b: ReadCost): boolean {
  return a.units + a.requests * UNITS_A_REQUEST < b.units + b.requests * UNITS_A_REQUEST
}

/**
 * Decides hour by hour whether rows are read by key or by range. Each hour's candidates are the series whose days include
 * it; as many of the metric's other series are taken to live then.
 * @param found the series wanted, and how many the metric has
 * @param hours ascending
 * @param rowBytes of a row's value, about
 */
export function chooseReads(found: FoundSeries, hours: readonly RowHour[], rowBytes: number): RowPlan {
  const runs: { hours: RowHour[]; tsuids: readonly Uint8Array[]; exact: boolean }[] = []
  const livingOf = livingByDay(found.series)
  let [units, requests, keys, exactHours] = [0, 0, 0, 0]
  for (const hour of hours) {
    const tsuids = livingOf(Math.floor(hour.baseTime / DAY_S))
    if (tsuids.length === 0) continue
    const others = Math.ceil((found.total * tsuids.length) / found.series.length)
    const byKey = exactCost(tsuids.length, rowBytes, hour.consistent)
    const byRange = rangeCost(Math.max(tsuids.length, others), rowBytes, hour.saltBuckets, hour.consistent)
    const exact = !isLess(byRange, byKey)
    const cost = exact ? byKey : byRange
    units += cost.units
    requests += cost.requests
    if (exact) {
      exactHours++
      keys += tsuids.length
    }
    const last = runs.at(-1)
    if (last?.exact && exact && last.tsuids === tsuids && last.hours[0]?.consistent === hour.consistent)
      last.hours.push(hour)
    else runs.push({ hours: [hour], tsuids, exact })
  }
  return {
    blocks: runs.flatMap(({ hours: own, tsuids, exact }) =>
      exact ? exactBlocks(own, tsuids) : rangeBlocks(own, tsuids),
    ),
    stats: {
      series: found.series.length,
      seriesOfMetric: found.total,
      exactHours,
      rangeHours: runs.reduce((sum, run) => sum + (run.exact ? 0 : run.hours.length), 0),
      keys,
      estimated: { units, requests: Math.ceil(requests) },
    },
  }
}

/** @returns for a day since 1970 the series that may have points in it, the same list while it is the same series */
function livingByDay(series: readonly Posting[]): (day: number) => readonly Uint8Array[] {
  const all = series.map(({ tsuid }) => tsuid)
  let known: { day: number; living: readonly Uint8Array[] } = { day: -1, living: all }
  return (day) => {
    if (known.day === day) return known.living
    const living = series.filter(({ firstDay, lastDay }) => firstDay <= day && day <= lastDay).map(({ tsuid }) => tsuid)
    const same = living.length === known.living.length && living.every((tsuid, i) => tsuid === known.living[i])
    known = { day, living: same ? known.living : living }
    return known.living
  }
}

function exactBlocks(hours: readonly RowHour[], tsuids: readonly Uint8Array[]): RowBlock[] {
  const consistent = hours[0]?.consistent ?? true
  return chunksOf(tsuids, KEYS_PER_BLOCK).flatMap((some) =>
    chunksOf(hours, Math.max(1, Math.floor(KEYS_PER_BLOCK / some.length))).map((few) => ({
      read: 'exact' as const,
      baseTimes: few.map(({ baseTime }) => baseTime),
      tsuids: some,
      consistent,
    })),
  )
}

function rangeBlocks(hours: readonly RowHour[], tsuids: readonly Uint8Array[] | undefined): RowBlock[] {
  return hours.map(({ baseTime, consistent }) => ({ read: 'range', baseTimes: [baseTime], tsuids, consistent }))
}

/**
 * Plans how the rows of a query are read. What is asked of all series of a metric is read by range without a look at the
 * index; otherwise the index names the candidates, and by what they would cost their rows are read by key or by range.
 * @throws StoreUnavailableError
 */
export async function planRows(
  index: Pick<SeriesIndex, 'find'>,
  widths: UidWidths,
  request: RowRequest,
): Promise<RowPlan> {
  const { metric, constraints, wanted, accept, hours, rowBytes = TYPICAL_ROW_BYTES } = request
  if (hours.length === 0 || constraints.length === 0) {
    return {
      blocks: rangeBlocks(hours, undefined),
      stats: {
        series: undefined,
        seriesOfMetric: undefined,
        exactHours: 0,
        rangeHours: hours.length,
        keys: 0,
        estimated: { units: 0, requests: hours.reduce((sum, { saltBuckets }) => sum + saltBuckets, 0) },
      },
    }
  }
  const { series, total } = await index.find(metric, constraints)
  const candidates = series
    .map((posting): TaggedSeries => ({ ...posting, tags: decodeTsuid(posting.tsuid, widths).tags }))
    .filter(({ tags }) => wanted(tags))
  const accepted = accept === undefined ? candidates : await accept(candidates)
  return chooseReads({ series: accepted, total }, hours, rowBytes)
}
