import { latin1 } from '../codec/bytes.ts'
import { mergePieces, type Piece, pieceOfRecord } from '../codec/merge.ts'
import { decodeTsuid, hashTsuid } from '../codec/tsuid.ts'
import type { CacheCounts } from '../model/cache-counts.ts'
import { visiblePoints } from '../model/pick-points.ts'
import type { PointColumns } from '../model/points.ts'
import type { UidWidths } from '../model/series.ts'
import { type LayoutHistory, layoutAt, type ShelfLayout, shelfOf, shelvesOfMetric } from '../store/layout.ts'
import type { LayoutStore } from '../store/layout-store.ts'
import type { Ledger, LedgerHour } from '../store/ledger.ts'
import { mapParallel } from '../store/parallel.ts'
import type { TagConstraint } from '../store/postings-pages.ts'
import type { RowStore, StoredRow } from '../store/rows.ts'
import type { SeriesIndex } from '../store/series-index.ts'
import { type AskedAhead, CachedBlocks, type ReadableBlocks } from './cached-blocks.ts'
import { CachedIndex } from './cached-index.ts'
import { CachedRows, rowVersion } from './cached-rows.ts'
import type { BlockHour } from './hour-blocks.ts'
import type { SeriesPieces } from './metric-hour.ts'
import { planRows, type RowHour } from './plan-rows.ts'
import type { ScanRange } from './range.ts'
import type { IndexSelection, ReadBudget, SeriesSource, StoredSeries } from './series.ts'

/** Requests to the store at a time: enough to hide its latency, few enough not to be throttled. */
const READS_AT_A_TIME = 24

/** Seconds of the ledger that are read at a time, so that a range of thousands of years ends with the query's time. */
const LEDGER_SLICE_S = 366 * 86_400

/** Seconds of a range from which on it is worth asking first which days have points at all: three requests. */
const LISTED_FROM_S = 64 * 86_400

/**
 * Milliseconds after an hour's last sealing within which its rows are read strongly consistently. DynamoDB's other reads lag
 * by a second or so, without a bound that it promises; they cost half.
 */
const SETTLED_AFTER_MS = 600_000

/** The parts of the store that reading needs. */
export interface ReadableStore {
  readonly data: ReadableBlocks
  readonly ledger: Pick<Ledger, 'readLedger' | 'readDayList'>
  readonly rows: Pick<RowStore, 'readRowsExact' | 'readRowsRange'>
  readonly index: Pick<SeriesIndex, 'find'>
  readonly layout: Pick<LayoutStore, 'readLayout'>
}

/** Series as their pieces are read, undefined for those that are not wanted. */
type Gathered = Map<string, GatheredSeries | undefined>

/**
 * A series whose points are decoded and merged when they are asked for, each time: until then it takes the bytes that were
 * read, about one a point, and not the columns of all series at once.
 */
class GatheredSeries implements StoredSeries {
  readonly tsuid: Uint8Array
  readonly tags: StoredSeries['tags']
  readonly pieces: (() => Piece)[] = []
  readonly #reading: Reading

  constructor(tsuid: Uint8Array, tags: StoredSeries['tags'], reading: Reading) {
    this.tsuid = tsuid
    this.tags = tags
    this.#reading = reading
  }

  get points(): PointColumns {
    const { budget, nowS, values } = this.#reading
    budget.time()
    const merged = mergePieces(
      this.pieces.map((piece) => {
        const decoded = piece()
        budget.points(decoded.points.count)
        return decoded
      }),
    )
    return visiblePoints(merged, nowS, values === 'numbers')
  }
}

/** An hour of which a metric has points, or may have: its shelves as the ledger says. */
interface PlannedHour {
  readonly baseTime: number
  readonly layout: ShelfLayout
  readonly shelves: readonly LedgerHour[]
}

/** What one call of read works on. */
interface Reading {
  readonly metric: number
  readonly wanted: (tags: StoredSeries['tags']) => boolean
  readonly budget: ReadBudget
  readonly gathered: Gathered
  /** Seconds since 1970: points whose time has come by then are not seen. */
  readonly nowS: number
  readonly values: SeenValues
}

/** Which values a reader sees: OpenTSDB knows numbers alone. */
export type SeenValues = 'numbers' | 'all'

