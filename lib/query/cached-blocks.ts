import { type MergedParts, mergeMore, weightOf } from '../codec/merged-parts.ts'
import { type CacheCounts, noCacheCounts } from '../model/cache-counts.ts'
import type { DataStore, KeyedBlock } from '../store/data.ts'
import { UNPLACED_FROM } from '../store/keys.ts'
import type { ShelfHour } from '../store/ledger.ts'
import { readAhead } from '../store/parallel.ts'
import { HourBlocks } from './hour-blocks.ts'
import type { ScanRange } from './range.ts'
import { WeightedCache } from './weighted-cache.ts'

/** Bytes of blocks that are kept, unpacked, about. */
const BYTES_KEPT = 64 * 2 ** 20

/** Bytes of merged series that are kept, about. */
const DECODED_BYTES_KEPT = 64 * 2 ** 20

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

/** A metric's series in the first `count` blocks of an hour. */
interface MetricHour {
  readonly parts: MergedParts
  readonly count: number
}

const NOTHING_MERGED: MetricHour = { parts: [], count: 0 }

/**
 * Reads blocks, and keeps them for the next query, with the series of the metrics that were asked for. A block is never changed, and while its hour is
 * open it is deleted by its expiry alone; so whoever knows some asks, strongly consistently, for the others. Blocks with a place say where
 * those can be: behind the last of each run. Those without begin with their writer's clock, so that any may come before those that are known: all are listed.
 */
export class CachedBlocks {
  /** Blocks, not requests. */
  readonly cacheCounts: CacheCounts = noCacheCounts()
  readonly #data: ReadableBlocks
  readonly #bytesKept: number
  readonly #clock: () => number
  readonly #hours: WeightedCache<string, HourBlocks>
  readonly #metrics: WeightedCache<string, MetricHour>

  /**
   * @param bytesKept of blocks, about @default 64 MB
   * @param decodedBytesKept of decoded series, about @default 64 MB
   * @param clock milliseconds since 1970
   */
  constructor(
    data: ReadableBlocks,
    bytesKept: number = BYTES_KEPT,
    decodedBytesKept: number = DECODED_BYTES_KEPT,
    clock: () => number = Date.now,
  ) {
    this.#data = data
    this.#clock = clock
    this.#bytesKept = bytesKept
    this.#hours = new WeightedCache(bytesKept)
    this.#metrics = new WeightedCache(decodedBytesKept)
  }

  /**
   * Asks hours that blocks are kept of for what is new, while the ledger is still to say whether these hours are open: for what a
   * query sees of an open hour it does not matter which of the two comes first, since all of its points are in its blocks from its
   * beginning until it is sealed.
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

  /** Forgets the blocks of an hour that is no longer open. */
  forget(hour: ShelfHour): void {
    const known = this.#hours.get(nameOf(hour))
    if (known === undefined) return
    this.#hours.delete(nameOf(hour))
    for (const metric of known.metrics) this.#metrics.delete(seriesName(known, metric))
  }

  /**
   * The series of a metric in all blocks of an open hour of a shelf.
   * @param metric UID
   * @param ahead of askAhead for this query @default the hour is asked now
   * @returns each series in any number of them. Shared with other readers: nobody may write to their columns
   * @throws StoreUnavailableError, CorruptDataError, what onBlocks throws
   */
  async readHour(hour: ShelfHour, metric: number, onBlocks: OnBlocks, ahead?: AskedAhead): Promise<MergedParts> {
    const known = this.#hours.get(nameOf(hour))
    if (known === undefined || this.#isExpired(known)) {
      const { shelf, baseTime } = hour
      return this.#readMore(new HourBlocks(hour), this.#data.readKeyedBlocks(shelf, baseTime), metric, onBlocks)
    }
    const before = ahead?.get(nameOf(hour))
    ahead?.delete(nameOf(hour))
    const asked = before?.hour === known ? before : this.#ask(known)
    this.cacheCounts.hits += known.count
    onBlocks(known.count, known.bytes)
    return this.#readMore(known, this.#answersOf(asked), metric, onBlocks)
  }

  /** Whether the store may have forgotten some of the blocks: then an hour is read anew. */
  #isExpired({ expiresAtS }: HourBlocks): boolean {
    return this.#clock() / 1000 >= expiresAtS - CLOCK_DIFFERENCE_S
  }

  #ask(hour: HourBlocks): Asked {
    const { shelf, baseTime } = hour.hour
    const isListed = hour.runCount > MOST_RUNS
    const ranges = isListed ? [] : hour.unknownFrom
    const pages = ranges.map((range) => begun(this.#data.readKeyedBlocks(shelf, baseTime, range)))
    if (!isListed && !hour.hasUnplaced) return { hour, pages }
    const from = isListed ? {} : { from: UNPLACED_FROM }
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

  /**
   * Reads blocks of an hour, and merges a metric's series in them with those in the blocks that are known.
   * @param known to be added to
   */
  async #readMore(
    known: HourBlocks,
    pages: AsyncIterable<readonly KeyedBlock[]>,
    metric: number,
    onBlocks: OnBlocks,
  ): Promise<MergedParts> {
    let read = known
    let merged = this.#merge(read, metric, onBlocks)
    let parts: MergedParts | undefined
    // Each page is decoded while the next is on its way.
    for await (const page of readAhead(pages)) {
      if (page.length === 0) continue
      this.cacheCounts.misses += page.length
      onBlocks(page.length, bytesOf(page))
      read.add(page)
      merged = this.#merge(read, metric, onBlocks, merged)
      if (read.weight <= this.#bytesKept) continue
      // The hour is too large to be kept: its series alone are gathered.
      parts = mergeMore(parts ?? [], merged.parts)
      this.forget(read.hour)
      this.#metrics.delete(seriesName(read, metric))
      read = new HourBlocks(read.hour)
      merged = NOTHING_MERGED
    }
    return parts === undefined ? this.#keep(read, metric, onBlocks, merged) : mergeMore(parts, merged.parts)
  }

  #keep(hour: HourBlocks, metric: number, onBlocks: OnBlocks, before: MetricHour): MergedParts {
    const { parts } = this.#merge(hour, metric, onBlocks, before)
    this.#hours.set(nameOf(hour.hour), hour, hour.weight)
    return parts
  }

  /**
   * The series of a metric in the blocks that are known of an hour.
   * @param before what whoever asks has of it: it may be too large to be kept, or pushed out meanwhile @default nothing
   */
  #merge(hour: HourBlocks, metric: number, onBlocks: OnBlocks, before: MetricHour = NOTHING_MERGED): MetricHour {
    const name = seriesName(hour, metric)
    const kept = this.#metrics.get(name)
    let merged = kept !== undefined && kept.count > before.count ? kept : before
    while (merged.count < hour.count) {
      const to = Math.min(hour.count, merged.count + MERGED_AT_A_TIME)
      merged = { parts: mergeMore(merged.parts, hour.decode(metric, merged.count, to)), count: to }
      // Kept before the query is told: what it gives up over, the next one goes on with.
      this.#metrics.set(name, merged, weightOf(merged.parts))
      onBlocks(0, 0)
    }
    return merged
  }
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
