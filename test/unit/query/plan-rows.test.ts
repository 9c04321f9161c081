import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LAST_DAY, type Posting } from '../../../lib/codec/postings.ts'
import { encodeTsuid } from '../../../lib/codec/tsuid.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { chooseReads, exactCost, planRows, type RowHour, rangeCost } from '../../../lib/query/plan-rows.ts'
import { meets, type TagConstraint } from '../../../lib/store/postings-pages.ts'
import { toHex } from '../../helpers/hex.ts'

const WIDTHS = DEFAULT_UID_WIDTHS
const DAY = 15_706
const hours = (count: number, changes: Partial<RowHour> = {}): RowHour[] =>
  Array.from({ length: count }, (_, i) => ({
    baseTime: DAY * 86_400 + i * 3600,
    saltBuckets: 1,
    consistent: false,
    ...changes,
  }))
const series = (count: number, days: Partial<Posting> = {}): Posting[] =>
  Array.from({ length: count }, (_, i) => ({
    tsuid: encodeTsuid(1, [[1, i]], WIDTHS),
    firstDay: 0,
    lastDay: LAST_DAY,
    ...days,
  }))

describe('exactCost(keys, rowBytes, consistent)', () => {
  it('is half a unit a key up to 4 KB, twice that where consistent, and a request for 100 keys', () => {
    expect(exactCost(720, 300, false)).toEqual({ units: 360, requests: 7.2 })
    expect(exactCost(720, 300, true)).toEqual({ units: 720, requests: 7.2 })
    expect(exactCost(100, 10_000, false)).toEqual({ units: 150, requests: 1 })
  })

  it('counts the requests that 16 MB an answer make where rows are large', () => {
    expect(exactCost(100, 2 ** 20 - 60, false).requests).toBe(6.25)
  })
})

describe('rangeCost(series, rowBytes, saltBuckets, consistent)', () => {
  it('is a unit for 8 KB, twice that where consistent, and a request for 1 MB', () => {
    expect(rangeCost(2 ** 15, 196, 1, false)).toEqual({ units: 1024, requests: 8 })
    expect(rangeCost(2 ** 15, 196, 1, true)).toEqual({ units: 2048, requests: 8 })
  })

  it('is the smallest read at least, for every partition', () => {
    expect(rangeCost(1, 40, 8, false)).toEqual({ units: 4, requests: 8 })
  })
})

