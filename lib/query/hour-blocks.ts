import { type BlockSource, type DecodedBlock, decodeBlock } from '../codec/block.ts'
import type { KeyedBlock } from '../store/data.ts'
import type { ShelfHour } from '../store/ledger.ts'

/** What an hour weighs besides its blocks, and what a block and a source weigh besides their stored bytes, about. */
const HOUR_BYTES = 1000
const BLOCK_BYTES = 300
const SOURCE_BYTES = 100

let made = 0

/** Blocks of an hour of a shelf as they are stored, in the order in which they became known. Nothing is ever taken away. */
export class HourBlocks {
  /** No other has it. */
  readonly serial = ++made
  readonly hour: ShelfHour
  /** Those that were decoded. */
  readonly metrics = new Set<number>()
  readonly #places = new Map<string, number>()
  readonly #blocks: Uint8Array[] = []
  /** Of each block that was decoded for any metric: they are the same for all, and often take more than one metric's points. */
  readonly #sources: (readonly BlockSource[])[] = []
  #bytes = 0
  #sourceCount = 0

  constructor({ shelf, baseTime }: ShelfHour) {
    this.hour = { shelf, baseTime }
  }

  get count(): number {
    return this.#blocks.length
  }

  /** Of all blocks, as they are stored. */
  get bytes(): number {
    return this.#bytes
  }

  /** About the bytes of memory that it takes. */
  get weight(): number {
    return HOUR_BYTES + this.#bytes + this.count * BLOCK_BYTES + this.#sourceCount * SOURCE_BYTES
  }

  /** Adds those of some blocks that are not known yet. */
  add(blocks: readonly KeyedBlock[]): void {
    for (const { sk, bytes } of blocks) {
      const name = latin1(sk)
      if (this.#places.has(name)) continue
      this.#places.set(name, this.#blocks.push(bytes) - 1)
      this.#bytes += bytes.length
    }
  }

  /** Where a block is in the order, from 0; undefined where it is not known. */
  placeOf(sk: Uint8Array): number | undefined {
    return this.#places.get(latin1(sk))
  }

  /**
   * The series of a metric in the blocks `from` (inclusive) to `to` (exclusive), a block each.
   * @throws CorruptDataError
   */
  decode(metric: number, from: number, to: number): DecodedBlock[] {
    this.metrics.add(metric)
    return this.#blocks.slice(from, to).map((bytes, i) => {
      const block = decodeBlock(bytes, { metric })
      return { ...block, sources: this.#shareSources(from + i, block.sources) }
    })
  }

  #shareSources(place: number, sources: readonly BlockSource[]): readonly BlockSource[] {
    const shared = this.#sources[place]
    if (shared !== undefined) return shared
    this.#sources[place] = sources
    this.#sourceCount += sources.length
    return sources
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
