import { type DecodedBlock, decodeBlock } from '../codec/block.ts'
import { type CacheCounts, noCacheCounts } from '../model/cache-counts.ts'
import type { DataStore, KeyedBlock } from '../store/data.ts'
import type { ShelfHour } from '../store/ledger.ts'
import { readAhead } from '../store/parallel.ts'
import type { ScanRange } from './range.ts'
import { WeightedCache } from './weighted-cache.ts'

/** Bytes of blocks that are kept, as they are stored. */
const BYTES_KEPT = 64 * 2 ** 20

/** Bytes of decoded blocks that are kept, about. */
const DECODED_BYTES_KEPT = 64 * 2 ** 20

/** Blocks that are asked for by their keys; where more came since, the hour is read anew, in pages. */
const MOST_ASKED = 40

/** Of a decoded point's columns: time, value, kind, source. */
const POINT_BYTES = 21
/** Of the objects of a decoded series and of a source, about. */
const SERIES_BYTES = 500
const SOURCE_BYTES = 100

/** A block with the part of it that was asked for. */
export interface MetricBlock {
  /** The series of one metric. Shared with other readers: nobody may write to its columns. */
  readonly block: DecodedBlock
  /** Bytes of the whole block as it is stored. */
  readonly bytes: number
}

/** Which blocks there are, asked of some hours ahead of time. */
export type AskedAhead = ReadonlyMap<string, Promise<Uint8Array[]>>

/** What an hour weighs besides its blocks, in bytes. */
const HOUR_BYTES = 1000

/** Blocks of an hour of a shelf. */
class HourBlocks {
  readonly hour: ShelfHour
  readonly #blocks = new Map<string, KeyedBlock>()
  readonly #most: number
  /** Of all that were added. */
  #bytes = HOUR_BYTES

  /** @param most bytes: of an hour that has more none is kept */
  constructor({ shelf, baseTime }: ShelfHour, most: number) {
    this.hour = { shelf, baseTime }
    this.#most = most
  }

  get bytes(): number {
    return this.#bytes
  }

  add(blocks: readonly KeyedBlock[]): void {
    for (const block of blocks) {
      const name = latin1(block.sk)
      if (this.#blocks.has(name)) continue
      this.#blocks.set(name, block)
      this.#bytes += block.bytes.length
    }
    if (this.#bytes > this.#most) this.#blocks.clear()
  }

  get(sk: Uint8Array): KeyedBlock | undefined {
    return this.#blocks.get(latin1(sk))
  }
}

/**
 * Reads blocks, and keeps them for the next query. A block is never changed, and while its hour is open it is never deleted; so
 * whoever knows some asks which there are, strongly consistently, and then for the others alone. Which there are has to be asked each time and of the
 * whole hour: keys begin with the writer's clock, so that blocks may come before those that are known.
 */
export class CachedBlocks {
  /** Blocks, not requests. */
  readonly cacheCounts: CacheCounts = noCacheCounts()
  readonly #data: Pick<DataStore, 'readKeyedBlocks' | 'blockSks' | 'getBlocks'>
  readonly #bytesKept: number
  readonly #hours: WeightedCache<string, HourBlocks>
  readonly #decoded = new WeightedCache<string, DecodedBlock>(DECODED_BYTES_KEPT)

  /** @param bytesKept of blocks as they are stored @default 64 MB */
  constructor(data: Pick<DataStore, 'readKeyedBlocks' | 'blockSks' | 'getBlocks'>, bytesKept: number = BYTES_KEPT) {
    this.#data = data
    this.#bytesKept = bytesKept
    this.#hours = new WeightedCache(bytesKept)
  }

  /**
   * Asks of hours that blocks are kept of which there are, while the ledger is still to say whether these hours are open: for what a
   * query sees of an open hour it does not matter which of the two comes first, since all of its points are in its blocks from its
   * beginning until it is sealed.
   * @param most hours that are asked
   * @returns for readHour of the same query
   */
  askAhead(shelves: readonly number[], range: ScanRange, most: number): AskedAhead {
    const asked = new Map<string, Promise<Uint8Array[]>>()
    for (const { hour } of this.#hours.values()) {
      if (asked.size === most) break
      const { shelf, baseTime } = hour
      if (baseTime < range.from || baseTime >= range.to || !shelves.includes(shelf)) continue
      const sks = this.#data.blockSks(shelf, baseTime)
      // Nobody waits for it where the hour turns out to be sealed.
      sks.catch(() => undefined)
      asked.set(nameOf(hour), sks)
    }
    return asked
  }

  /** Forgets the blocks of an hour that is no longer open. */
  forget(hour: ShelfHour): void {
    this.#hours.delete(nameOf(hour))
  }

  /**
   * All blocks of an open hour of a shelf, in no order.
   * @param metric UID: series of others are not decoded
   * @param ahead of askAhead for this query @default the hour is asked now
   * @yields some at a time
   * @throws StoreUnavailableError, CorruptDataError
   */
  async *readHour(hour: ShelfHour, metric: number, ahead?: AskedAhead): AsyncGenerator<MetricBlock[]> {
    const name = nameOf(hour)
    const known = this.#hours.get(name)
    if (known === undefined) return yield* this.#readAll(hour, name, metric)
    const there: KeyedBlock[] = []
    const missing: Uint8Array[] = []
    for (const sk of await (ahead?.get(name) ?? this.#data.blockSks(hour.shelf, hour.baseTime))) {
      const block = known.get(sk)
      if (block === undefined) missing.push(sk)
      else there.push(block)
    }
    if (missing.length > MOST_ASKED) return yield* this.#readAll(hour, name, metric)
    this.cacheCounts.hits += there.length
    this.cacheCounts.misses += missing.length
    const asked = missing.length === 0 ? undefined : this.#data.getBlocks(hour.shelf, hour.baseTime, missing)
    // Nobody waits for it yet if it fails while the others are decoded.
    asked?.catch(() => undefined)
    yield there.map((block) => this.#decode(name, block, metric))
    if (asked === undefined) return
    const added = await asked
    this.#keep(name, known, added)
    yield added.map((block) => this.#decode(name, block, metric))
  }

  async *#readAll(hour: ShelfHour, name: string, metric: number): AsyncGenerator<MetricBlock[]> {
    const read = new HourBlocks(hour, this.#bytesKept)
    for await (const page of readAhead(this.#data.readKeyedBlocks(hour.shelf, hour.baseTime))) {
      this.cacheCounts.misses += page.length
      this.#keep(name, read, page)
      yield page.map((block) => this.#decode(name, block, metric))
    }
  }

  #keep(name: string, blocks: HourBlocks, added: readonly KeyedBlock[]): void {
    blocks.add(added)
    this.#hours.set(name, blocks, blocks.bytes)
  }

  #decode(hour: string, { sk, bytes }: KeyedBlock, metric: number): MetricBlock {
    const name = `${metric}/${hour}/${latin1(sk)}`
    let block = this.#decoded.get(name)
    if (block === undefined) {
      block = decodeBlock(bytes, { metric })
      this.#decoded.set(name, block, weightOf(block))
    }
    return { block, bytes: bytes.length }
  }
}

function nameOf({ shelf, baseTime }: ShelfHour): string {
  return `${shelf}/${baseTime}`
}

/** About the bytes that a decoded block takes. */
function weightOf({ pointCount, series, sources }: DecodedBlock): number {
  return pointCount * POINT_BYTES + series.length * SERIES_BYTES + sources.length * SOURCE_BYTES
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
