import { type ByteReader, ByteWriter } from '../bytes.ts'
import {
  CONTEXT_LENGTH,
  CONTEXT_NONE,
  CONTEXT_ZEROS,
  decodeAdaptive,
  encodeAdaptive,
  lengthBitsOf,
  MAX_MISSING_BYTES,
  MIN_LENGTH_BITS,
} from './adaptive.ts'
import { decodeDeflated, encodeDeflated } from './deflated.ts'
import { fromResiduals, type Prediction, predictionsOf, toResiduals } from './residuals.ts'

// How whole numbers are coded:

/** All are the same: nothing follows. */
export const CONSTANT = 0
/** Each is one step more than the one before: the step follows, a zigzag. */
export const STEP = 1
/** A model and residuals, coded adaptively. */
export const ADAPTIVE = 2
/** A model and residuals, as varints, deflated. */
export const DEFLATED = 3

// The model's byte: order of the prediction (2 bits), context of adaptive coding (2 bits), what follows the byte (2 bits),
// bits of a bit length in adaptive coding less 3 (2 bits).
const ORDER = 3
const CONTEXT_SHIFT = 2
const CONTEXT = 3
/** A varint follows by which all numbers are divided. */
const HAS_DIVISOR = 16
/** A zigzag follows: the prediction's slope. */
const HAS_SLOPE = 32
const LENGTH_BITS_SHIFT = 6

const CONTEXTS = [CONTEXT_NONE, CONTEXT_ZEROS, CONTEXT_LENGTH]

/** Fewer numbers are not worth deflate: its tables take more than they save, and setting it up longer than reading. */
const MIN_TO_DEFLATE = 512

/** Models are tried on so many numbers where there are more. */
const TRIAL_NUMBERS = 512

/**
 * Deflated numbers may take so many times the bytes of adaptively coded ones: they are read three times as fast. On a
 * host's metrics at 1 s this makes rows 8 % larger and reading them half as fast again.
 */
const DEFLATED_MAY_COST = 1.2

/** What numbers are foretold by. */
interface Model {
  readonly divisor: number
  readonly prediction: Prediction
  readonly context: number
}

/** Whole numbers as bytes. */
export interface CodedNumbers {
  /** CONSTANT, STEP, ADAPTIVE or DEFLATED. */
  readonly codec: number
  /** Must be given to readNumbers alone: their count tells where they end. */
  readonly bytes: Uint8Array
}

/**
 * Codes numbers by whatever takes about the fewest bytes.
 * @param numbers whole, the first 0, no difference of any two above MAX_RESIDUAL; at least one
 * @param repeats whether stretches of them may come again, so that DEFLATED is tried too
 */
export function encodeNumbers(numbers: Float64Array, repeats: boolean): CodedNumbers {
  const step = stepOf(numbers)
  if (step === 0) return { codec: CONSTANT, bytes: new Uint8Array(0) }
  if (step !== undefined) return { codec: STEP, bytes: new ByteWriter(8).zigzag(step).finish() }

  const divisor = divisorOf(numbers)
  const divided = divisor === 1 ? numbers : numbers.map((number) => number / divisor)
  const [prediction, second] = predictionsOf(divided)
  if (prediction === undefined) throw new RangeError('Numbers lie too far apart')
  const models: Model[] = CONTEXTS.map((context) => ({ divisor, prediction, context }))
  if (second !== undefined) models.push({ divisor, prediction: second, context: CONTEXT_NONE })
  const adaptive = encodeShortest(divided, models)
  if (!repeats || numbers.length < MIN_TO_DEFLATE) return adaptive
  const deflated = encodeModel(DEFLATED, divided, { divisor, prediction, context: CONTEXT_NONE })
  return deflated.bytes.length <= adaptive.bytes.length * DEFLATED_MAY_COST ? deflated : adaptive
}

