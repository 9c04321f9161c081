import { tsuidFromHex, tsuidToHex } from '../codec/tsuid.ts'
import { CorruptDataError } from '../model/errors.ts'
import type { SeriesIndex } from '../store/series-index.ts'
import type { UidTable } from '../uid/table.ts'
import { BadTreeError } from './errors.ts'
import { plantAll } from './live.ts'
import type { CompiledTree } from './place.ts'
import { type PlantableStore, Planter } from './plant.ts'
import type { NamesStore } from './series.ts'

/** Metrics whose names are looked up at a time. */
const METRICS_PER_STEP = 100

/** Series that are planted at a time. */
const SERIES_PER_STEP = 500

/** What a rebuild works with. */
export interface RebuildStore extends NamesStore {
  readonly trees: PlantableStore
  readonly index: Pick<SeriesIndex, 'find'>
  readonly uidTable: Pick<UidTable, 'given' | 'namesOf'>
}

/** How far a rebuild has come: a part of it is done, the rest begins at the cursor. */
export interface RebuildPart {
  /** Series looked at in this part. */
  readonly series: number
  /** Leaves in this part, over all trees: series that are in a tree now. */
  readonly matched: number
  /** Series that are not in a tree, over all trees. */
  readonly notMatched: number
  /** Metrics done since the beginning, and how many there are. */
  readonly metricsDone: number
  readonly metrics: number
  /** Where to go on; undefined: everything is done. */
  readonly cursor: string | undefined
}

/** Where a rebuild goes on: at a metric, behind one of its series. */
interface Place {
  readonly metric: number
  readonly after: Uint8Array | undefined
}

/**
 * Puts series that there are into trees, metric by metric in order of UIDs, as if they were new. May be done again, from any
 * cursor, and while new series come in.
 * @param cursor of the part before; undefined: from the beginning
 * @param outOfTime asked after each step; at least one is made
 * @throws BadTreeError for a cursor that is none, StoreUnavailableError
 */
export async function rebuildTrees(
  store: RebuildStore,
  trees: readonly CompiledTree[],
  cursor: string | undefined,
  outOfTime: () => boolean,
): Promise<RebuildPart> {
  const start = parseCursor(cursor)
  const planter = new Planter(store.trees)
  const metrics = await store.uidTable.given('metric')
  let [series, matched, notMatched] = [0, 0, 0]
  const partUpTo = (place: Place | undefined): RebuildPart => ({
    series,
    matched,
    notMatched,
    metricsDone: (place?.metric ?? metrics + 1) - 1,
    metrics,
    cursor: place === undefined ? undefined : writeCursor(place),
  })
  for (let first = start.metric; first <= metrics; first += METRICS_PER_STEP) {
    for (const metric of await namedMetrics(store, first, Math.min(first + METRICS_PER_STEP - 1, metrics))) {
      if (outOfTime() && metric > start.metric) return partUpTo({ metric, after: undefined })
      const after = metric === start.metric ? start.after : undefined
      const { series: found } = await store.index.find(metric, [])
      const tsuids = found
        .map(({ tsuid }) => tsuid)
        .filter((one) => after === undefined || Buffer.compare(one, after) > 0)
      for (let from = 0; from < tsuids.length; from += SERIES_PER_STEP) {
        const step = tsuids.slice(from, from + SERIES_PER_STEP)
        for (const planted of await plantAll(store, planter, trees, step)) {
          matched += planted.matched
          notMatched += planted.notMatched
        }
        series += step.length
        if (outOfTime() && from + SERIES_PER_STEP < tsuids.length) return partUpTo({ metric, after: step.at(-1) })
      }
    }
  }
  return partUpTo(undefined)
}

/** Those of a range of metric UIDs that have a name, ascending. */
async function namedMetrics({ uidTable }: RebuildStore, first: number, last: number): Promise<number[]> {
  const uids = Array.from({ length: last - first + 1 }, (_, i) => first + i)
  const names = await uidTable.namesOf('metric', uids)
  return uids.filter((uid) => names.has(uid))
}

function writeCursor({ metric, after }: Place): string {
  return after === undefined ? String(metric) : `${metric}:${tsuidToHex(after)}`
}

function parseCursor(text: string | undefined): Place {
  if (text === undefined) return { metric: 1, after: undefined }
  const [, metric = '', after] = /^(\d{1,15})(?::([0-9A-F]+))?$/.exec(text) ?? []
  try {
    if (metric !== '') return { metric: Number(metric), after: after === undefined ? undefined : tsuidFromHex(after) }
  } catch (error) {
    if (!(error instanceof CorruptDataError)) throw error
  }
  throw new BadTreeError('cursor', `Invalid cursor: ${text}`, 'It must be what the part before answered')
}
