import { afterAll, beforeAll } from 'vitest'
import type { Posting } from '../../lib/codec/postings.ts'
import { compareTsuids, encodeTsuid } from '../../lib/codec/tsuid.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { Dynamo, openClient } from '../../lib/store/dynamo.ts'
import { PostingsStore } from '../../lib/store/postings.ts'
import { SeriesIndex } from '../../lib/store/series-index.ts'
import { SeriesLog } from '../../lib/store/series-log.ts'
import { type RunningDynamo, TABLES } from '../helpers/dynamo.ts'
import { toHex as hex } from '../helpers/hex.ts'
import { range } from './stores.ts'

const WIDTHS = DEFAULT_UID_WIDTHS
export const HOST = 1
export const DC = 2
export const RACK = 3

/** Small, so that few series make many pages. */
const PAGE_BYTES = 80

/**
 * Starts a DynamoDB for the series indexes of a describe block, and closes what they opened.
 * @param start starts one with the four empty tables
 */
export function useSeriesIndex(start: () => Promise<RunningDynamo>) {
  let dynamo: RunningDynamo
  const opened: ReturnType<typeof openClient>[] = []

  beforeAll(async () => {
    dynamo = await start()
  })

  afterAll(async () => {
    for (const client of opened) client.destroy()
    await dynamo.stop()
  })

  /** Log, postings and both, each with a client of its own. */
  const open = (pageBytes = PAGE_BYTES) => {
    const client = openClient(dynamo.endpoint)
    opened.push(client)
    const units = { read: 0, requests: 0 }
    const requests = new Dynamo({
      client,
      retry: { deadlineMs: 20_000, firstPauseMs: 1 },
      onConsumed: ({ readUnits }) => {
        units.read += readUnits
        units.requests++
      },
    })
    const seriesLog = new SeriesLog(requests, TABLES.meta, WIDTHS)
    const postings = new PostingsStore(requests, TABLES.meta, WIDTHS, pageBytes)
    return { client, units, seriesLog, postings, widths: WIDTHS, index: new SeriesIndex(seriesLog, postings, WIDTHS) }
  }

  let metrics = 100
  /** A metric that no other test has, and `count` series of it: a host each, four dcs, every third one in a rack too. */
  const makeSeries = (count: number) => {
    const metric = metrics++
    const tsuids = range(count, (i) =>
      encodeTsuid(
        metric,
        [[HOST, hostOf(i)], [DC, 1 + (i % 4)], ...(i % 3 === 0 ? ([[RACK, 1 + (i % 7)]] as const) : [])],
        WIDTHS,
      ),
    )
    return { metric, tsuids: tsuids.sort(compareTsuids) }
  }
  const hostOf = (i: number) => 10 + i * 300 + ((i * i) % 97)
  const names = (postings: readonly Posting[]) => postings.map(({ tsuid }) => hex(tsuid))
  const namesOf = ({ series }: { series: readonly Posting[] }) => names(series)

  return { open, makeSeries, hostOf, names, namesOf }
}