/** Reads series from where the ledger says that their points are: the blocks of open hours, the rows of sealed ones, or both. */
export class StoredSeriesSource implements SeriesSource {
  readonly #store: ReadableStore
  readonly #widths: UidWidths
  readonly #clock: () => number
  readonly #blocks: CachedBlocks
  readonly #index: CachedIndex
  readonly #rows: CachedRows
  readonly #values: SeenValues

  /** Of answers of the series index, of blocks of open hours, and of sealed hours' rows. */
  get cacheCounts(): Readonly<Record<'index' | 'blocks' | 'rows', Readonly<CacheCounts>>> {
    return { index: this.#index.cacheCounts, blocks: this.#blocks.cacheCounts, rows: this.#rows.cacheCounts }
  }

  /**
   * @param clock milliseconds since 1970
   * @param values whether texts are read too
   */
  constructor(store: ReadableStore, widths: UidWidths, clock: () => number = Date.now, values: SeenValues = 'numbers') {
    this.#store = store
    this.#widths = widths
    this.#clock = clock
    this.#blocks = new CachedBlocks(store.data, { clock })
    this.#index = new CachedIndex(store.index, clock)
    this.#rows = new CachedRows(store.rows, clock)
    this.#values = values
  }

  async read(
    metric: number,
    range: ScanRange,
    wanted: (tags: StoredSeries['tags']) => boolean,
    budget: ReadBudget,
    selection?: IndexSelection,
  ): Promise<StoredSeries[]> {
    const nowS = this.#clock() / 1000
    const reading: Reading = { metric, wanted, budget, gathered: new Map(), nowS, values: this.#values }
    const history = await this.#store.layout.readLayout(range)
    const shelves = shelvesInRange(history, metric, range)
    const ahead = this.#blocks.askAhead(shelves, range, READS_AT_A_TIME)
    const hours = await this.#plan(reading, range, history, shelves)
    // What is in blocks first, the rows last. A seal that comes in between has put into the rows what the blocks held; the
    // other way round it could take a point from where it is looked for next to where nobody looks any more.
    const inBlocks = hours.flatMap(({ shelves }) => shelves.filter(({ state }) => state !== 'sealed'))
    await mapParallel(inBlocks, READS_AT_A_TIME, (hour) => this.#readBlocks(hour, reading, ahead))
    await this.#readRows(hours, reading, selection)
    const series = [...reading.gathered.values()].filter((one) => one !== undefined)
    series.sort((a, b) => Buffer.compare(a.tsuid, b.tsuid))
    return series
  }

  /** The hours that the ledger names, with those of their shelves that the metric's series lie on. */
  async #plan(
    { metric, budget }: Reading,
    range: ScanRange,
    history: LayoutHistory,
    shelves: readonly number[],
  ): Promise<PlannedHour[]> {
    const { ledger } = this.#store
    const isLong = range.to - range.from > LISTED_FROM_S
    const list = isLong ? await ledger.readDayList(shelves, range.from, range.to - 1) : undefined
    const plan: PlannedHour[] = []
    for (let from = range.from; from < range.to; from += LEDGER_SLICE_S) {
      budget.time()
      const to = Math.min(from + LEDGER_SLICE_S, range.to)
      for (const [baseTime, hours] of await ledger.readLedger(shelves, from, to - 1, list)) {
        // the ledger answers whole days
        if (baseTime < from || baseTime >= to) continue
        const layout = layoutAt(history, baseTime)
        const holding = new Set(shelvesOfMetric(layout, metric))
        const own = hours.filter(({ shelf }) => holding.has(shelf))
        if (own.length > 0) plan.push({ baseTime, layout, shelves: own })
      }
    }
    return plan
  }

  /** Reads what the ledger says of a shelf's hour is in blocks. */
  async #readBlocks(hour: LedgerHour, reading: Reading, ahead: AskedAhead): Promise<void> {
    const { budget, metric } = reading
    let blocks = 0
    const onBlocks = (count: number, bytes: number) => {
      blocks += count
      budget.bytes(bytes)
    }
    const found = await this.#blocks.readHour(blocksOf(hour), metric, onBlocks, ahead)
    for (const some of found) this.#gatherAll(reading, some)
    budget.blocks?.(blocks)
  }

  #gatherAll(reading: Reading, { tsuids, pieceAt }: SeriesPieces): void {
    for (const [i, tsuid] of tsuids.entries()) this.#gather(reading, tsuid, () => pieceAt(i))
  }

