import { afterAll, beforeAll, expect } from 'vitest'
import { decodeBlock } from '../../lib/codec/block.ts'
import { encodeStreamRecord, type StreamRecord } from '../../lib/codec/stream-record.ts'
import { decodeTsuid, tsuidToHex } from '../../lib/codec/tsuid.ts'
import { type Consumer, createConsumer } from '../../lib/ingest/consume.ts'
import type { StreamInput } from '../../lib/ingest/decode-record.ts'
import { parseDeviceMapping } from '../../lib/ingest/device-mapping.ts'
import { DEFAULT_LIMITS } from '../../lib/model/limits.ts'
import { KIND_FLOAT, KIND_MS, type PointBatch, PointColumnsBuilder } from '../../lib/model/points.ts'
import type { SeriesName } from '../../lib/model/series.ts'
import type { Store, StoreConfig } from '../../lib/store/index.ts'
import { type RunningDynamo, startDynamo } from './dynamo.ts'
import { openTestStore } from './store.ts'

const DAY_S = 86_400

export const SHELVES = 3
/** The part of a put that is one record. */
export const WHOLE = { index: 0, count: 1 }

/** A point as these tests write it: metric, host, milliseconds, value. */
export type TestPoint = readonly [metric: string, host: string, time: number, value: number | bigint]

export function batchOf(points: readonly TestPoint[]): PointBatch {
  const series: SeriesName[] = []
  const indexes = new Map<string, number>()
  const columns = new PointColumnsBuilder(1)
  const seriesOf = points.map(([metric, host, time, value]) => {
    if (typeof value === 'bigint') columns.pushInteger(time, value, KIND_MS)
    else columns.push(time, value, KIND_MS | KIND_FLOAT)
    const key = `${metric} ${host}`
    const index = indexes.get(key) ?? series.length
    if (index === series.length) series.push({ metric, tags: [['host', host]] })
    indexes.set(key, index)
    return index
  })
  return { series, seriesOf: Uint32Array.from(seriesOf), points: columns }
}

export const ARRIVAL_MS = 1_700_000_000_000

/** The `i`-th record of a shard; records arrive a millisecond apart. */
export function input(
  i: number,
  content: string | Uint8Array | readonly TestPoint[],
  sync?: Partial<StreamRecord>,
): StreamInput {
  const isBytes = typeof content === 'string' || content instanceof Uint8Array
  const bytes = isBytes ? Buffer.from(content) : encodeStreamRecord({ firstIndex: 0, batch: batchOf(content), ...sync })
  return { sequence: String(49_590_338n * 10n ** 40n + BigInt(i)), arrivalMs: ARRIVAL_MS + i, shard: 7, bytes }
}

/** Whether a record comes after another one: by arrival, shard, sequence. */
const isLater = (a: readonly bigint[], b: readonly bigint[]) => {
  const at = a.findIndex((part, i) => part !== b[i])
  return at >= 0 && (a[at] ?? 0n) > (b[at] ?? 0n)
}

/** Everything that readers can find of some days, by way of the ledger and the series log: `metric host time` -> value. */
export async function readable(store: Store, fromDay: number, toDay: number): Promise<Map<string, string>> {
  const found = new Map<string, { value: string; order: bigint[] }>()
  const names = new Map<string, string | undefined>()
  const nameOf = async (tsuid: Uint8Array): Promise<string | undefined> => {
    const hex = tsuidToHex(tsuid)
    if (!names.has(hex)) {
      for (const logged of await store.seriesLog.read(decodeTsuid(tsuid, store.uids.widths).metric)) {
        const { metric, tags } = decodeTsuid(logged, store.uids.widths)
        const tagvUids = tags.map(([, tagv]) => tagv)
        const metrics = await store.uids.uidsToNames('metric', [metric])
        const tagvs = await store.uids.uidsToNames('tagv', tagvUids)
        names.set(tsuidToHex(logged), [metrics.get(metric), ...tagvUids.map((tagv) => tagvs.get(tagv))].join(' '))
      }
    }
    return names.get(hex)
  }
  const ledger = await store.ledger.readLedger([...Array(SHELVES).keys()], fromDay, toDay)
  for (const { shelf, baseTime } of [...ledger.values()].flat()) {
    for (const bytes of await store.data.readBlocks(shelf, baseTime)) {
      const block = decodeBlock(bytes)
      for (const { tsuid, points, sources } of block.series) {
        const name = await nameOf(tsuid)
        expect(name).toBeDefined()
        for (let i = 0; i < points.count; i++) {
          const { arrival, shard, sequence } = block.sources[sources[i]!]!
          const order = [BigInt(arrival), BigInt(shard), sequence]
          const key = `${name} ${points.times[i]}`
          const before = found.get(key)
          if (before !== undefined && !isLater(order, before.order)) continue
          found.set(key, { value: String(points.bigs.get(i) ?? points.values[i]), order })
        }
      }
    }
  }
  return new Map([...found].map(([key, { value }]) => [key, value]))
}

/** What `records` should read as. */
export function expected(records: readonly (readonly TestPoint[])[]): Map<string, string> {
  return new Map(records.flat().map(([metric, host, time, value]) => [`${metric} ${host} ${time}`, String(value)]))
}

/** Cuts a list at the given places. */
export function cut<T>(items: readonly T[], places: readonly number[]): T[][] {
  const ends = [...new Set(places.map((place) => place % (items.length + 1))), items.length].sort((a, b) => a - b)
  return ends.map((end, i) => items.slice(ends[i - 1] ?? 0, end)).filter((part) => part.length > 0)
}

/** Starts a DynamoDB for the consumers of a file's tests. */
export function useConsumers() {
  let dynamo: RunningDynamo
  beforeAll(async () => {
    dynamo = await startDynamo()
  })
  afterAll(() => dynamo.stop())

  const open = (config: Partial<StoreConfig> = {}): Store =>
    openTestStore({ shelves: SHELVES, endpoint: dynamo.endpoint, ...config })

  const consumerOf = (store: Store, options: Partial<Consumer> = {}): Consumer =>
    createConsumer({ store, limits: DEFAULT_LIMITS, mapping: parseDeviceMapping('{}'), blockTtlDays: 14, ...options })

  let day = 12_000 * DAY_S
  /** A day that no other test writes to, in seconds. */
  const newDay = () => {
    day += 10 * DAY_S
    return day
  }

  const rejectsOf = async (store: Store): Promise<Map<bigint, { reason: string; bytes: Uint8Array }>> => {
    const found = new Map<bigint, { reason: string; bytes: Uint8Array }>()
    for await (const { sequence, reason, bytes } of store.rejects.list(ARRIVAL_MS / 1000)) {
      found.set(sequence, { reason, bytes })
    }
    return found
  }

  return { open, consumerOf, newDay, rejectsOf, endpoint: () => dynamo.endpoint }
}
