import { decodeColumns, type OpenBlock, openBlock } from '../codec/block.ts'
import { latin1 } from '../codec/bytes.ts'
import type { SeriesColumns } from '../codec/series-columns.ts'
import type { KeyedBlock, SkRange } from '../store/data.ts'
import { type BlockPlace, placeOf, placeSk, UNPLACED_FROM } from '../store/keys.ts'
import type { ShelfHour } from '../store/ledger.ts'

/** What an hour weighs, and in it the place of a block, in bytes, about. */
const HOUR_BYTES = 1000
const PLACE_BYTES = 200

/** What a kept block weighs besides its bytes, and an open one and a source of it besides its columns, about. */
const BLOCK_BYTES = 200
const OPEN_BYTES = 300
const SOURCE_BYTES = 100

/** Bytes that an hour's open blocks take, about: metrics that are asked for by turns find those open that came since. */
const MOST_OPEN = 4 * 2 ** 20

const NO_KEY = new Uint8Array()

let made = 0

/** An hour of a shelf of which points are in blocks. */
export interface BlockHour extends ShelfHour {
  /** Of an hour that was sealed: of the blocks that came too late for it. Absent where all of the hour's blocks count. */
  readonly late?: LateBlocks
}

/** Which of an hour's blocks came after it was sealed. */
export interface LateBlocks {
  /** The sort key of the first. @default that of the hour's first block */
  readonly from?: Uint8Array
  /** How often the hour was sealed before them, or points were deleted of it: after that they are others, even where they begin with the same. */
  readonly rounds: number
}

/** The blocks of one run. */
interface SeenRun {
  /** The first number that is not known. */
  next: number
  /** Known numbers behind it. */
  readonly ahead: Set<number>
}

/**
 * Which blocks of an hour of a shelf, or of its late ones, are known, in the order in which they became known, and of the last of them the
 * bytes as they are stored: those before may be shed.
 */
export class HourBlocks {
  /** No other has it. */
  readonly serial = ++made
  readonly hour: BlockHour
  /** Those that were decoded. */
  readonly metrics = new Set<number>()
  /** Those of them that are not to be packed. */
  readonly unpackable = new Set<number>()
  readonly #indices = new Map<string, number>()
  readonly #runs = new Map<number, SeenRun>()
  /** Of the blocks from `#keptFrom` on. */
  #kept: Uint8Array[] = []
  #keptFrom = 0
  #keptWeight = 0
  /** Blocks that are unpacked for good, by index, those that became known first come first. */
  readonly #open = new Map<number, OpenBlock>()
  #openWeight = 0
  #runCount = 0
  #unplaced = 0
  #bytes = 0
  #expiresAtS = Number.POSITIVE_INFINITY

  constructor({ shelf, baseTime, late }: BlockHour) {
    this.hour = { shelf, baseTime, ...(late && { late }) }
  }

  /** Whether they are those of an hour as the ledger tells of it: where it was sealed meanwhile, or an earlier late block was noted, they are not. */
  areOf({ shelf, baseTime, late }: BlockHour): boolean {
    const { hour } = this
    if (shelf !== hour.shelf || baseTime !== hour.baseTime) return false
    if (late === undefined || hour.late === undefined) return late === hour.late
    return late.rounds === hour.late.rounds && latin1(late.from ?? NO_KEY) === latin1(hour.late.from ?? NO_KEY)
  }

  /** Of known blocks. */
  get count(): number {
    return this.#indices.size
  }

  /** The first block that is kept, and all behind it are. */
  get keptFrom(): number {
    return this.#keptFrom
  }

  /** Of all blocks, as they are stored. */
  get bytes(): number {
    return this.#bytes
  }

  /** About the bytes of memory that it takes without the blocks that are kept. */
  get weight(): number {
    return HOUR_BYTES + this.#indices.size * PLACE_BYTES
  }

  /** About the bytes of memory that the kept blocks take. */
  get keptWeight(): number {
    return this.#keptWeight + this.#openWeight
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
   * Adds those of some blocks that are not known yet, open: who settles it closes them.
   * @throws CorruptDataError
   */
  add(blocks: readonly KeyedBlock[]): void {
    for (const { sk, bytes, expiresAtS = Number.POSITIVE_INFINITY } of blocks) {
      const name = latin1(sk)
      if (this.#indices.has(name)) continue
      const block = openBlock(bytes)
      this.#open.set(this.#indices.size, block)
      this.#openWeight += weightOf(block)
      this.#indices.set(name, this.#indices.size)
      // A copy: small ones may be views of what other things lie in, too.
      this.#kept.push(new Uint8Array(bytes))
      this.#keptWeight += bytes.length + BLOCK_BYTES
      this.#bytes += bytes.length
      this.#expiresAtS = Math.min(this.#expiresAtS, expiresAtS)
      const place = placeOf(sk)
      if (place === undefined) this.#unplaced++
      else this.#see(place)
    }
  }

  /**
   * Closes blocks that are open, but for the last.
   * @param mostKept what the kept blocks may weigh: the first half of them is shed where they weigh more
   */
  settle(mostKept: number): void {
    this.#close(MOST_OPEN)
    if (this.keptWeight > mostKept) this.#close(mostKept / 4)
    while (this.keptWeight > mostKept && this.#kept.length > 0) this.#shed(Math.ceil(this.#kept.length / 2))
  }

  /** Lets all blocks go that are kept; they stay known. */
  shed(): void {
    this.#shed(this.#kept.length)
  }

  #close(mostOpen: number): void {
    for (const index of this.#open.keys()) {
      if (this.#openWeight <= mostOpen) return
      this.#closeOne(index)
    }
  }

  #closeOne(index: number): void {
    const block = this.#open.get(index)
    if (block !== undefined) this.#openWeight -= weightOf(block)
    this.#open.delete(index)
  }

  #shed(count: number): void {
    for (const [i, bytes] of this.#kept.slice(0, count).entries()) {
      this.#keptWeight -= bytes.length + BLOCK_BYTES
      this.#closeOne(this.#keptFrom + i)
    }
    this.#kept = this.#kept.slice(count)
    this.#keptFrom += count
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
   * The series of a metric in the kept blocks `from` (inclusive) to `to` (exclusive), a block each.
   * @throws CorruptDataError
   */
  decode(metric: number, from: number, to: number): SeriesColumns[] {
    this.metrics.add(metric)
    const blocks: SeriesColumns[] = []
    for (let index = from; index < to; index++) {
      const block = this.#open.get(index) ?? openBlock(this.#kept[index - this.#keptFrom]!)
      blocks.push(decodeColumns(block, { metric }))
    }
    return blocks
  }

  /**
   * The series of a metric in blocks that were just read, whether they are kept or not, a block each.
   * @throws CorruptDataError
   */
  decodeRead(metric: number, read: readonly KeyedBlock[]): SeriesColumns[] {
    this.metrics.add(metric)
    return read.map(({ sk, bytes }) => {
      const index = this.indexOf(sk)
      const open = index === undefined ? undefined : this.#open.get(index)
      return decodeColumns(open ?? openBlock(bytes), { metric })
    })
  }
}

function weightOf({ columns, sources }: OpenBlock): number {
  return columns.length + sources.length * SOURCE_BYTES + OPEN_BYTES
}
