import { describe, expect, it } from 'vitest'
import { LAST_DAY } from '../../lib/codec/postings.ts'
import { encodeTsuid } from '../../lib/codec/tsuid.ts'
import { foldSeriesLog } from '../../lib/ingest/index-series.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import type { PostingsStore } from '../../lib/store/postings.ts'
import type { RunningDynamo } from '../helpers/dynamo.ts'
import { afterFirst, dieAfter, loseAnswers } from '../helpers/dynamo-faults.ts'
import { toHex as hex } from '../helpers/hex.ts'
import { DC, HOST, RACK, useSeriesIndex } from './series-index.ts'
import { range } from './stores.ts'

const WIDTHS = DEFAULT_UID_WIDTHS

/**
 * What series log and postings promise together.
 * @param start starts a DynamoDB with the four empty tables
 */
export function postingsContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`The series index on ${name}`, () => {
    const { open, makeSeries, hostOf, names, namesOf } = useSeriesIndex(start)

    describe('PostingsStore', () => {
      it('finds the series with a value, with any value of a tag, with several tags, and all', async () => {
        const { metric, tsuids } = makeSeries(300)
        const { seriesLog, postings, widths, index } = open()
        await seriesLog.append(metric, tsuids)
        const result = await foldSeriesLog({ seriesLog, postings, widths }, metric, { foldSeries: 1 })
        expect(result.folded).toBe(300)
        expect(result.pages).toBeGreaterThan(20)
        expect(await seriesLog.read(metric)).toEqual([])

        const having = (...wanted: [number, number?][]) =>
          tsuids
            .filter((tsuid) => {
              const tags = new Map(tagsOf(tsuid))
              return wanted.every(([tagk, tagv]) => tags.has(tagk) && (tagv === undefined || tags.get(tagk) === tagv))
            })
            .map(hex)
        const find = async (...wanted: [number, number?][]) =>
          namesOf(
            await index.find(
              metric,
              wanted.map(([tagk, tagv]) => ({ tagk, ...(tagv === undefined ? {} : { tagvs: new Set([tagv]) }) })),
            ),
          )
        for (const wanted of [
          [],
          [[HOST, hostOf(0)]],
          [[HOST, hostOf(299)]],
          [[HOST, hostOf(300)]],
          [[DC, 1]],
          [[DC, 4]],
          [[RACK]],
          [[DC, 3], [RACK]],
          [
            [HOST, hostOf(3)],
            [DC, 4],
          ],
          [[99]],
        ] as [number, number?][][]) {
          expect([wanted, await find(...wanted)]).toEqual([wanted, having(...wanted)])
        }
        const several = await index.find(metric, [{ tagk: HOST, tagvs: new Set([hostOf(1), 5, hostOf(200)]) }])
        expect(namesOf(several)).toEqual([...having([HOST, hostOf(1)]), ...having([HOST, hostOf(200)])].sort())
      })

      it('reads no more pages for one series of many than for one of few', async () => {
        const costs = []
        for (const count of [60, 600]) {
          const { metric, tsuids } = makeSeries(count)
          const { seriesLog, postings, widths, index, units } = open()
          await seriesLog.append(metric, tsuids)
          await foldSeriesLog({ seriesLog, postings, widths }, metric, { foldSeries: 1 })
          units.requests = 0
          units.read = 0
          expect(await index.find(metric, [{ tagk: HOST, tagvs: new Set([hostOf(50)]) }, { tagk: DC }])).toMatchObject({
            series: { length: 1 },
            total: count,
          })
          costs.push(units.requests)
          expect(units.read).toBeLessThan(10)
        }
        expect(costs[0]).toBe(costs[1])
      })

      it('knows the values of a tag, in the log and in the postings', async () => {
        const { metric, tsuids } = makeSeries(400)
        const { seriesLog, postings, widths, index, units } = open()
        await seriesLog.append(metric, tsuids)
        await foldSeriesLog({ seriesLog, postings, widths }, metric, { foldSeries: 1 })
        await seriesLog.append(metric, [encodeTsuid(metric, [[DC, 77]], WIDTHS)])
        expect(await index.tagValues(metric, HOST)).toEqual(range(400, hostOf))
        expect(await index.tagValues(metric, 99)).toEqual([])
        units.read = 0
        expect(await index.tagValues(metric, DC)).toEqual([1, 2, 3, 4, 77])
        // The log, the directory, and a page at most for each value and its border.
        expect(units.read).toBeLessThan(12)
      })

      it('widens the days of a series that it holds, and writes nothing for those it knows', async () => {
        const { metric, tsuids } = makeSeries(50)
        const { postings } = open()
        const on = (firstDay: number, lastDay: number) => tsuids.map((tsuid) => ({ tsuid, firstDay, lastDay }))
        await postings.merge(metric, undefined, on(100, 110))
        expect(await postings.merge(metric, undefined, on(105, 110))).toBe(0)
        expect(await postings.merge(metric, undefined, on(90, 95).slice(0, 1))).toBe(1)
        const [first, ...others] = (await postings.find(metric, [])).series
        expect(first).toMatchObject({ firstDay: 90, lastDay: 110 })
        expect(others.every(({ firstDay, lastDay }) => firstDay === 100 && lastDay === 110)).toBe(true)
      })

      it('loses nothing when many merge into one list at once, nor when answers get lost', async () => {
        const { metric, tsuids } = makeSeries(240)
        const writers = range(4, () => open())
        for (const { client } of writers.slice(0, 2)) loseAnswers(client)
        await Promise.all(
          range(12, (i) =>
            writers[i % 4]?.postings.merge(
              metric,
              undefined,
              tsuids
                .filter((_, at) => at % 12 === i || at % 12 === (i + 1) % 12)
                .map((tsuid) => ({ tsuid, firstDay: 1, lastDay: 2 })),
            ),
          ),
        )
        expect(names((await open().postings.find(metric, [])).series)).toEqual(tsuids.map(hex))
      })

      it('keeps the pages of a writer whose answer is lost while another goes on with them', async () => {
        const { metric, tsuids } = makeSeries(60)
        const days = (some: readonly Uint8Array[]) => some.map((tsuid) => ({ tsuid, firstDay: 1, lastDay: 2 }))
        const [slow, quick] = [open(), open()]
        await quick.postings.merge(metric, undefined, days(tsuids.slice(1, 20)))
        afterFirst(slow.client, 'PutItemCommand', async () => {
          // Writes the first page anew, and names those of the other as they are.
          await quick.postings.merge(metric, undefined, days(tsuids.slice(0, 1)))
        })
        await slow.postings.merge(metric, undefined, days(tsuids.slice(20)))
        expect(names((await open().postings.find(metric, [])).series)).toEqual(tsuids.map(hex))
      })
    })

    describe('foldSeriesLog(deps, metric)', () => {
      it('leaves a short log alone, and puts many small items of it together', async () => {
        const { metric, tsuids } = makeSeries(70)
        const { seriesLog, postings, widths, index } = open()
        const deps = { seriesLog, postings, widths }
        for (const tsuid of tsuids.slice(0, 63)) await seriesLog.append(metric, [tsuid])
        expect(await foldSeriesLog(deps, metric)).toEqual({ folded: 0, pages: 0, merged: 0 })
        for (const tsuid of tsuids.slice(60)) await seriesLog.append(metric, [tsuid])
        expect(await foldSeriesLog(deps, metric)).toMatchObject({ folded: 0, pages: 0 })
        let items = 0
        for await (const page of seriesLog.readItems(metric)) items += page.length
        expect(items).toBe(1)
        expect(namesOf(await index.find(metric, []))).toEqual(tsuids.map(hex))
        expect(await foldSeriesLog(deps, metric)).toEqual({ folded: 0, pages: 0, merged: 0 })
      })

      it('folds in passes, and stops between them when time is up', async () => {
        const { metric, tsuids } = makeSeries(90)
        const { seriesLog, postings, widths, index } = open()
        const deps = { seriesLog, postings, widths }
        for (let at = 0; at < 90; at += 10) await seriesLog.append(metric, tsuids.slice(at, at + 10))
        let asked = 0
        const options = { foldSeries: 1, seriesPerPass: 30, outOfTime: () => asked++ >= 2 }
        expect((await foldSeriesLog(deps, metric, options)).folded).toBe(60)
        expect(await seriesLog.read(metric)).toHaveLength(30)
        expect(namesOf(await index.find(metric, []))).toEqual(tsuids.map(hex))
      })

      it('keeps a series that is noted while it runs', async () => {
        const { metric, tsuids } = makeSeries(41)
        const { seriesLog, postings, widths, index } = open()
        await seriesLog.append(metric, tsuids.slice(0, 40))
        const late = {
          ...{ seriesLog, widths },
          postings: {
            merge: async (...args: Parameters<PostingsStore['merge']>) => {
              await seriesLog.append(metric, tsuids.slice(40))
              return postings.merge(...args)
            },
          },
        }
        await foldSeriesLog(late, metric, { foldSeries: 1 })
        expect((await seriesLog.read(metric)).map(hex)).toEqual(tsuids.slice(40).map(hex))
        expect(namesOf(await index.find(metric, []))).toEqual(tsuids.map(hex))
      })

      it.each([
        true,
        false,
      ])('shows every series wherever it dies, and the next fold ends its work (answer: %s)', async (lastAnswer) => {
        const healthy = open()
        const { seriesLog, index } = healthy
        let steps = 0
        for (let died = true; died; steps++) {
          const { metric, tsuids } = makeSeries(24)
          // Some are in the postings already, so that pages are replaced.
          await seriesLog.append(metric, tsuids.slice(0, 12))
          await foldSeriesLog(healthy, metric, { foldSeries: 1 })
          await seriesLog.append(metric, tsuids.slice(8, 20))
          await seriesLog.append(metric, tsuids.slice(16))

          const dying = open()
          const { made } = dieAfter(dying.client, steps, lastAnswer)
          died = await foldSeriesLog(dying, metric, { foldSeries: 1 }).then(
            () => false,
            () => true,
          )
          expect(made()).toBeLessThanOrEqual(steps)
          expect(namesOf(await index.find(metric, []))).toEqual(tsuids.map(hex))
          const inDc = tsuids.filter((tsuid) => new Map(tagsOf(tsuid)).get(DC) === 2)
          expect(namesOf(await index.find(metric, [{ tagk: DC, tagvs: new Set([2]) }]))).toEqual(inDc.map(hex))

          await foldSeriesLog(healthy, metric, { foldSeries: 1 })
          expect(await seriesLog.read(metric)).toEqual([])
          expect(namesOf(await index.find(metric, []))).toEqual(tsuids.map(hex))
          expect(namesOf(await index.find(metric, [{ tagk: HOST }]))).toEqual(tsuids.map(hex))
        }
        expect(steps).toBeGreaterThan(10)
      })

      it('loses nothing when several fold one log while series are noted and readers look', async () => {
        const { metric, tsuids } = makeSeries(200)
        const reader = open()
        const writer = open()
        let noted = 0
        let done = false
        const write = async () => {
          for (let at = 0; at < tsuids.length; at += 20) {
            await writer.seriesLog.append(metric, tsuids.slice(at, at + 20))
            noted = at + 20
          }
          done = true
        }
        const fold = async () => {
          const deps = open()
          while (!done) await foldSeriesLog(deps, metric, { foldSeries: 1 })
        }
        const look = async () => {
          while (!done) {
            const before = noted
            const found = new Set(namesOf(await reader.index.find(metric, [{ tagk: DC }])))
            expect(tsuids.slice(0, before).filter((tsuid) => !found.has(hex(tsuid)))).toEqual([])
          }
        }
        await Promise.all([write(), fold(), fold(), look()])
        expect(namesOf(await reader.index.find(metric, []))).toEqual(tsuids.map(hex))
      })
    })

    it('takes what the log has without days as seen at any time', async () => {
      const { metric, tsuids } = makeSeries(1)
      const { seriesLog, index } = open()
      await seriesLog.append(metric, tsuids)
      expect((await index.find(metric, [])).series).toEqual([{ tsuid: tsuids[0], firstDay: 0, lastDay: LAST_DAY }])
    })
  })
}

function tagsOf(tsuid: Uint8Array): [number, number][] {
  const view = Buffer.from(tsuid)
  const tags: [number, number][] = []
  for (let at = WIDTHS.metric; at < tsuid.length; at += WIDTHS.tagk + WIDTHS.tagv)
    tags.push([view.readUIntBE(at, WIDTHS.tagk), view.readUIntBE(at + WIDTHS.tagk, WIDTHS.tagv)])
  return tags
}