  /** Reads the rows of the hours that were sealed, by key or by range. */
  async #readRows(hours: readonly PlannedHour[], reading: Reading, selection?: IndexSelection): Promise<void> {
    const { metric, wanted, budget } = reading
    const sealed = new Map<number, PlannedHour>()
    const rowHours: RowHour[] = []
    let sealedAt = 0
    for (const hour of hours) {
      const inRows = hour.shelves.filter(({ state }) => state !== 'open')
      if (inRows.length === 0) continue
      for (const shelf of inRows) if (shelf.state === 'sealed') this.#blocks.forget(shelf)
      const settled = inRows.every(({ roundEndedAt }) => this.#clock() - roundEndedAt >= SETTLED_AFTER_MS)
      sealedAt = inRows.reduce((latest, { roundEndedAt }) => Math.max(latest, roundEndedAt), sealedAt)
      sealed.set(hour.baseTime, { ...hour, shelves: inRows })
      rowHours.push({ baseTime: hour.baseTime, saltBuckets: hour.layout.saltBuckets, consistent: !settled })
    }
    if (rowHours.length === 0) return
    const index = {
      find: (metric: number, constraints: readonly TagConstraint[]) => this.#index.find(metric, constraints, sealedAt),
    }
    const { blocks, stats } = await planRows(index, this.#widths, {
      metric,
      constraints: selection?.constraints ?? [],
      wanted,
      ...(selection === undefined ? {} : { accept: selection.accept }),
      hours: rowHours,
      ...rowSizeOf([...sealed.values()].flatMap(({ shelves }) => shelves)),
    })
    budget.planned?.(stats)
    const versions = new Map([...sealed].map(([baseTime, { shelves }]) => [baseTime, rowVersion(shelves)]))
    // Counted as they come: an hour of a metric may have more series than memory has room for.
    const onRead = (bytes: number) => budget.bytes(bytes)
    await mapParallel(blocks, READS_AT_A_TIME, async (block) => {
      for (const row of await this.#rows.read(metric, block, versions, onRead)) {
        const hour = sealed.get(row.baseTime)
        if (hour !== undefined) this.#gatherRow(reading, hour, row)
      }
    })
  }

  /** @param hour with its sealed shelves alone */
  #gatherRow(reading: Reading, { layout, shelves }: PlannedHour, stored: StoredRow): void {
    const { tsuid } = stored
    // A row of an open shelf was left by a seal that is under way; its blocks have been read.
    const own = shelfOf(layout, reading.metric, hashTsuid(tsuid))
    if (!shelves.some(({ shelf }) => shelf === own)) return
    reading.budget.row?.()
    this.#gather(reading, tsuid, () => {
      const { points, newest } = stored.row
      return pieceOfRecord(points, newest)
    })
  }

  #gather(reading: Reading, tsuid: Uint8Array, piece: () => Piece): void {
    const { gathered, wanted, budget } = reading
    const key = latin1(tsuid)
    let series = gathered.get(key)
    if (series === undefined && !gathered.has(key)) {
      const { tags } = decodeTsuid(tsuid, this.#widths)
      series = wanted(tags) ? new GatheredSeries(tsuid, tags, reading) : undefined
      gathered.set(key, series)
      if (series !== undefined) budget.series(1)
    }
    series?.pieces.push(piece)
  }
}

/** The blocks of an hour that its rows do not hold. */
function blocksOf({ shelf, baseTime, state, earliestLate, rounds }: LedgerHour): BlockHour {
  if (state !== 'late') return { shelf, baseTime }
  return { shelf, baseTime, late: { rounds, ...(earliestLate && { from: earliestLate }) } }
}

/** About how many bytes a row has, by what sealing wrote of the shelves' hours. */
function rowSizeOf(hours: readonly LedgerHour[]): { rowBytes?: number } {
  const rows = hours.reduce((sum, hour) => sum + hour.rows, 0)
  const bytes = hours.reduce((sum, hour) => sum + hour.rowBytes, 0)
  return rows === 0 ? {} : { rowBytes: bytes / rows }
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
