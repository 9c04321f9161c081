import { decodeColumns, type OpenBlock, openBlock } from '../codec/block.ts'
import { latin1 } from '../codec/bytes.ts'
import type { SeriesColumns } from '../codec/series-columns.ts'
import type { KeyedBlock, SkRange } from '../store/data.ts'
import { type BlockPlace, placeOf, placeSk, UNPLACED_FROM } from '../store/keys.ts'
import type { ShelfHour } from '../store/ledger.ts'

/** What an hour weighs besides its blocks, and what a block and a source weigh besides their columns, about. */
const HOUR_BYTES = 1000
const BLOCK_BYTES = 500
const SOURCE_BYTES = 100

let made = 0

/** The blocks of one run. */
interface SeenRun {
  /** The first number that is not known. */
  next: number
  /** Known numbers behind it. */
  readonly ahead: Set<number>
}

/** Blocks of an hour of a shelf, unpacked, in the order in which they became known. Nothing is ever taken away. */
export class HourBlocks {
  /** No other has it. */
  readonly serial = ++made
  readonly hour: ShelfHour
  /** Those that were decoded. */
  readonly metrics = new Set<number>()
  readonly #indices = new Map<string, number>()
  readonly #blocks: OpenBlock[] = []
  readonly #runs = new Map<number, SeenRun>()
  #runCount = 0
  #unplaced = 0
  #bytes = 0
  #weight = HOUR_BYTES
  #expiresAtS = Number.POSITIVE_INFINITY

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

  /** Runs that blocks are known of, and those before them. */
  get runCount(): number {
    return this.#runCount
  }

  /** Whether blocks without a place are known. */
  get hasUnplaced(): boolean {
    return this.#unplaced > 0
  }

  /** Seconds since 1970 until which the store has none of the blocks forgotten. */
  get expiresAtS(): number {
    return this.#expiresAtS
  }

  /**
   * Adds those of some blocks that are not known yet. Unpacking takes as long as decoding a metric, and is done once for all metrics.
   * @throws CorruptDataError
   */
  add(blocks: readonly KeyedBlock[]): void {
    for (const { sk, bytes, expiresAtS = Number.POSITIVE_INFINITY } of blocks) {
      const name = latin1(sk)
      if (this.#indices.has(name)) continue
      const block = openBlock(bytes)
      this.#indices.set(name, this.#blocks.push(block) - 1)
      this.#bytes += bytes.length
      this.#weight += block.columns.length + block.sources.length * SOURCE_BYTES + BLOCK_BYTES
      this.#expiresAtS = Math.min(this.#expiresAtS, expiresAtS)
      const place = placeOf(sk)
      if (place === undefined) this.#unplaced++
      else this.#see(place)
    }
  }

  #see({ run, number }: BlockPlace): void {
    this.#runCount = Math.max(this.#runCount, run + 1)
    const seen = this.#runs.get(run) ?? { next: 0, ahead: new Set() }
    this.#runs.set(run, seen)
    seen.ahead.add(number)
    while (seen.ahead.delete(seen.next)) seen.next++
  }

  /** Where a block is in the order, from 0; undefined where it is not known. */
  indexOf(sk: Uint8Array): number | undefined {
    return this.#indices.get(latin1(sk))
  }

  /**
   * Where all blocks lie that are not known, a range for each run: those behind the first number that is missing, and of the last run all
   * that follows, later runs and blocks without a place. Where of the latter some are known, not these: they may be anywhere among them.
   */
  get unknownFrom(): SkRange[] {
    const ranges: SkRange[] = []
    for (let run = 0; run < this.#runCount; run++) {
      const from = placeSk({ run, number: this.#runs.get(run)?.next ?? 0 })
      if (run < this.#runCount - 1) ranges.push({ from, to: placeSk({ run: run + 1, number: 0 }) })
      else ranges.push(this.hasUnplaced ? { from, to: UNPLACED_FROM } : { from })
    }
    if (ranges.length > 0) return ranges
    return [this.hasUnplaced ? { to: UNPLACED_FROM } : {}]
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
