import { ByteReader, ByteWriter } from '../bytes.ts'
import { ADAPTIVE, CONSTANT, encodeNumbers, readNumbers, STEP } from './numbers.ts'

// How times are coded: whether their unit is a second or a millisecond, and whether they keep one step.

/** All times are whole seconds; without it, the unit is a millisecond. */
const SECONDS = 1
/** The times are a model and residuals; without it, the step follows, where there is more than one point. */
const VARY = 2

/** Times as bytes. */
export interface CodedTimes {
  readonly codec: number
  readonly bytes: Uint8Array
}

/**
 * Codes the times of a row's points: the first in units after the base time as a zigzag, then the others.
 * @param times milliseconds since 1970, at least one
 * @throws RangeError where they do not ascend
 */
export function encodeTimes(times: Float64Array, baseTimeS: number): CodedTimes {
  const baseMs = baseTimeS * 1000
  let seconds = SECONDS
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!
    if (!Number.isSafeInteger(time) || (i > 0 && time <= times[i - 1]!)) {
      throw new RangeError(`The time ${time} of a row's point is not above the one before it`)
    }
    if (time % 1000 !== 0) seconds = 0
  }
  const unit = seconds === 0 ? 1 : 1000
  const first = times[0]!
  const numbers = times.map((time) => (time - first) / unit)
  const coded = encodeNumbers(numbers, false)
  const writer = new ByteWriter(16).zigzag((first - baseMs) / unit)
  if (coded.codec !== ADAPTIVE) return { codec: seconds, bytes: writer.raw(coded.bytes).finish() }
  return { codec: seconds | VARY, bytes: writer.varint(coded.bytes.length).raw(coded.bytes).finish() }
}

/**
 * The mirror of encodeTimes.
 * @param times gets as many as it is long, at least one; all zero before
 * @throws CorruptDataError, also where the times do not ascend
 */
export function readTimes(reader: ByteReader, codec: number, baseTimeS: number, times: Float64Array): void {
  const count = times.length
  const unit = (codec & SECONDS) === 0 ? 1 : 1000
  const first = reader.zigzag() * unit + baseTimeS * 1000
  if ((codec & VARY) === 0) readNumbers(reader, count === 1 ? CONSTANT : STEP, times)
  else readNumbers(new ByteReader(reader.raw(reader.varint()), 'chunk'), ADAPTIVE, times)
  let before = Number.NEGATIVE_INFINITY
  let ascend = true
  for (let i = 0; i < count; i++) {
    const time = first + times[i]! * unit
    if (!(time > before)) ascend = false
    times[i] = time
    before = time
  }
  if (!ascend || !Number.isSafeInteger(before)) reader.fail('times that do not ascend')
}
