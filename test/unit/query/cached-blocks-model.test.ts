import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeColumns, encodeBlock, openBlock } from '../../../lib/codec/block.ts'
import { mergePieces, type Piece } from '../../../lib/codec/merge.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { type AskedAhead, CachedBlocks, type ReadableBlocks } from '../../../lib/query/cached-blocks.ts'
import type { BlockHour } from '../../../lib/query/hour-blocks.ts'
import { piecesOfColumns, type SeriesPieces } from '../../../lib/query/metric-hour.ts'
import type { KeyedBlock, SkRange } from '../../../lib/store/data.ts'
import { blockSk } from '../../../lib/store/keys.ts'
import { blockSeries } from '../../helpers/blocks.ts'
import { plainPoints } from '../../helpers/points.ts'

const BASE_TIME = 1_356_998_400
const HOUR = { shelf: 3, baseTime: BASE_TIME }
const RANGE = { from: BASE_TIME, to: BASE_TIME + 3600 }
const METRICS = [1, 2]

/** The blocks of an hour, in memory: what DataStore does of it, a few blocks a page. */
class BlocksInMemory implements ReadableBlocks {
  readonly #blocks = new Map<string, KeyedBlock>()
  readonly #pageSize: number
  /** Milliseconds since 1970. */
  now = BASE_TIME * 1000

  constructor(pageSize: number) {
    this.#pageSize = pageSize
  }

  put(block: KeyedBlock): void {
    this.#blocks.set(hex(block.sk), block)
  }

