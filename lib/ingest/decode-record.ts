import type { BlockSource } from '../codec/block.ts'
import { MAX_TEXT_BYTES } from '../codec/extras.ts'
import { decodeStreamRecord, isPackedRecord } from '../codec/stream-record.ts'
import type { Limits } from '../model/limits.ts'
import { KIND_TEXT, type PointBatch, type PointColumns } from '../model/points.ts'
import type { DeviceMapping } from './device-mapping.ts'
import { Faults, whyOf } from './faults.ts'
import { readJsonRecord } from './json-record.ts'
import { LAST_MILLISECOND } from './validate.ts'

/** A record as the stream hands it over. */
export interface StreamInput {
  /** The sequence number as the stream writes it: decimal. */
  readonly sequence: string
  /** Milliseconds since 1970 at which the stream took the record. */
  readonly arrivalMs: number
  readonly shard: number
  readonly bytes: Uint8Array
}

/** Points, and where in its request or record each of them stood. */
export interface IndexedBatch {
  readonly batch: PointBatch
  /** From a position in the batch to the index in the request. */
  readonly indexOf: (position: number) => number
}

/** The mark of a synchronous put: who waits for which part. */
export interface SyncMark {
  readonly id: Uint8Array
  readonly part: { readonly index: number; readonly count: number }
}

/** What could be read of a record; the rest is in `faults`. */
export interface DecodedRecord {
  readonly input: StreamInput
  readonly source: BlockSource
  readonly batches: readonly IndexedBatch[]
  readonly sync?: SyncMark
  readonly faults: Faults
}

/** Reads a record of any kind: packed, JSON points or a device's message. Never throws: what can't be read is a fault. */
export function decodeRecord(input: StreamInput, mapping: DeviceMapping, limits: Limits): DecodedRecord {
  const faults = new Faults()
  const source = { arrival: input.arrivalMs, shard: input.shard, sequence: BigInt(input.sequence) }
  try {
    if (!isPackedRecord(input.bytes)) {
      const batches = readJsonRecord(input.bytes, input.arrivalMs, mapping, limits, faults)
      return { input, source, batches: batches.map((one) => leaveOutBadPoints(one, limits, faults)), faults }
    }
    const { batch, firstIndex, syncId, syncParts } = decodeStreamRecord(input.bytes)
    const batches = [leaveOutBadPoints({ batch, indexOf: (position) => firstIndex + position }, limits, faults)]
    if (syncId === undefined) return { input, source, batches, faults }
    return { input, source, batches, sync: { id: syncId, part: syncParts ?? { index: 0, count: 1 } }, faults }
  } catch (error) {
    faults.add('', whyOf(error))
    return { input, source, batches: [], faults }
  }
}

/**
 * Points that no block can hold are given to a series behind the batch's last, which is never resolved: so the others keep
 * their indices. The producer has checked its points; this is for records that others wrote.
 */
function leaveOutBadPoints(indexed: IndexedBatch, limits: Pick<Limits, 'textBytes'>, faults: Faults): IndexedBatch {
  const { batch, indexOf } = indexed
  const { times, values, count } = batch.points
  let seriesOf = batch.seriesOf
  for (let i = 0; i < count; i++) {
    const time = times[i]!
    const value = values[i]!
    const isGoodTime = time >= 0 && time <= LAST_MILLISECOND && time % 1 === 0
    // A number minus itself is 0 unless it is infinite or NaN, which texts are.
    if (isGoodTime && value - value === 0) continue
    const why = isGoodTime ? valueFault(batch.points, i, limits) : `The time ${time} ms is not within 1970 to 2106`
    if (why === undefined) continue
    if (seriesOf === batch.seriesOf) seriesOf = batch.seriesOf.slice()
    seriesOf[i] = batch.series.length
    faults.addPoint(indexOf(i), why)
  }
  return seriesOf === batch.seriesOf ? indexed : { batch: { ...batch, seriesOf }, indexOf }
}

/** Why a value that is no finite number can't be stored. */
function valueFault(points: PointColumns, index: number, limits: Pick<Limits, 'textBytes'>): string | undefined {
  if ((points.kinds[index]! & KIND_TEXT) === 0) return `${points.values[index]} can't be stored`
  const bytes = Buffer.byteLength(points.texts?.get(index) ?? '', 'utf8')
  const most = Math.min(limits.textBytes, MAX_TEXT_BYTES)
  return bytes > most ? `a text of ${bytes} bytes, textBytes allows ${most}` : undefined
}
