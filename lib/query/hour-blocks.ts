import { decodeColumns, type OpenBlock, openBlock } from '../codec/block.ts'
import type { SeriesColumns } from '../codec/series-columns.ts'
import type { KeyedBlock } from '../store/data.ts'
import type { ShelfHour } from '../store/ledger.ts'

/** What an hour weighs besides its blocks, and what a block and a source weigh besides their columns, about. */
const HOUR_BYTES = 1000
const BLOCK_BYTES = 500
const SOURCE_BYTES = 100

let made = 0

/** Blocks of an hour of a shelf, unpacked, in the order in which they became known. Nothing is ever taken away. */
export class HourBlocks {
  /** No other has it. */
  readonly serial = ++made
  readonly hour: ShelfHour
  /** Those that were decoded. */
  readonly metrics = new Set<number>()
  readonly #places = new Map<string, number>()
  readonly #blocks: OpenBlock[] = []
  #bytes = 0
  #weight = HOUR_BYTES

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
    return this.#weight
  }

  /**
   * Adds those of some blocks that are not known yet. Unpacking takes as long as decoding a metric, and is done once for all metrics.
   * @throws CorruptDataError
   */
  add(blocks: readonly KeyedBlock[]): void {
    for (const { sk, bytes } of blocks) {
      const name = latin1(sk)
      if (this.#places.has(name)) continue
      const block = openBlock(bytes)
      this.#places.set(name, this.#blocks.push(block) - 1)
      this.#bytes += bytes.length
      this.#weight += block.columns.length + block.sources.length * SOURCE_BYTES + BLOCK_BYTES
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
  decode(metric: number, from: number, to: number): SeriesColumns[] {
    this.metrics.add(metric)
    return this.#blocks.slice(from, to).map((block) => decodeColumns(block, { metric }))
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
