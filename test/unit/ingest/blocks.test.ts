import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BlockSource, decodeBlock, encodeBlock, encodeColumnBlock } from '../../../lib/codec/block.ts'
import { encodeTsuid, hashTsuid, tsuidToHex } from '../../../lib/codec/tsuid.ts'
import {
  BlockEncoder,
  blockOfRange,
  columnsOfRange,
  cutRange,
  type EncodedBlock,
  rangeOfGroup,
} from '../../../lib/ingest/blocks.ts'
import { groupPoints, type PlacedSeries, type ResolvedBatch } from '../../../lib/ingest/group.ts'
import { KIND_FLOAT, KIND_MS, PointColumnsBuilder } from '../../../lib/model/points.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'

const HOUR_MS = 3_600_000

/** A point as a test writes it: series number (-1: without UIDs), milliseconds, value. */
interface TestPoint {
  readonly series: number
  readonly time: number
  readonly value: number | bigint
}

function placed(count: number): PlacedSeries[] {
  return Array.from({ length: count }, (_, i) => {
    // Metric and tag run against each other, so that the order of TSUIDs is not that of the numbers.
    const metric = 1 + ((i * 7) % 5)
    const tsuid = encodeTsuid(metric, [[1, count - i]], DEFAULT_UID_WIDTHS)
    return { tsuid, metric, hash: hashTsuid(tsuid) }
  })
}

function resolved(source: number, points: readonly TestPoint[], seriesCount: number): ResolvedBatch {
  const columns = new PointColumnsBuilder(1)
  for (const { time, value } of points) {
    if (typeof value === 'bigint') columns.pushInteger(time, value, KIND_MS)
    else columns.push(time, value, KIND_MS | KIND_FLOAT)
  }
  const unresolved = seriesCount
  return {
    source,
    batch: {
      series: Array.from({ length: seriesCount }, () => ({ metric: 'm', tags: [['k', 'v']] as const })),
      seriesOf: Uint32Array.from(points, ({ series }) => (series < 0 ? unresolved : series)),
      points: columns,
    },
    seriesIds: Int32Array.from({ length: seriesCount + 1 }, (_, i) => (i < seriesCount ? i : -1)),
  }
}

const sourcesOf = (count: number): BlockSource[] =>
  Array.from({ length: count }, (_, i) => ({
    arrival: 1_700_000_000_000 + i,
    shard: 2,
    sequence: 10n ** 30n + BigInt(i),
  }))

/** Every point of the blocks as `shelf TSUID time source` -> value; fails where one stands twice. */
function contents(blocks: readonly EncodedBlock[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const { group, bytes } of blocks) {
    const block = decodeBlock(bytes)
    expect(block.baseTime).toBe(group.baseTime)
    for (const { tsuid, points, sources } of block.series) {
      for (let i = 0; i < points.count; i++) {
        expect(Math.floor(points.times[i]! / HOUR_MS) * 3600).toBe(block.baseTime)
        const sequence = block.sources[sources[i]!]?.sequence
        const key = `${group.shelf} ${tsuidToHex(tsuid)} ${points.times[i]}`
        expect(found.has(key)).toBe(false)
        found.set(key, `${points.bigs.get(i) ?? points.values[i]} of ${sequence}`)
      }
    }
  }
  return found
}

const shelf = ({ hash }: PlacedSeries) => hash % 3
const shelvesOf = (series: readonly PlacedSeries[]) => () => Uint16Array.from(series, shelf)