describe('chooseReads(found, hours, rowBytes)', () => {
  it('reads one host’s 720 rows by key, however many hosts there are', () => {
    for (const total of [1000, 100_000, 1_000_000]) {
      const { blocks, stats } = chooseReads({ series: series(1), total }, hours(720), 300)
      expect(blocks).toHaveLength(1)
      expect(blocks[0]).toMatchObject({ read: 'exact', tsuids: { length: 1 }, baseTimes: { length: 720 } })
      expect(stats).toMatchObject({ keys: 720, exactHours: 720, rangeHours: 0, estimated: { units: 360, requests: 8 } })
    }
  })

  it('reads an hour by range where most of its series are wanted', () => {
    const { blocks, stats } = chooseReads({ series: series(60), total: 100 }, hours(24), 300)
    expect(stats).toMatchObject({ series: 60, seriesOfMetric: 100, exactHours: 0, rangeHours: 24, keys: 0 })
    expect(blocks.map(({ read, baseTimes }) => [read, baseTimes.length])).toEqual(Array(24).fill(['range', 1]))
  })

  it('weighs each hour by the partitions that its rows are spread over', () => {
    const mixed = [...hours(2), ...hours(4, { saltBuckets: 40 }).slice(2)]
    const { blocks } = chooseReads({ series: series(10), total: 20 }, mixed, 300)
    expect(blocks.map(({ read, baseTimes }) => [read, baseTimes.length])).toEqual([
      ['range', 1],
      ['range', 1],
      ['exact', 2],
    ])
  })

  it('asks for no rows of series in days that they were not seen in', () => {
    const found = [...series(1, { lastDay: DAY }), ...series(2, { firstDay: DAY + 1 }).slice(1)]
    const { blocks, stats } = chooseReads({ series: found, total: 1000 }, hours(72), 300)
    expect(blocks.map(({ tsuids, baseTimes }) => [tsuids?.map(toHex), baseTimes.length])).toEqual([
      [['00000100000100000000'], 24],
      [['00000100000100000001'], 48],
    ])
    expect(stats.keys).toBe(72)
    const unseen = series(3, { firstDay: DAY + 9 })
    expect(chooseReads({ series: unseen, total: 3 }, hours(24), 300).blocks).toEqual([])
    expect(chooseReads({ series: [], total: 1000 }, hours(24), 300).blocks).toEqual([])
  })

  it('covers every living series of every hour once, in small blocks, at no more than either way alone costs', () => {
    const posting = fc
      .tuple(fc.nat(4), fc.nat(4))
      .map(([a, b]) => ({ firstDay: DAY + Math.min(a, b), lastDay: DAY + Math.max(a, b) }))
    const hour = fc.record({ saltBuckets: fc.integer({ min: 1, max: 20 }), consistent: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(posting, { maxLength: 40 }),
        fc.array(hour, { maxLength: 80 }),
        fc.nat(200),
        fc.integer({ min: 1, max: 9000 }),
        (days, shapes, others, rowBytes) => {
          const all = series(days.length).map((one, i) => ({ ...one, ...days[i] }))
          const wanted = hours(shapes.length).map((one, i) => ({ ...one, ...shapes[i] }))
          const total = all.length + others
          const { blocks, stats } = chooseReads({ series: all, total }, wanted, rowBytes)
          const read = blocks.flatMap(({ baseTimes, tsuids, consistent }) => {
            expect(baseTimes.length * (tsuids?.length ?? 0)).toBeLessThanOrEqual(1000)
            return baseTimes.flatMap((at) => (tsuids ?? []).map((tsuid) => `${at} ${toHex(tsuid)} ${consistent}`))
          })
          const living = wanted.flatMap(({ baseTime, consistent }) =>
            all
              .filter(({ firstDay, lastDay }) => firstDay * 86_400 <= baseTime && baseTime < (lastDay + 1) * 86_400)
              .map(({ tsuid }) => `${baseTime} ${toHex(tsuid)} ${consistent}`),
          )
          expect([...read].sort()).toEqual([...living].sort())
          const byKey = wanted.reduce(
            (sum, { baseTime, consistent }) =>
              sum +
              exactCost(living.filter((one) => one.startsWith(`${baseTime} `)).length, rowBytes, consistent).units,
            0,
          )
          // A request may be saved for a quarter of a unit.
          expect(stats.estimated.units).toBeLessThanOrEqual(byKey + 0.25 * living.length + 1e-9)
        },
      ),
    )
  })

  it('cuts what is read by key into blocks of 1000 rows', () => {
    const { blocks } = chooseReads({ series: series(2500), total: 10_000_000 }, hours(2), 300)
    expect(blocks.map(({ tsuids, baseTimes }) => [tsuids?.length, baseTimes.length])).toEqual([
      [1000, 1],
      [1000, 1],
      [1000, 1],
      [1000, 1],
      [500, 2],
    ])
  })
})

describe('planRows(index, widths, request)', () => {
  const all = series(300)
  let asked = 0
  const index = {
    async find(_metric: number, constraints: readonly TagConstraint[]) {
      asked++
      const found = all.filter(({ tsuid }) => constraints.every((constraint) => meets(tsuid, constraint, WIDTHS)))
      return { series: found, total: all.length }
    },
  }
  const request = { metric: 1, constraints: [], wanted: () => true, hours: hours(3) }

  it('reads everything by range, without the index, where all series are asked for', async () => {
    asked = 0
    const { blocks, stats } = await planRows(index, WIDTHS, request)
    expect(asked).toBe(0)
    expect(blocks.map(({ read, tsuids }) => [read, tsuids])).toEqual(Array(3).fill(['range', undefined]))
    expect(stats).toMatchObject({ series: undefined, rangeHours: 3 })
  })

  it('takes those candidates that are wanted by tags and accepted by names', async () => {
    const { blocks, stats } = await planRows(index, WIDTHS, {
      ...request,
      constraints: [{ tagk: 1, tagvs: new Set([3, 4, 5, 999]) }],
      wanted: (tags) => tags[0]?.[1] !== 4,
      accept: async (candidates) => candidates.filter(({ tags }) => tags[0]?.[1] !== 5),
    })
    expect(stats).toMatchObject({ series: 1, seriesOfMetric: 300, keys: 3 })
    expect(blocks).toMatchObject([{ read: 'exact', tsuids: { length: 1 }, baseTimes: { length: 3 } }])
  })
})
