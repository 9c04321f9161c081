import type { BlockSource } from './block.ts'
import { type ByteReader, ByteWriter } from './bytes.ts'
import { MAX_SEQUENCE_BYTES, sequenceFromBytes, sequenceToBytes } from './sequence.ts'

// When a stream record arrived, which shard it came by and its sequence number there: docs/format/row.md. A sequence
// number of Kinesis is 24 bytes, as much as half an hour of points, but says little that the rest does not say already.

/** In the place of a sequence number's length: the number has the parts below, and they follow instead of it. */
const IN_PARTS = MAX_SEQUENCE_BYTES + 1

/** Bytes that encodeArrival gives at most: three varints of 8, a length, and the number or two more varints. */
export const MAX_ARRIVAL_BYTES = 2 * 8 + 1 + MAX_SEQUENCE_BYTES

// From the highest bit: 2, seconds at which the shard was made (36 bits), shard (its lowest 4), counter (64),
// 0 (8), seconds of the record (36), shard (32), 2 (4).
const TOP = 2n << 184n
const CREATED_SHIFT = 148n
const NIBBLE_SHIFT = 144n
const COUNTER_SHIFT = 80n
const SECONDS_SHIFT = 36n
const SHARD_SHIFT = 4n
const END = 2n
const SECONDS_MASK = 2n ** 36n - 1n
const COUNTER_MASK = 2n ** 64n - 1n
const MAX_SECONDS = 2 ** 36
const MAX_SHARDS = 2 ** 32

/** The parts of a sequence number that nothing else tells. */
interface SequenceParts {
  /** Seconds since 1970 at which the shard was made. */
  readonly created: number
  readonly counter: number
  /** Seconds since 1970 of the record. */
  readonly seconds: number
}

/**
 * An arrival, losslessly; short where the sequence number is made as Kinesis makes its own.
 * @param baseTimeS seconds since 1970 of the hour of the points that arrived
 * @throws RangeError for a sequence number that is negative or too large
 */
export function encodeArrival({ arrival, shard, sequence }: BlockSource, baseTimeS: number): Uint8Array {
  const writer = new ByteWriter(MAX_ARRIVAL_BYTES).zigzag(arrival - baseTimeS * 1000).varint(shard)
  const parts = takeApart(sequence, shard)
  if (parts !== undefined) {
    writer
      .u8(IN_PARTS)
      .zigzag(parts.created - baseTimeS)
      .varint(parts.counter)
    return writer.zigzag(parts.seconds - Math.floor(arrival / 1000)).finish()
  }
  const digits = sequenceToBytes(sequence)
  return writer.u8(digits.length).raw(digits).finish()
}

/**
 * The mirror of encodeArrival.
 * @throws CorruptDataError
 */
export function readArrival(reader: ByteReader, baseTimeS: number): BlockSource {
  const arrival = baseTimeS * 1000 + reader.zigzag()
  const shard = reader.varint()
  const length = reader.u8()
  if (length <= MAX_SEQUENCE_BYTES) return { arrival, shard, sequence: sequenceFromBytes(reader.raw(length)) }
  if (length !== IN_PARTS) reader.fail(`a sequence number of ${length} bytes`)
  const created = baseTimeS + reader.zigzag()
  const counter = reader.varint()
  const seconds = Math.floor(arrival / 1000) + reader.zigzag()
  if (!(isSeconds(created) && isSeconds(seconds) && shard < MAX_SHARDS)) reader.fail('no sequence number')
  return { arrival, shard, sequence: putTogether({ created, counter, seconds }, shard) }
}

function takeApart(sequence: bigint, shard: number): SequenceParts | undefined {
  if (sequence < TOP) return undefined
  const created = Number((sequence >> CREATED_SHIFT) & SECONDS_MASK)
  const counter = Number((sequence >> COUNTER_SHIFT) & COUNTER_MASK)
  const seconds = Number((sequence >> SECONDS_SHIFT) & SECONDS_MASK)
  if (!Number.isSafeInteger(counter)) return undefined
  const parts = { created, counter, seconds }
  return putTogether(parts, shard) === sequence ? parts : undefined
}

function putTogether({ created, counter, seconds }: SequenceParts, shard: number): bigint {
  const low = (BigInt(seconds) << SECONDS_SHIFT) | (BigInt(shard) << SHARD_SHIFT) | END
  const high = (BigInt(created) << CREATED_SHIFT) | (BigInt(shard % 16) << NIBBLE_SHIFT)
  return TOP | high | (BigInt(counter) << COUNTER_SHIFT) | low
}

function isSeconds(value: number): boolean {
  return value >= 0 && value < MAX_SECONDS
}
