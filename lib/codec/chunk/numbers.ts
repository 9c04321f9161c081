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
import { type CodedResiduals, decodeClasses, encodeClasses, GAMMA } from './classes.ts'
import { decodeDeflated, encodeDeflated } from './deflated.ts'
import { fromResiduals, type Prediction, predictionsOf, toResiduals } from './residuals.ts'

// How whole numbers are coded:

/** All are the same: nothing follows. */
export const CONSTANT = 0
/** Each is one step more than the one before: the step follows, a zigzag. */
export const STEP = 1
/** A model and residuals, coded in classes or adaptively, as the model says. */
export const ADAPTIVE = 2
/** A model and residuals, as varints, deflated. */
export const DEFLATED = 3

// The model's byte: order of the prediction (2 bits), how residuals are coded (2 bits), what follows the byte (2 bits), and 2
// bits of that coding: of adaptive coding how many decisions tell a bit length, less 3; of classes their form.
const ORDER = 3
const CODING_SHIFT = 2
const CODING = 3
/** A coding: in classes. The others are adaptive, with the context that they are called by. */
const IN_CLASSES = 3
/** A varint follows by which all numbers are divided. */
const HAS_DIVISOR = 16
/** A zigzag follows: the prediction's slope. */
const HAS_SLOPE = 32
const FORM_SHIFT = 6

const CONTEXTS = [CONTEXT_NONE, CONTEXT_ZEROS, CONTEXT_LENGTH]

/** Fewer numbers are coded in classes, unless nearly all that is left of them is nothing. */
const MIN_TO_TRY_ALL = 512

/** Where more of the residuals are zeros than this, adaptive coding is tried for few numbers too: a class takes a bit. */
const MANY_ZEROS = 0.75

/** Models are tried on so many numbers where there are more. */
const TRIAL_NUMBERS = 512

/** Deflated numbers may take so many times the bytes of adaptively coded ones: they are read three times as fast. */
const DEFLATED_MAY_COST = 1.2

/** Numbers in classes may take so many times the bytes of the others: they are read five times as fast as adaptive ones. */
const CLASSES_MAY_COST = 1.2

/** What numbers are foretold by and how what is left over is coded. */
interface Model {
  readonly divisor: number
  readonly prediction: Prediction
  /** IN_CLASSES or an adaptive context. */
  readonly coding: number
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
  const residuals = toResiduals(divided, prediction)
  const inClasses = encodeModel(ADAPTIVE, residuals, { divisor, prediction, coding: IN_CLASSES })
  const few = numbers.length < MIN_TO_TRY_ALL
  if (few && zerosOf(residuals) <= MANY_ZEROS * residuals.length) return inClasses

  const models: Model[] = CONTEXTS.map((coding) => ({ divisor, prediction, coding }))
  if (second !== undefined) models.push({ divisor, prediction: second, coding: CONTEXT_NONE })
  const adaptive = encodeShortest(divided, models)
  const deflated =
    few || !repeats ? undefined : encodeModel(DEFLATED, residuals, { divisor, prediction, coding: CONTEXT_NONE })
  const others =
    deflated !== undefined && deflated.bytes.length <= adaptive.bytes.length * DEFLATED_MAY_COST ? deflated : adaptive
  const least = Math.min(adaptive.bytes.length, deflated?.bytes.length ?? adaptive.bytes.length)
  return inClasses.bytes.length <= least * CLASSES_MAY_COST ? inClasses : others
}

/** Codes numbers adaptively by the model whose first numbers take the fewest bytes. */
function encodeShortest(numbers: Float64Array, models: readonly Model[]): CodedNumbers {
  const trial = numbers.subarray(0, TRIAL_NUMBERS)
  const [best] = models
    .map((model) => ({ model, coded: encodeModel(ADAPTIVE, toResiduals(trial, model.prediction), model) }))
    .sort((a, b) => a.coded.bytes.length - b.coded.bytes.length)
  if (best === undefined) throw new RangeError('There is no model')
  if (trial.length === numbers.length) return best.coded
  return encodeModel(ADAPTIVE, toResiduals(numbers, best.model.prediction), best.model)
}

/**
 * The mirror of encodeNumbers: reads all that the reader has left.
 * @param numbers gets as many as it is long, at least one; all zero before
 * @throws CorruptDataError
 */
export function readNumbers(reader: ByteReader, codec: number, numbers: Float64Array): void {
  if (codec === CONSTANT) return
  if (codec === STEP) {
    fromResiduals(numbers, 0, reader.zigzag())
    return
  }
  const model = reader.u8()
  const divisor = (model & HAS_DIVISOR) === 0 ? 1 : reader.varint()
  const slope = (model & HAS_SLOPE) === 0 ? 0 : reader.zigzag()
  const coding = (model >> CODING_SHIFT) & CODING
  const order = model & ORDER
  const form = model >> FORM_SHIFT
  if (order > 2 || (coding === IN_CLASSES && form > GAMMA)) reader.fail(`the unknown model ${model}`)

  const bytes = reader.raw(reader.remaining)
  if (codec === DEFLATED) decodeDeflated(bytes, numbers.subarray(1))
  else if (coding === IN_CLASSES) {
    if (!decodeClasses(bytes, form, numbers)) reader.fail('bytes that are no classes')
  } else if (decodeAdaptive(bytes, coding, MIN_LENGTH_BITS + form, numbers.subarray(1)) > MAX_MISSING_BYTES) {
    reader.fail('bytes are missing')
  }
  fromResiduals(numbers, order, slope)
  if (divisor !== 1) for (let i = 1; i < numbers.length; i++) numbers[i] = numbers[i]! * divisor
}

function encodeModel(codec: number, residuals: Float64Array, { divisor, prediction, coding }: Model): CodedNumbers {
  const { order, slope } = prediction
  const hasDivisor = divisor === 1 ? 0 : HAS_DIVISOR
  const hasSlope = slope === 0 ? 0 : HAS_SLOPE
  const { form, bytes } = codec === DEFLATED ? { form: 0, bytes: encodeDeflated(residuals) } : code(residuals, coding)
  const writer = new ByteWriter(24 + bytes.length)
  writer.u8(order | (coding << CODING_SHIFT) | hasDivisor | hasSlope | (form << FORM_SHIFT))
  if (divisor !== 1) writer.varint(divisor)
  if (slope !== 0) writer.zigzag(slope)
  return { codec, bytes: writer.raw(bytes).finish() }
}

function code(residuals: Float64Array, coding: number): CodedResiduals {
  if (coding === IN_CLASSES) return encodeClasses(residuals)
  const lengthBits = lengthBitsOf(residuals)
  return { form: lengthBits - MIN_LENGTH_BITS, bytes: encodeAdaptive(residuals, coding, lengthBits) }
}

function zerosOf(residuals: Float64Array): number {
  let zeros = 0
  for (let i = 0; i < residuals.length; i++) if (residuals[i] === 0) zeros++
  return zeros
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
