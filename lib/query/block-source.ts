import { decodeBlock } from '../codec/block.ts'
import { decodeTsuid } from '../codec/tsuid.ts'
import type { UidWidths } from '../model/series.ts'
import type { DataStore, ShelfHour } from '../store/data.ts'
import { type LayoutHistory, type LayoutStore, layoutAt, shelvesOfMetric } from '../store/layout.ts'
import { mapParallel } from '../store/parallel.ts'
import { mergePieces, type Piece } from './merge.ts'
import type { ScanRange } from './range.ts'
import type { ReadBudget, SeriesSource, StoredSeries } from './series.ts'

/** Requests to the store at a time: enough to hide its latency, few enough not to be throttled. */
const READS_AT_A_TIME = 24

/** Seconds of the ledger that are read at a time, so that a range of thousands of years ends with the query's time. */
const LEDGER_SLICE_S = 366 * 86_400

/** The parts of the store that reading needs. */
export interface ReadableStore {
  readonly data: Pick<DataStore, 'readLedger' | 'readBlocks'>
  readonly layout: Pick<LayoutStore, 'readLayout'>
}

/** The pieces of a series as blocks are read, or undefined for a series that is not wanted. */
type Gathered = Map<string, { tsuid: Uint8Array; tags: StoredSeries['tags']; pieces: Piece[] } | undefined>

/** Reads series from the blocks of the hours that the ledger names. */
export class BlockSeriesSource implements SeriesSource {
  readonly #store: ReadableStore
  readonly #widths: UidWidths

  constructor(store: ReadableStore, widths: UidWidths) {
    this.#store = store
    this.#widths = widths
  }

  async read(
    metric: number,
    range: ScanRange,
    wanted: (tags: StoredSeries['tags']) => boolean,
    budget: ReadBudget,
  ): Promise<StoredSeries[]> {
    const gathered: Gathered = new Map()
    await mapParallel(await this.#plan(metric, range, budget), READS_AT_A_TIME, async ({ shelf, baseTime }) => {
      for (const bytes of await this.#store.data.readBlocks(shelf, baseTime)) {
        budget.bytes(bytes.length)
        this.#gather(bytes, metric, gathered, wanted, budget)
      }
    })
    const series = [...gathered.values()].filter((one) => one !== undefined)
    series.sort((a, b) => Buffer.compare(a.tsuid, b.tsuid))
    return series.map(({ tsuid, tags, pieces }) => ({ tsuid, tags, points: mergePieces(pieces) }))
  }

  /** The hours that hold blocks, of the shelves that a metric's series lie on in that hour. */
  async #plan(metric: number, range: ScanRange, budget: ReadBudget): Promise<ShelfHour[]> {
    const history = await this.#store.layout.readLayout()
    const shelves = shelvesInRange(history, metric, range)
    const plan: ShelfHour[] = []
    for (let from = range.from; from < range.to; from += LEDGER_SLICE_S) {
      budget.time()
      const to = Math.min(from + LEDGER_SLICE_S, range.to)
      for (const [baseTime, hours] of await this.#store.data.readLedger(shelves, from, to - 1)) {
        // the ledger answers whole days
        if (baseTime < from || baseTime >= to) continue
        const holding = new Set(shelvesOfMetric(layoutAt(history, baseTime), metric))
        for (const { shelf } of hours) if (holding.has(shelf)) plan.push({ shelf, baseTime })
      }
    }
    return plan
  }

  #gather(
    bytes: Uint8Array,
    metric: number,
    gathered: Gathered,
    wanted: (tags: StoredSeries['tags']) => boolean,
    budget: ReadBudget,
  ): void {
    const block = decodeBlock(bytes, { metric })
    for (const found of block.series) {
      const { tsuid } = found
      const key = Buffer.from(tsuid.buffer, tsuid.byteOffset, tsuid.byteLength).toString('latin1')
      let series = gathered.get(key)
      if (series === undefined && !gathered.has(key)) {
        const { tags } = decodeTsuid(tsuid, this.#widths)
        series = wanted(tags) ? { tsuid, tags, pieces: [] } : undefined
        gathered.set(key, series)
        if (series !== undefined) budget.series(1)
      }
      if (series === undefined) continue
      // Points are cut out of the block's columns when they are first asked for.
      const { points, sources } = found
      budget.points(points.count)
      series.pieces.push({ points, sources, origins: block.sources })
    }
  }
}

/** The shelves that a metric's series lie on in any hour of a range. */
function shelvesInRange(history: LayoutHistory, metric: number, range: ScanRange): number[] {
  const shelves = new Set(shelvesOfMetric(layoutAt(history, range.from), metric))
  for (const layout of history) {
    if (layout.fromHour <= range.from || layout.fromHour >= range.to) continue
    for (const shelf of shelvesOfMetric(layout, metric)) shelves.add(shelf)
  }
  return [...shelves].sort((a, b) => a - b)
}
