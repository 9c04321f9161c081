import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeColumns, encodeBlock, openBlock } from '../../../lib/codec/block.ts'
import { mergePieces, type Piece } from '../../../lib/codec/merge.ts'
import { pieceOf, type SeriesColumns } from '../../../lib/codec/series-columns.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { type AskedAhead, CachedBlocks } from '../../../lib/query/cached-blocks.ts'
import type { DataStore, KeyedBlock } from '../../../lib/store/data.ts'
import { blockSeries } from '../../helpers/blocks.ts'
import { plainPoints } from '../../helpers/points.ts'

const BASE_TIME = 1_356_998_400
const HOUR = { shelf: 3, baseTime: BASE_TIME }
const RANGE = { from: BASE_TIME, to: BASE_TIME + 3600 }
const METRICS = [1, 2]

/** The blocks of an hour, in memory: what DataStore does of it, a few blocks a page. */
class BlocksInMemory implements Pick<DataStore, 'readKeyedBlocks' | 'blockSks' | 'getBlocks'> {
  readonly #blocks = new Map<string, KeyedBlock>()
  readonly #pageSize: number

  constructor(pageSize: number) {
    this.#pageSize = pageSize
  }

  put(block: KeyedBlock): void {
    this.#blocks.set(Buffer.from(block.sk).toString('hex'), block)
  }

  /** Takes a block away, as the store does once its time has come. @param at which, modulo how many there are */
  forget(at: number): void {
    const names = [...this.#blocks.keys()]
    const name = names[at % names.length]
    if (name !== undefined) this.#blocks.delete(name)
  }

  get sorted(): KeyedBlock[] {
    return [...this.#blocks.values()].sort((a, b) => Buffer.compare(a.sk, b.sk))
  }

  async *readKeyedBlocks(): AsyncGenerator<KeyedBlock[]> {
    const blocks = this.sorted
    // The last page of an answer may be empty.
    for (let at = 0; at <= blocks.length; at += this.#pageSize) yield blocks.slice(at, at + this.#pageSize)
  }

  async blockSks(): Promise<Uint8Array[]> {
    return this.sorted.map(({ sk }) => sk)
  }

  async getBlocks(_shelf: number, _baseTime: number, sks: readonly Uint8Array[]): Promise<KeyedBlock[]> {
    return sks.flatMap((sk) => this.#blocks.get(Buffer.from(sk).toString('hex')) ?? []).reverse()
  }
}

/** A point of each metric for few instants, so that many meet. */
function blockOf(arrival: number, instants: readonly number[]): Uint8Array {
  const sorted = [...new Set(instants)].sort((a, b) => a - b)
  const points = sorted.map((instant) => ({ offsetMs: instant * 1000, value: arrival * 100 + instant }))
  // A batch that is delivered again makes another block of the same records.
  const sources = [{ arrival: arrival % 7, shard: arrival % 3, sequence: BigInt(arrival) }]
  const metrics = arrival % 5 === 0 ? METRICS.slice(1) : METRICS
  const series = metrics.map((metric) => blockSeries(BASE_TIME, metric, [[1, 1 + (arrival % 2)]], points))
  return encodeBlock({ baseTime: BASE_TIME, widths: DEFAULT_UID_WIDTHS, sources, series })
}

/** A metric's series as all of some blocks give them. */
function merged(blocks: readonly SeriesColumns[]) {
  const pieces = new Map<string, Piece[]>()
  for (const columns of blocks) {
    for (const [i, tsuid] of columns.tsuids.entries()) {
      const name = Buffer.from(tsuid).toString('hex')
      pieces.set(name, [...(pieces.get(name) ?? []), pieceOf(columns, i)])
    }
  }
  return [...pieces].sort().map(([tsuid, own]) => [tsuid, plainPoints(mergePieces(own))])
}

type Step =
  | { readonly does: 'put'; readonly blocks: readonly { readonly key: number; readonly instants: readonly number[] }[] }
  | { readonly does: 'read'; readonly metrics: readonly number[]; readonly ahead: boolean; readonly puts: boolean }
  | { readonly does: 'stop'; readonly metric: number; readonly after: number }
  | { readonly does: 'expire'; readonly at: number }
  | { readonly does: 'overtake'; readonly at: number; readonly metric: number }
  | { readonly does: 'forget' }

const metric = fc.constantFrom(...METRICS)
const block = fc.record({ key: fc.nat(0xffff), instants: fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }) })
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
  { weight: 1, arbitrary: fc.record({ does: fc.constant('expire' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('overtake' as const), at: fc.nat(), metric }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('forget' as const) }) },
)

test('a reader sees what all blocks that there are give when they are merged at once, whatever is kept of them', async () => {
  const sizes = fc.constantFrom(0, 1500, 6000, 2 ** 26)
  const runs = fc.tuple(fc.array(step, { maxLength: 24 }), fc.constantFrom(1, 3, 64), sizes, sizes)
  await fc.assert(
    fc.asyncProperty(runs, async ([steps, pageSize, bytesKept, decodedKept]) => {
      const store = new BlocksInMemory(pageSize)
      const blocks = new CachedBlocks(store, bytesKept, decodedKept)
      let arrivals = 0
      const put = (key: number, instants: readonly number[]) => {
        const arrival = ++arrivals
        // Clocks of writers differ: keys are in no order.
        store.put({ sk: Uint8Array.of(key >> 8, key, arrival >> 8, arrival), bytes: blockOf(arrival, instants) })
      }
      const expected = (of: number) =>
        merged(store.sorted.map(({ bytes }) => decodeColumns(openBlock(bytes), { metric: of })))
      const read = async (of: number, ahead?: AskedAhead) => {
        const want = expected(of)
        expect(merged(await blocks.readHour(HOUR, of, () => undefined, ahead))).toEqual(want)
      }
      for (const one of steps) {
        if (one.does === 'put') for (const { key, instants } of one.blocks) put(key, instants)
        if (one.does === 'expire') store.forget(one.at)
        if (one.does === 'forget') blocks.forget(HOUR)
        if (one.does === 'overtake') {
          // A reader that asked before a block was taken away adds what it found to what the next one goes by.
          put(one.at % 0xffff, [one.at % 7])
          const [before, slow] = [expected(one.metric), blocks.askAhead([HOUR.shelf], RANGE, 24)]
          store.forget(one.at)
          const ahead = blocks.askAhead([HOUR.shelf], RANGE, 24)
          const seen = merged(await blocks.readHour(HOUR, one.metric, () => undefined, slow))
          expect([before, expected(one.metric)]).toContainEqual(seen)
          await read(one.metric, ahead)
        }
        if (one.does === 'stop') {
          let told = 0
          const stopping = blocks.readHour(HOUR, one.metric, () => {
            if (told++ >= one.after) throw new Error('enough')
          })
          await stopping.catch(() => undefined)
        }
        if (one.does !== 'read') continue
        const ahead = one.ahead ? blocks.askAhead([HOUR.shelf], RANGE, 24) : undefined
        await Promise.all(one.metrics.map((of) => read(of, ahead)))
        if (!one.puts) continue
        // Asked ahead, while blocks that others know come in between.
        const asked = blocks.askAhead([HOUR.shelf], RANGE, 24)
        const before = expected(METRICS[0]!)
        put(arrivals % 0xffff, [arrivals % 7])
        await read(METRICS[0]!)
        const seen = merged(await blocks.readHour(HOUR, METRICS[0]!, () => undefined, asked))
        expect([before, expected(METRICS[0]!)]).toContainEqual(seen)
      }
      for (const of of METRICS) await read(of)
    }),
  )
})
