import { strictEqual } from 'node:assert'
import type { KinesisStreamEvent } from 'aws-lambda'
import { decodeStreamRecord, packBatch } from '../lib/codec/stream-record.ts'
import { encodeTsuid, hashTsuid } from '../lib/codec/tsuid.ts'
import { BlockEncoder } from '../lib/ingest/blocks.ts'
import { groupPoints, type PlacedSeries, type ResolvedBatch } from '../lib/ingest/group.ts'
import { parsePutBody } from '../lib/ingest/put-json.ts'
import { DEFAULT_LIMITS } from '../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS, type SeriesName } from '../lib/model/series.ts'
import { lambdaContext } from '../test/helpers/http-event.ts'
import { type Fleet, HUNDRED_HOSTS, HUNDRED_HOSTS_IMPORTED, pointCount, putBodies } from './cases.ts'
import { type EmulatorEndpoints, setFunctionEnvironment, startEmulators } from './emulators.ts'
import type { Report } from './report.ts'
import { putEvent, readStream, statusOf, streamEvents } from './stream.ts'

/** Records in an event of the consume function: what two shards gather in a second at 100,000 points/s. */
const RECORDS_AN_EVENT = 100
const SHELVES = 4
const CONTEXT = lambdaContext()
/** Rounds of which the last is reported, so that the compiler has seen everything. */
const ROUNDS = 4

/**
 * Points per second of CPU of this process: through what put computes, then through its handler as the gateway calls it, with
 * the stream in another process; then the same for consume, with the tables in another process.
 */
export async function measureHandlers(report: Report): Promise<void> {
  const emulators = await startEmulators()
  setFunctionEnvironment(emulators)
  try {
    for (const fleet of [HUNDRED_HOSTS, HUNDRED_HOSTS_IMPORTED]) await measureFleet(fleet, emulators, report)
  } finally {
    await emulators.stop()
  }
}

async function measureFleet(fleet: Fleet, emulators: EmulatorEndpoints, report: Report): Promise<void> {
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
      const cache = new SeriesCache()
      let encoded = 0
      for (let at = 0; at < packed.length; at += RECORDS_AN_EVENT) {
        encoded += encodeRecords(packed.slice(at, at + RECORDS_AN_EVENT), cache)
      }
      strictEqual(encoded, points)
    }),
  )

  const put = await import('../functions/put.ts')
  const events = bodies.map(putEvent)
  const earlier = new Set<string>()
  rate(
    'put: handler',
    await lastRound(
      async () => {
        for (const event of events) strictEqual(statusOf(await put.handler(event, CONTEXT)), 204)
      },
      async () => {
        for (const { eventID } of await readStream(emulators.kinesis)) earlier.add(eventID)
      },
    ),
  )
  const consume = await import('../functions/consume.ts')
  const records = (await readStream(emulators.kinesis)).filter(({ eventID }) => !earlier.has(eventID))
  strictEqual(records.length, bodies.length)
  const batches: KinesisStreamEvent[] = streamEvents(records, RECORDS_AN_EVENT)
  rate(
    'consume: handler',
    await lastRound(async () => {
      for (const batch of batches) strictEqual((await consume.handler(batch)).batchItemFailures.length, 0)
    }),
  )
}

/**
 * @param beforeLast done before the last round, outside of the time
 * @returns CPU seconds of the last of several rounds
 */
async function lastRound(work: () => void | Promise<void>, beforeLast?: () => Promise<void>): Promise<number> {
  for (let round = 1; round < ROUNDS; round++) await work()
  await beforeLast?.()
  return cpuSeconds(work)
}

/** @returns CPU seconds that this process spent, garbage collection and thread pool included */
async function cpuSeconds(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/** UIDs of the series met so far, as an instance of the consume function remembers them. */
class SeriesCache {
  readonly series: PlacedSeries[] = []
  readonly #ids = new Map<string, number>()

  idOf(name: SeriesName): number {
    let key = name.metric
    for (const [tagk, tagv] of name.tags) key += `\0${tagk}\0${tagv}`
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = this.series.length
      this.#ids.set(key, id)
      this.series.push(place(name, id))
    }
    return id
  }
}

/** Any UIDs will do, as long as they differ. */
function place({ metric, tags }: SeriesName, id: number): PlacedSeries {
  const metricUid = Number(/\d+$/.exec(metric)?.[0]) + 1
  const pairs = tags.map((_, i) => [i + 1, id + 1] as const)
  const tsuid = encodeTsuid(metricUid, pairs, DEFAULT_UID_WIDTHS)
  return { tsuid, metric: metricUid, hash: hashTsuid(tsuid) }
}

/** What consume computes for the records of one event. @returns points encoded */
function encodeRecords(records: readonly Uint8Array[], cache: SeriesCache): number {
  const batches: ResolvedBatch[] = records.map((bytes, source) => {
    const { batch } = decodeStreamRecord(bytes)
    return { batch, source, seriesIds: Int32Array.from(batch.series, (name) => cache.idOf(name)) }
  })
  const sources = records.map((_, i) => ({ arrival: i, shard: 0, sequence: BigInt(i) }))
  const shelves = Uint16Array.from(cache.series, ({ hash }) => hash % SHELVES)
  const grouped = groupPoints(sources, cache.series, batches, () => shelves)
  const blocks = new BlockEncoder(DEFAULT_UID_WIDTHS).encodeAll(grouped)
  return blocks.length >= SHELVES ? grouped.times.length : 0
}