/** Codes numbers adaptively by the model whose first numbers take the fewest bytes. */
function encodeShortest(numbers: Float64Array, models: readonly Model[]): CodedNumbers {
  const trial = numbers.subarray(0, TRIAL_NUMBERS)
  const [best] = models
    .map((model) => ({ model, coded: encodeModel(ADAPTIVE, trial, model) }))
    .sort((a, b) => a.coded.bytes.length - b.coded.bytes.length)
  if (best === undefined) throw new RangeError('There is no model')
  return trial.length === numbers.length ? best.coded : encodeModel(ADAPTIVE, numbers, best.model)
}

/**
 * The mirror of encodeNumbers: reads all that the reader has left.
 * @param count how many, at least one
 * @throws CorruptDataError
 */
export function readNumbers(reader: ByteReader, codec: number, count: number): Float64Array {
  const numbers = new Float64Array(count)
  if (codec === CONSTANT) return numbers
  if (codec === STEP) {
    fromResiduals(numbers, { order: 0, slope: reader.zigzag() })
    return numbers
  }
  const model = reader.u8()
  const divisor = (model & HAS_DIVISOR) === 0 ? 1 : reader.varint()
  const slope = (model & HAS_SLOPE) === 0 ? 0 : reader.zigzag()
  const context = (model >> CONTEXT_SHIFT) & CONTEXT
  const order = model & ORDER
  const lengthBits = MIN_LENGTH_BITS + (model >> LENGTH_BITS_SHIFT)
  if (order > 2 || context > CONTEXT_LENGTH) reader.fail(`the unknown model ${model}`)

  const residuals = numbers.subarray(1)
  const bytes = reader.raw(reader.remaining)
  if (codec === DEFLATED) decodeDeflated(bytes, residuals)
  else if (decodeAdaptive(bytes, context, lengthBits, residuals) > MAX_MISSING_BYTES) reader.fail('bytes are missing')
  fromResiduals(numbers, { order, slope })
  if (divisor !== 1) for (let i = 1; i < count; i++) numbers[i] = numbers[i]! * divisor
  return numbers
}

function encodeModel(codec: number, numbers: Float64Array, { divisor, prediction, context }: Model): CodedNumbers {
  const { order, slope } = prediction
  const hasDivisor = divisor === 1 ? 0 : HAS_DIVISOR
  const hasSlope = slope === 0 ? 0 : HAS_SLOPE
  const writer = new ByteWriter(64 + numbers.length)
  const residuals = toResiduals(numbers, prediction)
  const lengthBits = codec === ADAPTIVE ? lengthBitsOf(residuals) : MIN_LENGTH_BITS
  const moreBits = (lengthBits - MIN_LENGTH_BITS) << LENGTH_BITS_SHIFT
  writer.u8(order | (context << CONTEXT_SHIFT) | hasDivisor | hasSlope | moreBits)
  if (divisor !== 1) writer.varint(divisor)
  if (slope !== 0) writer.zigzag(slope)
  writer.raw(codec === ADAPTIVE ? encodeAdaptive(residuals, context, lengthBits) : encodeDeflated(residuals))
  return { codec, bytes: writer.finish() }
}

/** The step that all numbers keep, if there is one. */
function stepOf(numbers: Float64Array): number | undefined {
  if (numbers.length === 1) return 0
  const step = numbers[1]!
  for (let i = 2; i < numbers.length; i++) if (numbers[i]! - numbers[i - 1]! !== step) return undefined
  return step
}

/** The greatest number that divides all: sizes in bytes or pages come in multiples. */
function divisorOf(numbers: Float64Array): number {
  let divisor = 0
  for (let i = 0; i < numbers.length; i++) {
    let rest = Math.abs(numbers[i]!)
    // Most numbers are multiples of what is left by then, and cost one remainder.
    if (rest % divisor === 0) continue
    while (rest !== 0) [divisor, rest] = [rest, divisor % rest]
    if (divisor === 1) return 1
  }
  return divisor
}