  /** Takes a block away, as the store does once its time has come. @param at which, modulo how many there are */
  expire(at: number): void {
    const expiring = [...this.#blocks.values()].filter(({ expiresAtS }) => expiresAtS !== undefined)
    const block = expiring[at % expiring.length]
    if (block === undefined) return
    this.now = Math.max(this.now, (block.expiresAtS ?? 0) * 1000)
    this.#blocks.delete(hex(block.sk))
  }

  get sorted(): KeyedBlock[] {
    return [...this.#blocks.values()].sort((a, b) => Buffer.compare(a.sk, b.sk))
  }

  within({ from, to }: SkRange = {}): KeyedBlock[] {
    return this.sorted.filter(({ sk }) => {
      return (from === undefined || Buffer.compare(sk, from) >= 0) && (to === undefined || Buffer.compare(sk, to) <= 0)
    })
  }

  async *readKeyedBlocks(_shelf: number, _baseTime: number, range?: SkRange): AsyncGenerator<KeyedBlock[]> {
    const blocks = this.within(range)
    // The last page of an answer may be empty.
    for (let at = 0; at <= blocks.length; at += this.#pageSize) yield blocks.slice(at, at + this.#pageSize)
  }

  async blockSks(_shelf: number, _baseTime: number, range?: SkRange): Promise<Uint8Array[]> {
    return this.within(range).map(({ sk }) => sk)
  }

  async getBlocks(_shelf: number, _baseTime: number, sks: readonly Uint8Array[]): Promise<KeyedBlock[]> {
    return sks.flatMap((sk) => this.#blocks.get(hex(sk)) ?? []).reverse()
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** What puts blocks: some with places, in the runs of a few writers, some of which are filled later than those behind them or never. */
class Writers {
  readonly #store: BlocksInMemory
  readonly #writers = [
    { run: 0, next: 0 },
    { run: 1, next: 0 },
  ]
  readonly #underWay: KeyedBlock[] = []
  readonly #spread: number
  readonly #last: Uint8Array[] = []
  #runs = 2
  #blocks = 0

  /** @param spread how many records may have arrived in another order than their blocks were put in */
  constructor(store: BlocksInMemory, spread: number) {
    this.#store = store
    this.#spread = spread
  }

  put({ writer, key, instants, expires, waits }: PutBlock): void {
    const arrival = ++this.#blocks
    this.#put(arrival, blockOf(arrival, instants, this.#spread), { writer, key, expires, waits })
  }

  /** Puts the points of a block once more, as a batch that is delivered again is. @param at which, modulo how many there are */
  putAgain(at: number, put: Omit<PutBlock, 'instants'>): void {
    const bytes = this.#last[at % Math.max(1, this.#last.length)]
    if (bytes !== undefined) this.#put(++this.#blocks, bytes, put)
  }

  #put(arrival: number, bytes: Uint8Array, { writer, key, expires, waits }: Omit<PutBlock, 'instants'>): void {
    this.#last.push(bytes)
    const of = writer === undefined ? undefined : this.#writers[writer]
    const place = of && { run: of.run, number: of.next++ }
    // Clocks of writers differ: keys without places are in no order.
    const written = { writtenAt: BASE_TIME * 1000 + key, shard: 0, firstSequence: BigInt(arrival), lastSequence: 0n }
    const block: KeyedBlock = {
      sk: blockSk({ ...HOUR, ...written, ...(place && { place }) }, bytes),
      bytes,
      ...(expires ? { expiresAtS: BASE_TIME + 100_000 + arrival * 1000 } : {}),
    }
    if (waits) this.#underWay.push(block)
    else this.#store.put(block)
  }

  /** Puts a block that was begun before others. */
  fill(at: number): void {
    const [block] = this.#underWay.splice(at % Math.max(1, this.#underWay.length), 1)
    if (block !== undefined) this.#store.put(block)
  }

  /** Other writers come, or a writer opens the hour again, of which the last goes on; others have put nothing yet. */
  begin(writer: number, runs: number): void {
    this.#runs += runs
    this.#writers[writer] = { run: this.#runs - 1, next: 0 }
  }
}

/** A point of each metric for some instants, so that many meet; which of them counts is by chance. */
function blockOf(arrival: number, instants: readonly number[], spread: number): Uint8Array {
  const sorted = [...new Set(instants)].sort((a, b) => a - b)
  const points = sorted.map((instant) => ({ offsetMs: instant * 1000, value: arrival * 100 + instant }))
  const sources = [{ arrival: arrival + ((arrival * 7919) % spread), shard: arrival % 3, sequence: BigInt(arrival) }]
  const metrics = arrival % 5 === 0 ? METRICS.slice(1) : METRICS
  const series = metrics.map((metric) => blockSeries(BASE_TIME, metric, [[1, 1 + (arrival % 2)]], points))
  return encodeBlock({ baseTime: BASE_TIME, widths: DEFAULT_UID_WIDTHS, sources, series })
}

/** A metric's series as all of some blocks give them. */
function merged(blocks: readonly SeriesPieces[]) {
  const pieces = new Map<string, Piece[]>()
  for (const { tsuids, pieceAt } of blocks) {
    for (const [i, tsuid] of tsuids.entries()) {
      const name = Buffer.from(tsuid).toString('hex')
      pieces.set(name, [...(pieces.get(name) ?? []), pieceAt(i)])
    }
  }
  return [...pieces].sort().map(([tsuid, own]) => [tsuid, plainPoints(mergePieces(own))])
}

interface PutBlock {
  /** Absent: without a place. */
  readonly writer?: number | undefined
  readonly key: number
  readonly instants: readonly number[]
  readonly expires: boolean
  /** Whether it is put by a `fill` alone. */
  readonly waits: boolean
}

type Step =
  | { readonly does: 'put'; readonly blocks: readonly PutBlock[] }
  | { readonly does: 'again'; readonly at: number; readonly block: PutBlock }
  | { readonly does: 'fill'; readonly at: number }
  | { readonly does: 'begin'; readonly writer: number; readonly runs: number }
  | { readonly does: 'read'; readonly metrics: readonly number[]; readonly ahead: boolean; readonly puts: boolean }
  | { readonly does: 'stop'; readonly metric: number; readonly after: number }
  | { readonly does: 'meet'; readonly metrics: readonly [number, number]; readonly after: number; readonly at: number }
  | { readonly does: 'expire'; readonly at: number }
  | { readonly does: 'overtake'; readonly at: number; readonly metric: number }
  | { readonly does: 'seal'; readonly at: number; readonly metric: number }
  | { readonly does: 'note'; readonly at: number; readonly metric: number }
  | { readonly does: 'forget' }

const metric = fc.constantFrom(...METRICS)
const block: fc.Arbitrary<PutBlock> = fc.record({
  writer: fc.constantFrom(0, 0, 1, undefined),
  key: fc.nat(0xffff),
  instants: fc.array(fc.nat(40), { minLength: 1, maxLength: 3 }),
  expires: fc.constantFrom(false, false, false, true),
  waits: fc.constantFrom(false, false, false, true),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('put' as const), blocks: fc.array(block, { maxLength: 4 }) }) },
  // More at once than are asked for by their keys, or merged at a time.
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('put' as const),
      blocks: fc.array(block, { minLength: 41, maxLength: 150, size: 'max' }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('again' as const), at: fc.nat(), block }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('fill' as const), at: fc.nat() }) },
  // More than are asked one by one.
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('begin' as const),
      writer: fc.nat(1),
      runs: fc.constantFrom(1, 1, 2, 3, 70),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('read' as const),
      metrics: fc.array(metric, { minLength: 1, maxLength: 3 }),
      ahead: fc.boolean(),
      puts: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('stop' as const), metric, after: fc.nat(4) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('meet' as const),
      metrics: fc.tuple(metric, metric),
      after: fc.nat(4),
      at: fc.nat(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('expire' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('overtake' as const), at: fc.nat(), metric }) },
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constantFrom('seal' as const, 'note' as const), at: fc.nat(), metric }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('forget' as const) }) },
)

