import type { BlockSource } from './block.ts'
import { type ByteReader, ByteWriter } from './bytes.ts'
import { MAX_SEQUENCE_BYTES, sequenceFromBytes, sequenceToBytes } from './sequence.ts'

// When the newest record of a row arrived, which shard it came by and its sequence number there: docs/format/row.md. A sequence
// number of Kinesis is 24 bytes, as much as half an hour of points, and all but two of them say nothing that is needed.

/** Of version 1, in the place of a sequence number's length: the number has the parts below, which follow instead of it. */
const IN_PARTS = MAX_SEQUENCE_BYTES + 1

/** Bytes that encodeArrival gives at most: two varints, a length, and the number. */
export const MAX_ARRIVAL_BYTES = 2 * 8 + 1 + MAX_SEQUENCE_BYTES

/** Counters of records that arrive in one millisecond are nearer to each other than half of this. */
const COUNTER_SPAN = 2 ** 16

// From the highest bit: 2, seconds at which the shard was made (36 bits), shard (its lowest 4), counter (64),
// 0 (8), seconds of the record (36), shard (32), 2 (4).
const TOP_SHIFT = 184n
const TOP = 2n << TOP_SHIFT
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
 * What a row keeps of an arrival: all that tells whether another came before or after it. Of two records of one shard that arrived in
 * the same millisecond the lowest bits of their counters tell it.
 */
export function abridge(source: BlockSource): BlockSource {
  const parts = takeApart(source.sequence, source.shard)
  if (parts === undefined) return source
  return { ...source, sequence: abridgedOf(source.shard, parts.counter % COUNTER_SPAN) }
}

/**
 * Which of two sequence numbers of one shard and millisecond is greater, also where a row has abridged one of them.
 * @returns above 0 where `a` is, below 0 where `b` is
 */
export function compareSequences(a: bigint, b: bigint): number {
  if (a === b) return 0
  if (isInParts(a) && isInParts(b) && (isAbridged(a) || isAbridged(b))) {
    const ahead = (counterOf(a) - counterOf(b)) & (COUNTER_SPAN - 1)
    return ahead < COUNTER_SPAN / 2 ? ahead : ahead - COUNTER_SPAN
  }
  return a < b ? -1 : 1
}

/**
 * An arrival, abridged.
 * @param lastMs milliseconds since 1970 of the last of the points that arrived
 * @throws RangeError for a sequence number that is negative or too large
 */
export function encodeArrival({ arrival, shard, sequence }: BlockSource, lastMs: number): Uint8Array {
  const writer = new ByteWriter(MAX_ARRIVAL_BYTES).zigzag(arrival - lastMs)
  const parts = takeApart(sequence, shard)
  if (parts !== undefined)
    return writer
      .varint(shard * 2)
      .u16(parts.counter % COUNTER_SPAN)
      .finish()
  const digits = sequenceToBytes(sequence)
  return writer
    .varint(shard * 2 + 1)
    .u8(digits.length)
    .raw(digits)
    .finish()
}

/**
 * The mirror of encodeArrival.
 * @returns the arrival in milliseconds after the last of the points, which comes to be known later; the others as `abridge` gives them
 * @throws CorruptDataError
 */
export function readArrival(reader: ByteReader): BlockSource {
  const arrival = reader.zigzag()
  const bits = reader.varint()
  const shard = Math.floor(bits / 2)
  if (bits % 2 === 0) {
    const counter = reader.u16()
    if (shard >= MAX_SHARDS) reader.fail('no sequence number')
    return { arrival, shard, sequence: abridgedOf(shard, counter) }
  }
  const length = reader.u8()
  if (length > MAX_SEQUENCE_BYTES) reader.fail(`a sequence number of ${length} bytes`)
  return { arrival, shard, sequence: sequenceFromBytes(reader.raw(length)) }
}

/**
 * An arrival as the rows of version 1 have it.
 * @param baseTimeS seconds since 1970 of the row's hour
 * @throws CorruptDataError
 */
export function readArrival1(reader: ByteReader, baseTimeS: number): BlockSource {
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

/** The shard asked for last, and its number with the counter 0: a row's arrivals come from few shards. */
let lastShard = -1
let lastStart = 0n

function abridgedOf(shard: number, counter: number): bigint {
  if (shard !== lastShard) {
    lastStart = putTogether({ created: 0, counter: 0, seconds: 0 }, shard)
    lastShard = shard
  }
  return lastStart + (BigInt(counter) << COUNTER_SHIFT)
}

/** Whether a number has the shape of Kinesis' own; takeApart also asks whether it goes with the shard. */
function isInParts(sequence: bigint): boolean {
  return sequence >> TOP_SHIFT === 2n && (sequence & 15n) === END
}

function isAbridged(sequence: bigint): boolean {
  return ((sequence >> CREATED_SHIFT) & SECONDS_MASK) === 0n
}

/** The lowest bits of a number's counter. */
function counterOf(sequence: bigint): number {
  return Number((sequence >> COUNTER_SHIFT) & BigInt(COUNTER_SPAN - 1))
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
