import { describe, expect, it } from 'vitest'
import { hashTsuid } from '../../lib/codec/tsuid.ts'
import { foldSeriesLog } from '../../lib/ingest/index-series.ts'
import { SeriesNoter } from '../../lib/ingest/series-noter.ts'
import type { NotedDays, ResolvedSeries } from '../../lib/ingest/series-resolver.ts'
import type { RunningDynamo } from '../helpers/dynamo.ts'
import { toHex as hex } from '../helpers/hex.ts'
import { useSeriesIndex } from './series-index.ts'

/**
 * What noting series promises of series log and postings.
 * @param start starts a DynamoDB with the four empty tables
 */
export function noterContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`SeriesNoter on a cold start on ${name}`, () => {
    const { open, makeSeries } = useSeriesIndex(start)

    const resolved = (metric: number, tsuids: readonly Uint8Array[], firstDay = 100, lastDay = firstDay) =>
      tsuids.map((tsuid): [ResolvedSeries, NotedDays] => [
        { tsuid, metric, hash: hashTsuid(tsuid), noted: undefined },
        { firstDay, lastDay },
      ])

    it('notes no series that the log or the postings hold, and every other', async () => {
      const { metric, tsuids } = makeSeries(60)
      const other = makeSeries(5)
      const { seriesLog, postings, widths } = open()
      await seriesLog.append(metric, tsuids.slice(0, 40))
      await foldSeriesLog({ seriesLog, postings, widths }, metric, { foldSeries: 1 })
      await seriesLog.append(metric, tsuids.slice(40, 50))
      const noter = new SeriesNoter(seriesLog, postings)
      const series = [...resolved(metric, tsuids), ...resolved(other.metric, other.tsuids)]
      await noter.note(series)
      expect(series.every(([{ noted }]) => noted !== undefined)).toBe(true)
      expect((await seriesLog.read(metric)).map(hex)).toEqual(tsuids.slice(40).map(hex))
      expect((await seriesLog.read(other.metric)).map(hex)).toEqual(other.tsuids.map(hex))
    })

    it('reads a metric’s log once, and the page of known series once', async () => {
      const { metric, tsuids } = makeSeries(30)
      const { seriesLog, postings, widths, units } = open(16_384)
      await seriesLog.append(metric, tsuids)
      await foldSeriesLog({ seriesLog, postings, widths }, metric, { foldSeries: 1 })
      const noter = new SeriesNoter(seriesLog, postings)
      units.requests = 0
      await noter.note(resolved(metric, tsuids.slice(0, 1)))
      expect(units.requests).toBe(3)
      await noter.note(resolved(metric, tsuids))
      expect(units.requests).toBe(3)
    })

    it('notes a series anew where its points are of other days, and then for a week more', async () => {
      const { metric, tsuids } = makeSeries(3)
      const { seriesLog, postings, widths, index, units } = open()
      const noter = new SeriesNoter(seriesLog, postings)
      const one = resolved(metric, tsuids, 100)
      const noteOn = (firstDay: number, lastDay = firstDay) =>
        noter.note(one.map(([series]) => [series, { firstDay, lastDay }]))
      const days = async () => {
        const { series } = await index.find(metric, [])
        return series.map(({ firstDay, lastDay }) => [firstDay, lastDay])
      }
      await noter.note(one)
      expect(await days()).toEqual([
        [100, 107],
        [100, 107],
        [100, 107],
      ])
      units.requests = 0
      await noteOn(103, 107)
      expect(units.requests).toBe(0)
      await noteOn(108)
      expect((await days())[0]).toEqual([100, 115])
      await foldSeriesLog({ seriesLog, postings, widths }, metric, { foldSeries: 1 })
      await noteOn(50, 60)
      expect((await days())[2]).toEqual([50, 115])
      // Another instance, whose knowledge is older, takes nothing away.
      await new SeriesNoter(seriesLog, postings).note(resolved(metric, tsuids, 90, 91))
      await foldSeriesLog({ seriesLog, postings, widths }, metric, { foldSeries: 1 })
      expect((await days())[1]).toEqual([50, 115])
    })

    it('looks whether another instance has noted the new days already', async () => {
      const { metric, tsuids } = makeSeries(20)
      const { seriesLog, postings } = open()
      const [a, b] = [new SeriesNoter(seriesLog, postings), new SeriesNoter(seriesLog, postings)]
      for (const noter of [a, b]) await noter.note(resolved(metric, tsuids, 100))
      for (const noter of [a, b]) await noter.note(resolved(metric, tsuids, 110))
      const items = []
      for await (const page of seriesLog.readItems(metric)) items.push(...page)
      expect(items).toHaveLength(2)
    })

    it('misses no series that goes from the log to the postings meanwhile', async () => {
      const { metric, tsuids } = makeSeries(30)
      const { seriesLog, postings, widths } = open()
      await seriesLog.append(metric, tsuids)
      const log = {
        async *readItems(of: number) {
          yield* seriesLog.readItems(of)
          await foldSeriesLog({ seriesLog, postings, widths }, metric, { foldSeries: 1 })
        },
        appendAll: (entries: Parameters<typeof seriesLog.appendAll>[0]) => seriesLog.appendAll(entries),
      }
      await new SeriesNoter(log, postings).note(resolved(metric, tsuids))
      expect(await seriesLog.read(metric)).toEqual([])
    })
  })
}
