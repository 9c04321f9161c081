import { type MergedParts, mergeMore } from '../codec/merged-parts.ts'
import { type CacheCounts, noCacheCounts } from '../model/cache-counts.ts'
import type { DataStore, KeyedBlock, SkRange } from '../store/data.ts'
import { UNPLACED_FROM } from '../store/keys.ts'
import type { ShelfHour } from '../store/ledger.ts'
import { chunksOf, readAhead } from '../store/parallel.ts'
import { type BlockHour, HourBlocks, type LateBlocks } from './hour-blocks.ts'
import {
  type MetricHour,
  mergeBlocks,
  NOTHING_MERGED,
  packMore,
  piecesOf,
  type SeriesPieces,
  weightOfMetric,
} from './metric-hour.ts'
import type { ScanRange } from './range.ts'
import { WeightedCache } from './weighted-cache.ts'

/** Bytes of blocks that are kept, about. */
const BLOCK_BYTES_KEPT = 64 * 2 ** 20

/** Bytes of merged series that are kept, about. */
const SERIES_BYTES_KEPT = 64 * 2 ** 20

/** Bytes of what is known of hours besides, about: which blocks there are. */
const PLACE_BYTES_KEPT = 16 * 2 ** 20

/** Blocks that are asked for by their keys; where more are missing of those that were listed, all are read in pages. */
const MOST_ASKED = 40

/** Runs of an hour that are asked each for what is new; of more, the hour's blocks are listed. */
const MOST_RUNS = 64

/** How far the reader's clock and that by which the store forgets may differ. */
const CLOCK_DIFFERENCE_S = 3600

/** Blocks that are decoded before they are merged, and between two looks at what the query may still use. */
const MERGED_AT_A_TIME = 64

/** What an hour is asked for what is not known of it. */
interface Asked {
  readonly hour: HourBlocks
  /** Blocks of which some may be known, in pages; the first of each are on their way. */
  readonly pages: readonly AsyncIterator<KeyedBlock[]>[]
  /** The keys of all others, from `from` on, where those can't be told apart but by their keys. */
  readonly listed?: { readonly from?: Uint8Array; readonly sks: Promise<Uint8Array[]> }
}

/** What was asked of some hours ahead of time; who reads an hour takes it away. */
export type AskedAhead = Map<string, Asked>

/**
 * Told of blocks as they are read: how many, and how many bytes they take as they are stored; and of none between the steps of work
 * that takes long. Where it throws, reading ends.
 */
export type OnBlocks = (count: number, bytes: number) => void

/** What reading blocks needs of the store. */
export type ReadableBlocks = Pick<DataStore, 'readKeyedBlocks' | 'blockSks' | 'getBlocks'>

/** How much is kept, each about, and what else a test may want otherwise. */
export interface KeptBlocksOptions {
  /** @default 64 MB */
  readonly blockBytes?: number
  /** Of merged series. @default 64 MB */
  readonly seriesBytes?: number
  /** Of which blocks there are. @default 16 MB */
  readonly placeBytes?: number
  /** Points that series have, on average, when they are packed. */
  readonly packedFrom?: number
  /** Milliseconds since 1970. */
  readonly clock?: () => number
}

/**
 * Reads blocks, and keeps them for the next query, with the series of the metrics that were asked for. A block is never changed, and until it is
 * sealed it is deleted by its expiry alone; so whoever knows some asks, strongly consistently, for the others. Blocks with a place say where
 * those can be: behind the last of each run. Those without begin with their writer's clock, so that any may come before those that are known: all are
 * listed. Late blocks, which seldom have a place, are listed from the earliest on that the ledger tells of.
 *
 * Which blocks are known is kept longer than they are: a metric whose series were merged goes on with what came since, however large the hour has
 * become. A metric that was not asked for, of an hour whose first blocks were shed, is read from all of it.
 */
export class CachedBlocks {
  /** Blocks, not requests. */
  readonly cacheCounts: CacheCounts = noCacheCounts()
  readonly #data: ReadableBlocks
  readonly #blockBytes: number
  readonly #packedFrom: number | undefined
  readonly #clock: () => number
  readonly #hours: WeightedCache<string, HourBlocks>
  /** Those of them of which blocks are kept. */
  readonly #kept: WeightedCache<string, HourBlocks>
  readonly #metrics: WeightedCache<string, MetricHour>

  constructor(data: ReadableBlocks, options: KeptBlocksOptions = {}) {
    const { blockBytes = BLOCK_BYTES_KEPT, seriesBytes = SERIES_BYTES_KEPT, placeBytes = PLACE_BYTES_KEPT } = options
    this.#data = data
    this.#blockBytes = blockBytes
    this.#packedFrom = options.packedFrom
    this.#clock = options.clock ?? Date.now
    this.#hours = new WeightedCache(placeBytes, (hour) => this.#forgetBlocks(hour))
    this.#kept = new WeightedCache(blockBytes, (hour) => hour.shed())
    this.#metrics = new WeightedCache(seriesBytes)
  }

