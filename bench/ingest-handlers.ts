import { strictEqual } from 'node:assert'
import type { KinesisStreamEvent } from 'aws-lambda'
import { decodeStreamRecord, packBatch } from '../lib/codec/stream-record.ts'
import { encodeTsuid, hashTsuid } from '../lib/codec/tsuid.ts'
import { BlockEncoder } from '../lib/ingest/blocks.ts'
import { groupPoints, type PlacedSeries, type ResolvedBatch } from '../lib/ingest/group.ts'
import { parsePutBody } from '../lib/ingest/put-json.ts'
import { DEFAULT_LIMITS } from '../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS, type SeriesName } from '../lib/model/series.ts'
import { HUNDRED_HOSTS, pointCount, putBodies } from './cases.ts'
import { setFunctionEnvironment, startEmulators } from './emulators.ts'
import type { Report } from './report.ts'
import { INVOCATION, putEvent, readStream, streamEvents } from './stream.ts'

/** Records in an event of the consume function: what two shards gather in a second at 100,000 points/s. */
const RECORDS_AN_EVENT = 100
/** Rounds of which the last is reported, so that the compiler has seen everything. */
const ROUNDS = 3

/**
 * Points per second of CPU of this process: through what put computes, then through its handler as the gateway calls it, with
 * the stream in another process; then the same for consume, with the tables in another process.
 */
export async function measureHandlers(report: Report): Promise<void> {
  const fleet = HUNDRED_HOSTS
  const points = pointCount(fleet)
  const bodies = putBodies(fleet, Math.floor(Date.now() / 3_600_000) * 3600)
  const rate = (metric: string, cpuS: number) =>
    report({ bench: 'ingest', case: fleet.name, metric, value: points / cpuS, unit: 'points/s/core' })

  let packed: Uint8Array[] = []
  rate(
    'put: parse, validate, pack',
    await lastRound(() => {
      packed = bodies.flatMap((body) => packBatch(parsePutBody(body, DEFAULT_LIMITS).batch))
    }),
  )
  rate(
    'consume: unpack, sort, encode blocks',
    await lastRound(() => {
      let encoded = 0
      for (let at = 0; at < packed.length; at += RECORDS_AN_EVENT) {
        encoded += encodeRecords(packed.slice(at, at + RECORDS_AN_EVENT))
      }
      strictEqual(encoded, points)
    }),
  )

  const emulators = await startEmulators()
  setFunctionEnvironment(emulators)
  try {
    const put = await import('../functions/put.ts')
    const events = bodies.map(putEvent)
    rate(
      'put: handler',
      await cpuSeconds(async () => {
        for (const event of events) strictEqual((await put.handler(event, INVOCATION)).statusCode, 204)
      }),
    )
    const consume = await import('../functions/consume.ts')
    const batches: KinesisStreamEvent[] = streamEvents(await readStream(emulators.kinesis), RECORDS_AN_EVENT)
    rate(
      'consume: handler',
      await cpuSeconds(async () => {
        for (const batch of batches) {
          strictEqual((await consume.handler(batch, INVOCATION)).batchItemFailures.length, 0)
        }
      }),
    )
  } finally {
    await emulators.stop()
  }
}

/** @returns CPU seconds of the last of several rounds */
async function lastRound(work: () => void): Promise<number> {
  let seconds = 0
  for (let round = 0; round < ROUNDS; round++) seconds = await cpuSeconds(async () => work())
  return seconds
}

/** @returns CPU seconds that this process spent, garbage collection and thread pool included */
async function cpuSeconds(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/** What consume computes for the records of one event; names get UIDs in order of appearance. @returns points encoded */
function encodeRecords(records: readonly Uint8Array[]): number {
  const ids = new Map<string, number>()
  const series: PlacedSeries[] = []
  const batches: ResolvedBatch[] = records.map((bytes, source) => {
    const { batch } = decodeStreamRecord(bytes)
    const seriesIds = Int32Array.from(batch.series, (name) => {
      const key = JSON.stringify(name)
      const known = ids.get(key)
      if (known !== undefined) return known
      ids.set(key, series.length)
      return series.push(place(name, series.length)) - 1
    })
    return { batch, source, seriesIds }
  })
  const sources = records.map((_, i) => ({ arrival: i, shard: 0, sequence: BigInt(i) }))
  const oneShelf = new Uint16Array(series.length)
  const grouped = groupPoints(sources, series, batches, () => oneShelf)
  const blocks = new BlockEncoder(DEFAULT_UID_WIDTHS).encodeAll(grouped)
  return blocks.length > 0 ? grouped.times.length : 0
}

function place({ metric, tags }: SeriesName, index: number): PlacedSeries {
  const metricUid = Number(/\d+$/.exec(metric)?.[0]) + 1
  const pairs = tags.map((_, i) => [i + 1, index + 1] as const)
  const tsuid = encodeTsuid(metricUid, pairs, DEFAULT_UID_WIDTHS)
  return { tsuid, metric: metricUid, hash: hashTsuid(tsuid) }
}
