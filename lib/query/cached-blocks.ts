import { type CacheCounts, noCacheCounts } from '../model/cache-counts.ts'
import type { DataStore, KeyedBlock } from '../store/data.ts'
import type { ShelfHour } from '../store/ledger.ts'
import { readAhead } from '../store/parallel.ts'
import { HourBlocks } from './hour-blocks.ts'
import { type MergedParts, mergeMore, weightOf } from './merged-blocks.ts'
import type { ScanRange } from './range.ts'
import { WeightedCache } from './weighted-cache.ts'

/** Bytes of blocks that are kept, unpacked, about. */
const BYTES_KEPT = 64 * 2 ** 20

/** Bytes of merged series that are kept, about. */
const DECODED_BYTES_KEPT = 64 * 2 ** 20

/** Blocks that are asked for by their keys; where more came since, the hour is read in pages. */
const MOST_ASKED = 40

/** Blocks that are decoded before they are merged, and between two looks at what the query may still use. */
const MERGED_AT_A_TIME = 64

/** The answer to which blocks an hour has. */
interface Asked {
  readonly hour: HourBlocks
  readonly sks: Promise<Uint8Array[]>
  /** How many blocks of the hour were known when it was asked. All of them are in the answer, unless some were deleted. */
  readonly known: number
}

/** Which blocks there are, asked of some hours ahead of time. */
export type AskedAhead = ReadonlyMap<string, Asked>

/**
 * Told of blocks as they are read: how many, and how many bytes they take as they are stored; and of none between the steps of work
 * that takes long. Where it throws, reading ends.
 */
export type OnBlocks = (count: number, bytes: number) => void

/** A metric's series in the first `count` blocks of an hour. */
interface MetricHour {
  readonly parts: MergedParts
  readonly count: number
}

const NOTHING_MERGED: MetricHour = { parts: [], count: 0 }

/**
 * Reads blocks, and keeps them for the next query, with the series of the metrics that were asked for. A block is never changed, and while its hour is
 * open it is never deleted; so whoever knows some asks which there are, strongly consistently, and then for the others alone. Which there are has to be
 * asked each time and of the whole hour: keys begin with the writer's clock, so that blocks may come before those that are known.
 */
export class CachedBlocks {
  /** Blocks, not requests. */
  readonly cacheCounts: CacheCounts = noCacheCounts()
  readonly #data: Pick<DataStore, 'readKeyedBlocks' | 'blockSks' | 'getBlocks'>
  readonly #bytesKept: number
  readonly #hours: WeightedCache<string, HourBlocks>
  readonly #metrics: WeightedCache<string, MetricHour>

  /**
   * @param bytesKept of blocks, about @default 64 MB
   * @param decodedBytesKept of decoded series, about @default 64 MB
   */
  constructor(
    data: Pick<DataStore, 'readKeyedBlocks' | 'blockSks' | 'getBlocks'>,
    bytesKept: number = BYTES_KEPT,
    decodedBytesKept: number = DECODED_BYTES_KEPT,
  ) {
    this.#data = data
    this.#bytesKept = bytesKept
    this.#hours = new WeightedCache(bytesKept)
    this.#metrics = new WeightedCache(decodedBytesKept)
  }

  /**
   * Asks of hours that blocks are kept of which there are, while the ledger is still to say whether these hours are open: for what a
   * query sees of an open hour it does not matter which of the two comes first, since all of its points are in its blocks from its
   * beginning until it is sealed.
   * @param most hours that are asked
   * @returns for readHour of the same query
   */
  askAhead(shelves: readonly number[], range: ScanRange, most: number): AskedAhead {
    const asked = new Map<string, Asked>()
    for (const known of this.#hours.values()) {
      if (asked.size === most) break
      const { shelf, baseTime } = known.hour
      if (baseTime < range.from || baseTime >= range.to || !shelves.includes(shelf)) continue
      const ask = this.#ask(known)
      // Nobody waits for it where the hour turns out to be sealed.
      ask.sks.catch(() => undefined)
      asked.set(nameOf(known.hour), ask)
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
    if (known === undefined) return this.#readPages(new HourBlocks(hour), metric, onBlocks)
    const before = ahead?.get(nameOf(hour))
    const asked = before?.hour === known ? before : this.#ask(known)
    const missing: Uint8Array[] = []
    let there = 0
    for (const sk of await asked.sks) {
      const place = known.placeOf(sk)
      if (place === undefined) missing.push(sk)
      else if (place < asked.known) there++
    }
    if (there < asked.known) return this.#readPages(new HourBlocks(hour), metric, onBlocks)
    if (missing.length > MOST_ASKED) return this.#readPages(known, metric, onBlocks)
    return this.#readMissing(known, missing, metric, onBlocks)
  }

  #ask(known: HourBlocks): Asked {
    const { shelf, baseTime } = known.hour
    return { hour: known, sks: this.#data.blockSks(shelf, baseTime), known: known.count }
  }

  async #readMissing(
    known: HourBlocks,
    missing: readonly Uint8Array[],
    metric: number,
    onBlocks: OnBlocks,
  ): Promise<MergedParts> {
    const { shelf, baseTime } = known.hour
    this.cacheCounts.hits += known.count
    this.cacheCounts.misses += missing.length
    const asked = missing.length === 0 ? Promise.resolve([]) : this.#data.getBlocks(shelf, baseTime, missing)
    // Nobody waits for it yet if it fails while the others are decoded.
    asked.catch(() => undefined)
    onBlocks(known.count, known.bytes)
    const merged = this.#merge(known, metric, onBlocks)
    const added = await asked
    onBlocks(added.length, bytesOf(added))
    known.add(added)
    return this.#keep(known, metric, onBlocks, merged)
  }

  /** Reads all blocks of an hour. @param known what of it is kept, to be added to */
  async #readPages(known: HourBlocks, metric: number, onBlocks: OnBlocks): Promise<MergedParts> {
    const { shelf, baseTime } = known.hour
    let read = known
    let merged = NOTHING_MERGED
    let parts: MergedParts | undefined
    // Each page is decoded while the next is on its way.
    for await (const page of readAhead(this.#data.readKeyedBlocks(shelf, baseTime))) {
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

function bytesOf(blocks: readonly KeyedBlock[]): number {
  return blocks.reduce((sum, { bytes }) => sum + bytes.length, 0)
}
