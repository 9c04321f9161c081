import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBlock, encodeBlock } from '../../../lib/codec/block.ts'
import { mergePieces, newestOrigin, type Piece } from '../../../lib/codec/merge.ts'
import { readUid } from '../../../lib/codec/tsuid.ts'
import { type GatheredSeries, gatherSeries } from '../../../lib/ingest/gather-series.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { blockSeries } from '../../helpers/blocks.ts'
import { plainPoints } from '../../helpers/points.ts'

const BASE_TIME = 1_356_998_400
const WHOLE = { groups: 1, from: 0, to: 1 }
const NO_BOUND = Number.POSITIVE_INFINITY

/** A record's block: a few instants of some series, of which several blocks have some. */
const record = fc.record({
  arrival: fc.nat(1000),
  series: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 6 }),
  instants: fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 3 }),
})

function blockOf({ arrival, series, instants }: typeof record extends fc.Arbitrary<infer T> ? T : never, i: number) {
  const points = [...instants]
    .sort((a, b) => a - b)
    .map((second) => ({ offsetMs: second * 1000, value: i + second / 64 }))
  const own = [...series].sort((a, b) => a - b).map((n) => blockSeries(BASE_TIME, 1 + (n % 2), [[1, 1 + n]], points))
  own.sort((a, b) => Buffer.compare(a.tsuid, b.tsuid))
  const sources = [{ arrival, shard: i % 3, sequence: BigInt(i) }]
  return encodeBlock({ baseTime: BASE_TIME, widths: DEFAULT_UID_WIDTHS, sources, series: own })
}

async function* inPages(blocks: readonly Uint8Array[], size: number) {
  for (let at = 0; at <= blocks.length; at += size) yield blocks.slice(at, at + size)
}

function described(series: Iterable<GatheredSeries>) {
  const all = [...series].map(({ tsuid, pieces }) => {
    return [Buffer.from(tsuid).toString('hex'), plainPoints(mergePieces(pieces)), newestOrigin(pieces)] as const
  })
  return all.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What gathering comes to where nothing is merged on the way. */
function oneByOne(blocks: readonly Uint8Array[]) {
  const found = new Map<string, { tsuid: Uint8Array; pieces: Piece[] }>()
  for (const { series, sources: origins } of blocks.map((bytes) => decodeBlock(bytes))) {
    for (const { tsuid, points, sources } of series) {
      const name = Buffer.from(tsuid).toString('hex')
      const known = found.get(name) ?? { tsuid, pieces: [] }
      found.set(name, known)
      known.pieces.push({ points, sources, origins })
    }
  }
  return described(found.values())
}

test('blocks that are merged as they come are what they are when merged at once, all series or some', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 150, size: 'max' }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 2, max: 5 }),
      async (records, pageSize, groups) => {
        const blocks = records.map(blockOf)
        const gather = (wanted: typeof WHOLE) =>
          gatherSeries(inPages(blocks, pageSize), DEFAULT_UID_WIDTHS, wanted, NO_BOUND)
        const whole = await gather(WHOLE)
        expect(described(whole.series ?? [])).toEqual(oneByOne(blocks))
        const some = await Promise.all([gather({ groups, from: 0, to: 1 }), gather({ groups, from: 1, to: groups })])
        expect(described(some.flatMap(({ series }) => series ?? []))).toEqual(oneByOne(blocks))
        for (const each of [whole, ...some]) {
          expect(each.pointsSeen).toBe(
            records.reduce((sum, { series, instants }) => sum + series.length * instants.length, 0),
          )
          expect(each.seriesSeen).toBe(whole.series?.length)
          expect(each.blockBytes).toBe(blocks.reduce((sum, { length }) => sum + length, 0))
          const uids = (whole.series ?? []).map(({ tsuid }) => readUid(tsuid, 0, 3))
          expect([...each.metrics].sort()).toEqual([...new Set(uids)].sort())
        }
      },
    ),
  )
})

test('a series that is in thousands of blocks is held in a few pieces', async () => {
  const blocks = Array.from({ length: 3000 }, (_, i) =>
    blockOf({ arrival: i, series: [1, 2], instants: [i % 3600] }, i),
  )
  const { series = [] } = await gatherSeries(inPages(blocks, 100), DEFAULT_UID_WIDTHS, WHOLE, NO_BOUND)
  expect(series.map(({ pieces }) => pieces.reduce((sum, { points }) => sum + points.count, 0))).toEqual([3000, 3000])
  for (const { pieces } of series) expect(pieces.length).toBeLessThanOrEqual(12)
})

test('where more points are wanted than may be held none are, and all are counted', async () => {
  const blocks = Array.from({ length: 10 }, (_, i) => blockOf({ arrival: i, series: [1, 2], instants: [i] }, i))
  const gather = (most: number) => gatherSeries(inPages(blocks, 3), DEFAULT_UID_WIDTHS, WHOLE, most)
  expect((await gather(20)).series).toHaveLength(2)
  expect(await gather(19)).toMatchObject({ series: undefined, seriesSeen: 2, pointsSeen: 20 })
})