  /**
   * Asks hours that blocks are kept of for what is new, while the ledger is still to say in what state these hours are: for what a
   * query sees of an open hour it does not matter which of the two comes first, since all of its points are in its blocks from its
   * beginning until it is sealed; and those of a late hour as well, if the ledger still names the same as the earliest.
   * @param most hours that are asked
   * @returns for readHour of the same query
   */
  askAhead(shelves: readonly number[], range: ScanRange, most: number): AskedAhead {
    const asked: AskedAhead = new Map()
    for (const known of this.#hours.values()) {
      if (asked.size === most) break
      const { shelf, baseTime } = known.hour
      if (baseTime < range.from || baseTime >= range.to || !shelves.includes(shelf)) continue
      if (!this.#isExpired(known)) asked.set(nameOf(known.hour), this.#ask(known))
    }
    return asked
  }

  /** Forgets the blocks of an hour whose points are all in its rows. */
  forget(hour: ShelfHour): void {
    const known = this.#hours.get(nameOf(hour))
    if (known === undefined) return
    this.#hours.delete(nameOf(hour))
    this.#forgetBlocks(known)
  }

  #forgetBlocks(hour: HourBlocks): void {
    if (this.#kept.get(nameOf(hour.hour)) === hour) this.#kept.delete(nameOf(hour.hour))
    for (const metric of hour.metrics) this.#metrics.delete(seriesName(hour, metric))
  }

  /**
   * The series of a metric in all blocks of an open hour of a shelf, or in all late ones of an hour that was sealed.
   * @param metric UID
   * @param ahead of askAhead for this query @default the hour is asked now
   * @returns each series in any number of them. Shared with other readers
   * @throws StoreUnavailableError, CorruptDataError, what onBlocks throws
   */
  async readHour(
    hour: BlockHour,
    metric: number,
    onBlocks: OnBlocks,
    ahead?: AskedAhead,
  ): Promise<readonly SeriesPieces[]> {
    const known = this.#hours.get(nameOf(hour))
    const before = ahead?.get(nameOf(hour))
    ahead?.delete(nameOf(hour))
    if (known === undefined || !known.areOf(hour) || this.#isExpired(known)) {
      return this.#readAll(new HourBlocks(hour), metric, onBlocks)
    }
    const merged = this.#mergedOf(known, metric)
    if (merged.count < known.keptFrom) return this.#readAll(known, metric, onBlocks)
    const asked = before?.hour === known ? before : this.#ask(known)
    this.cacheCounts.hits += known.count
    onBlocks(known.count, known.bytes)
    return this.#readMore(known, asked, merged, metric, onBlocks)
  }

  /** Whether the store may have forgotten some of the blocks: then an hour is read anew. */
  #isExpired({ expiresAtS }: HourBlocks): boolean {
    return this.#clock() / 1000 >= expiresAtS - CLOCK_DIFFERENCE_S
  }

  #ask(hour: HourBlocks): Asked {
    const { shelf, baseTime, late } = hour.hour
    const isListed = late !== undefined || hour.runCount > MOST_RUNS
    const ranges = isListed ? [] : hour.unknownFrom
    const pages = ranges.map((range) => begun(this.#data.readKeyedBlocks(shelf, baseTime, range)))
    if (!isListed && !hour.hasUnplaced) return { hour, pages }
    const from = isListed ? allOf(late) : { from: UNPLACED_FROM }
    const sks = this.#data.blockSks(shelf, baseTime, from)
    // Nobody waits for it where the hour turns out to be sealed.
    sks.catch(() => undefined)
    return { hour, pages, listed: { ...from, sks } }
  }

  /** All blocks that are not known, and maybe some that are. */
  async *#answersOf({ hour, pages, listed }: Asked): AsyncGenerator<readonly KeyedBlock[]> {
    const { shelf, baseTime } = hour.hour
    const known = hour.count
    for (const each of pages) yield* { [Symbol.asyncIterator]: () => each }
    if (listed === undefined) return
    const missing = (await listed.sks).filter((sk) => (hour.indexOf(sk) ?? known) >= known)
    if (missing.length > MOST_ASKED) yield* this.#data.readKeyedBlocks(shelf, baseTime, listed)
    else if (missing.length > 0) yield await this.#data.getBlocks(shelf, baseTime, missing)
  }

  /** What is merged of a metric, packed where that is worth it: not while it is read for the first time, which takes long enough. */
  #mergedOf(hour: HourBlocks, metric: number): MetricHour {
    const name = seriesName(hour, metric)
    const merged = this.#metrics.get(name)
    if (merged === undefined || hour.unpackable.has(metric)) return merged ?? NOTHING_MERGED
    const packed = packMore(merged, hour.hour.baseTime, this.#packedFrom)
    if (packed !== merged) this.#metrics.set(name, packed, weightOfMetric(packed))
    return packed
  }