test('a reader sees what all blocks that there are give when they are merged at once, whatever is kept of them', async () => {
  const sizes = fc.constantFrom(0, 1500, 6000, 2 ** 26, 2 ** 26)
  const runs = fc.tuple(
    fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }),
    fc.constantFrom(1, 3, 64),
    fc.record({
      blockBytes: sizes,
      seriesBytes: sizes,
      placeBytes: fc.constantFrom(0, 1500, 6000, 2 ** 26, 2 ** 26, 2 ** 26),
      packedFrom: fc.constantFrom(1, 1, 4, 16),
    }),
    fc.constantFrom(1, 20, 1009),
  )
  await fc.assert(
    fc.asyncProperty(runs, async ([steps, pageSize, kept, spread]) => {
      const store = new BlocksInMemory(pageSize)
      const writers = new Writers(store, spread)
      const blocks = new CachedBlocks(store, { ...kept, clock: () => store.now })
      let hour: BlockHour = HOUR
      const putOne = (at: number) => {
        const plain = { key: at % 0xffff, instants: [at % 7], waits: false }
        writers.put({ ...plain, writer: [0, 1, undefined][at % 3], expires: at % 4 === 0 })
      }
      const expected = (of: number) =>
        merged(
          store.within(hour.late).map(({ bytes }) => piecesOfColumns(decodeColumns(openBlock(bytes), { metric: of }))),
        )
      const read = async (of: number, ahead?: AskedAhead) => {
        const want = expected(of)
        expect(merged(await blocks.readHour(hour, of, () => undefined, ahead))).toEqual(want)
      }
      for (const [i, one] of steps.entries()) {
        if (one.does === 'put') for (const each of one.blocks) writers.put(each)
        if (one.does === 'again') writers.putAgain(one.at, one.block)
        if (one.does === 'fill') writers.fill(one.at)
        if (one.does === 'begin') writers.begin(one.writer, one.runs)
        if (one.does === 'expire') store.expire(one.at)
        if (one.does === 'forget') blocks.forget(HOUR)
        if (one.does === 'seal' || one.does === 'note') {
          // Sealed, or sealed once more, and some of its blocks are late; or earlier ones are noted as late. It was asked ahead before.
          putOne(one.at)
          const ahead = blocks.askAhead([HOUR.shelf], RANGE, 24)
          const { rounds, from: later } = hour.late ?? { rounds: 0 }
          const all = store.within(one.does === 'note' && later ? { to: later } : {})
          const from = all[one.at % all.length]?.sk
          const late = { rounds: one.does === 'seal' ? rounds + 1 : rounds, ...(from && { from }) }
          if (one.does === 'seal' || hour.late !== undefined) hour = { ...HOUR, late }
          await read(one.metric, one.at % 2 === 0 ? ahead : undefined)
        }
        if (one.does === 'overtake') {
          // A reader that asked before a block was taken away adds what it found to what the next one goes by.
          putOne(one.at)
          const [before, slow] = [expected(one.metric), blocks.askAhead([HOUR.shelf], RANGE, 24)]
          store.expire(one.at)
          const ahead = blocks.askAhead([HOUR.shelf], RANGE, 24)
          const seen = merged(await blocks.readHour(hour, one.metric, () => undefined, slow))
          expect([before, expected(one.metric)]).toContainEqual(seen)
          await read(one.metric, ahead)
        }
        if (one.does === 'stop') {
          let told = 0
          const stopping = blocks.readHour(hour, one.metric, () => {
            if (told++ >= one.after) throw new Error('enough')
          })
          await stopping.catch(() => undefined)
        }
        if (one.does === 'meet') {
          // While one reads, a block comes and another reader finds it.
          const [before, others] = [expected(one.metrics[0]), [] as Promise<void>[]]
          let told = 0
          const reading = blocks.readHour(hour, one.metrics[0], () => {
            if (told++ !== one.after) return
            putOne(one.at)
            others.push(read(one.metrics[1]))
          })
          const seen = merged(await reading)
          expect([before, expected(one.metrics[0])]).toContainEqual(seen)
          await Promise.all(others)
        }
        if (one.does !== 'read') continue
        const ahead = one.ahead ? blocks.askAhead([HOUR.shelf], RANGE, 24) : undefined
        await Promise.all(one.metrics.map((of) => read(of, ahead)))
        if (!one.puts) continue
        // Asked ahead, while blocks that others know come in between.
        const asked = blocks.askAhead([HOUR.shelf], RANGE, 24)
        const before = expected(METRICS[0]!)
        putOne(i)
        await read(METRICS[0]!)
        const seen = merged(await blocks.readHour(hour, METRICS[0]!, () => undefined, asked))
        expect([before, expected(METRICS[0]!)]).toContainEqual(seen)
      }
      for (const of of METRICS) await read(of)
    }),
  )
})