describe('groupPoints and BlockEncoder', () => {
  const point = fc.record({
    series: fc.integer({ min: -1, max: 7 }),
    // Few instants in few hours, so that points collide.
    time: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 5 * HOUR_MS })),
    value: fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    ),
  })

  test('hold each instant of each series once, with the value that came last, however they are cut, from columns as from objects', () => {
    const lists = fc.array(fc.array(point, { maxLength: 60 }), { maxLength: 5 })
    fc.assert(
      fc.property(lists, fc.integer({ min: 100, max: 5000 }), (records, maxBytes) => {
        const series = placed(8)
        const sources = sourcesOf(records.length)
        const model = new Map<string, string>()
        for (const [source, points] of records.entries()) {
          for (const { series: id, time, value } of points) {
            const one = series[id]
            if (one === undefined) continue
            const key = `${shelf(one)} ${tsuidToHex(one.tsuid)} ${time}`
            model.set(key, `${value} of ${sources[source]?.sequence}`)
          }
        }
        const batches = records.map((points, source) => resolved(source, points, series.length))
        const grouped = groupPoints(sources, series, batches, shelvesOf(series))
        const blocks = new BlockEncoder(DEFAULT_UID_WIDTHS, maxBytes).encodeAll(grouped)
        expect(contents(blocks)).toEqual(model)
        for (const group of grouped.groups) {
          const [range] = cutRange(grouped, rangeOfGroup(grouped, group), 2)
          if (range === undefined) continue
          const columns = encodeColumnBlock(columnsOfRange(grouped, range, DEFAULT_UID_WIDTHS))
          expect(columns).toEqual(encodeBlock(blockOfRange(grouped, range, DEFAULT_UID_WIDTHS)))
        }
        for (const { bytes } of blocks) {
          const points = decodeBlock(bytes).series.reduce((sum, one) => sum + one.points.count, 0)
          expect(bytes.length <= maxBytes || points === 1).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('name in a block only the records that it holds points of, and the first and last of them in its key', () => {
    const series = placed(1)
    const batches = [0, 1, 2].map((source) => resolved(source, [{ series: 0, time: source * HOUR_MS, value: 1 }], 1))
    const grouped = groupPoints(sourcesOf(3), series, batches, shelvesOf(series))
    const blocks = new BlockEncoder(DEFAULT_UID_WIDTHS).encodeAll(grouped)
    expect(blocks.map(({ bytes }) => decodeBlock(bytes).sources)).toEqual(sourcesOf(3).map((source) => [source]))
    expect(blocks.map(({ firstSequence }) => firstSequence)).toEqual([10n ** 30n, 10n ** 30n + 1n, 10n ** 30n + 2n])
    expect(blocks.map(({ lastSequence }) => lastSequence)).toEqual([10n ** 30n, 10n ** 30n + 1n, 10n ** 30n + 2n])
  })

  test('sort a series whose points came backwards by time', () => {
    const series = placed(1)
    const points = [50, 40, 40, 30].map((time, i) => ({ series: 0, time, value: i }))
    const grouped = groupPoints(sourcesOf(1), series, [resolved(0, points, 1)], shelvesOf(series))
    expect([...grouped.times.subarray(0, 3)]).toEqual([30, 40, 50])
    expect([...grouped.values.subarray(0, 3)]).toEqual([3, 2, 0])
    expect([...grouped.runStarts]).toEqual([0, 3])
  })
})

describe('cutRange', () => {
  /** 10 points of one series, then 10 series of one point each, in one hour. */
  const series = placed(11)
  const large = [...series.keys()].sort((a, b) => Buffer.compare(series[a]!.tsuid, series[b]!.tsuid))[0]!
  const points = [...series.keys()].flatMap((id) =>
    Array.from({ length: id === large ? 10 : 1 }, (_, time) => ({ series: id, time, value: 1 })),
  )
  const grouped = groupPoints(sourcesOf(1), series, [resolved(0, points, 11)], () => new Uint16Array(11))
  const whole = rangeOfGroup(grouped, grouped.groups[0]!)
  const cuts = (parts: number) => cutRange(grouped, whole, parts).map(({ start, end }) => [start, end])

  test('leaves a range whole for one part', () => expect(cuts(1)).toEqual([[0, 20]]))
  test('cuts at the boundary of a series near the middle', () =>
    expect(cuts(2)).toEqual([
      [0, 10],
      [10, 20],
    ]))
  test('cuts a series larger than a part by time', () =>
    expect(cuts(4)).toEqual([
      [0, 5],
      [5, 10],
      [10, 15],
      [15, 20],
    ]))
  test('gives no empty parts where there are fewer points than parts', () => expect(cuts(100)).toHaveLength(20))
})