  /**
   * Reads the blocks of an hour that are not known, and merges a metric's series in them with those in the blocks that are.
   * @param known to be added to
   * @param before what is merged; it may be too large to be kept, or pushed out meanwhile
   */
  async #readMore(
    known: HourBlocks,
    asked: Asked,
    before: MetricHour,
    metric: number,
    onBlocks: OnBlocks,
  ): Promise<readonly SeriesPieces[]> {
    let merged = this.#merge(known, metric, onBlocks, before)
    // Each page is decoded while the next is on its way.
    for await (const page of readAhead(this.#answersOf(asked))) {
      if (page.length === 0) continue
      this.cacheCounts.misses += page.length
      onBlocks(page.length, bytesOf(page))
      known.add(page)
      merged &&= this.#merge(known, metric, onBlocks, merged)
      if (merged === undefined) break
      known.settle(this.#blockBytes)
    }
    // What others merge or shed meanwhile may have left nothing to go on with.
    if (merged === undefined) return this.#readAll(known, metric, onBlocks)
    this.#keep(known)
    return piecesOf(merged)
  }

  /**
   * Reads all blocks of an hour, known or not, and merges a metric's series in them.
   * @param hour to be added to
   */
  async #readAll(hour: HourBlocks, metric: number, onBlocks: OnBlocks): Promise<readonly SeriesPieces[]> {
    const { shelf, baseTime, late } = hour.hour
    const read = new Set<number>()
    let parts: MergedParts = []
    for await (const page of readAhead(this.#data.readKeyedBlocks(shelf, baseTime, allOf(late)))) {
      if (page.length === 0) continue
      this.cacheCounts.misses += page.length
      onBlocks(page.length, bytesOf(page))
      hour.add(page)
      for (const some of chunksOf(page, MERGED_AT_A_TIME)) {
        parts = mergeMore(parts, hour.decodeRead(metric, some))
        for (const { sk } of some) read.add(hour.indexOf(sk) ?? 0)
        onBlocks(0, 0)
      }
      hour.settle(this.#blockBytes)
    }
    let count = 0
    while (read.has(count)) count++
    const merged = { ...NOTHING_MERGED, count, parts }
    this.#metrics.set(seriesName(hour, metric), merged, weightOfMetric(merged))
    this.#keep(hour)
    return piecesOf(merged)
  }

  #keep(hour: HourBlocks): void {
    hour.settle(this.#blockBytes)
    this.#hours.set(nameOf(hour.hour), hour, hour.weight)
    if (this.#hours.get(nameOf(hour.hour)) === hour) this.#kept.set(nameOf(hour.hour), hour, hour.keptWeight)
  }

  /**
   * The series of a metric in the blocks that are known of an hour.
   * @param before what whoever asks has of it
   * @returns undefined where some of the other blocks are not kept, or all are to be merged anew and some are not
   */
  #merge(hour: HourBlocks, metric: number, onBlocks: OnBlocks, before: MetricHour): MetricHour | undefined {
    const name = seriesName(hour, metric)
    const kept = this.#metrics.get(name)
    let merged = kept !== undefined && kept.count > before.count ? kept : before
    while (merged.count < hour.count) {
      if (merged.count < hour.keptFrom) return undefined
      const to = Math.min(hour.count, merged.count + MERGED_AT_A_TIME)
      const more = mergeBlocks(merged, hour.decode(metric, merged.count, to), to)
      if (more === undefined) hour.unpackable.add(metric)
      merged = more ?? NOTHING_MERGED
      // Kept before the query is told: what it gives up over, the next one goes on with.
      this.#metrics.set(name, merged, weightOfMetric(merged))
      onBlocks(0, 0)
    }
    return merged
  }
}

/** Where the blocks lie. */
function allOf(late: LateBlocks | undefined): SkRange {
  return late?.from === undefined ? {} : { from: late.from }
}

function nameOf({ shelf, baseTime }: ShelfHour): string {
  return `${shelf}/${baseTime}`
}

/** Of a metric's series in these very blocks: of an hour that was read anew they are others. */
function seriesName({ serial }: HourBlocks, metric: number): string {
  return `${serial}/${metric}`
}

/** Pages of which the first is asked for. */
function begun<T>(pages: AsyncIterable<T>): AsyncIterator<T> {
  const iterator = pages[Symbol.asyncIterator]()
  const first = iterator.next()
  // Whoever reads it gets the error; nobody may.
  first.catch(() => undefined)
  let isFirst = true
  return {
    next: () => {
      if (!isFirst) return iterator.next()
      isFirst = false
      return first
    },
  }
}

function bytesOf(blocks: readonly KeyedBlock[]): number {
  return blocks.reduce((sum, { bytes }) => sum + bytes.length, 0)
}
