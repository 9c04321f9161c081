import { KIND_BIG, KIND_FLOAT, KIND_MS, KIND_TEXT } from '../../model/points.ts'
import { type ByteReader, ByteWriter } from '../bytes.ts'

// How the kinds of points (KIND_ bits) are coded:

/** All are integers with times in seconds: nothing follows. */
export const ALL_INTEGERS = 0
/** All are doubles with times in seconds: nothing follows. */
export const ALL_DOUBLES = 1
/** All have the kind that follows. */
export const ALL_ONE_KIND = 2
/** Runs follow until they hold all points: the kind, then the run's points less 1 as a varint. */
export const RUNS = 3

/** Of kinds that exclude each other, at most one. */
const EXCLUSIVE = KIND_FLOAT | KIND_BIG | KIND_TEXT
const KIND_BITS = EXCLUSIVE | KIND_MS

/** Kinds as bytes. */
export interface CodedKinds {
  readonly codec: number
  readonly bytes: Uint8Array
}

/**
 * Codes the kinds of a row's points.
 * @param kinds KIND_ bits, at least one entry
 * @throws RangeError for bits that are none of KIND_
 */
export function encodeKinds(kinds: Uint8Array): CodedKinds {
  const writer = new ByteWriter(16)
  let runs = 0
  for (let i = 0; i < kinds.length; runs++) {
    const start = i
    const kind = kinds[start]!
    if (!isKind(kind)) throw new RangeError(`A chunk can't hold points of the kind ${kind}`)
    while (i < kinds.length && kinds[i] === kind) i++
    writer.u8(kind).varint(i - start - 1)
  }
  if (runs > 1) return { codec: RUNS, bytes: writer.finish() }
  const kind = kinds[0]!
  if (kind === 0) return { codec: ALL_INTEGERS, bytes: new Uint8Array(0) }
  if (kind === KIND_FLOAT) return { codec: ALL_DOUBLES, bytes: new Uint8Array(0) }
  return { codec: ALL_ONE_KIND, bytes: Uint8Array.of(kind) }
}

/**
 * The mirror of encodeKinds.
 * @param mayHaveTexts whether KIND_TEXT is allowed
 * @param kinds gets as many as it is long, at least one; all zero before
 * @throws CorruptDataError
 */
export function readKinds(reader: ByteReader, codec: number, mayHaveTexts: boolean, kinds: Uint8Array): void {
  const count = kinds.length
  if (codec === ALL_INTEGERS) return
  if (codec === ALL_DOUBLES) {
    kinds.fill(KIND_FLOAT)
    return
  }
  for (let i = 0; i < count; ) {
    const kind = reader.u8()
    if (!isKind(kind) || (!mayHaveTexts && (kind & KIND_TEXT) !== 0)) reader.fail(`points of the unknown kind ${kind}`)
    const run = codec === ALL_ONE_KIND ? count : reader.varint() + 1
    if (run > count - i) reader.fail(`a run of ${run} points where ${count - i} are left`)
    kinds.fill(kind, i, i + run)
    i += run
  }
}

function isKind(kind: number): boolean {
  const exclusive = kind & EXCLUSIVE
  return (kind & ~KIND_BITS) === 0 && (exclusive & (exclusive - 1)) === 0
}
