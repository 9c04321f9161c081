import { bitLength } from './adaptive.ts'

// Numbers that follow each other are foretold from those before; what is left over is small and costs little:
// order 0: from a line from zero with a slope, for what jitters around it (a slope of 0: for what has no trend);
// order 1: from the number before plus the slope, for counters and random walks;
// order 2: from the line through the two numbers before, for what changes smoothly. The slope is the one before the first.

/** How numbers are foretold. */
export interface Prediction {
  readonly order: number
  /** Whole; how much a number is more than the one before. */
  readonly slope: number
}

/** The greatest magnitude of numbers, slopes and residuals: their zigzag form is still an exact double. */
export const MAX_RESIDUAL = 2 ** 52 - 1

/**
 * What a prediction leaves over of numbers.
 * @param numbers whole; the first must be 0 and has no residual
 * @returns one fewer than `numbers`
 */
export function toResiduals(numbers: Float64Array, { order, slope }: Prediction): Float64Array {
  const residuals = new Float64Array(numbers.length - 1)
  let before = 0
  let delta = slope
  for (let i = 1; i < numbers.length; i++) {
    const number = numbers[i]!
    if (order === 0) residuals[i - 1] = number - slope * i
    else {
      residuals[i - 1] = number - before - delta
      if (order === 2) delta = number - before
      before = number
    }
  }
  return residuals
}

/**
 * The mirror of toResiduals, in place.
 * @param numbers the residuals from index 1 on; gets the numbers
 */
export function fromResiduals(numbers: Float64Array, order: number, slope: number): void {
  numbers[0] = 0
  const count = numbers.length
  if (order === 0) {
    if (slope !== 0) for (let i = 1; i < count; i++) numbers[i] = numbers[i]! + slope * i
  } else if (order === 1) {
    let number = 0
    for (let i = 1; i < count; i++) {
      number += numbers[i]! + slope
      numbers[i] = number
    }
  } else {
    let number = 0
    let delta = slope
    for (let i = 1; i < count; i++) {
      delta += numbers[i]!
      number += delta
      numbers[i] = number
    }
  }
}

/**
 * Predictions of numbers that are worth trying, the most promising first.
 * @param numbers whole, the first 0, at least two; no difference of any two above MAX_RESIDUAL
 */
export function predictionsOf(numbers: Float64Array): Prediction[] {
  const last = numbers.length - 1
  const median = medianDelta(numbers)
  // Jitter moves the median, but hardly the mean; gaps the mean, but hardly the median.
  const mean = Math.round(numbers[last]! / last)
  const candidates: Prediction[] = [
    { order: 1, slope: 0 },
    { order: 0, slope: 0 },
    { order: 2, slope: median },
  ]
  if (median !== 0) candidates.push({ order: 1, slope: median })
  if (mean !== 0) candidates.push({ order: 0, slope: mean })
  const bits = candidates.map((prediction) => bitsLeft(numbers, prediction))
  return [...candidates.keys()]
    .filter((i) => bits[i]! < Number.POSITIVE_INFINITY)
    .sort((a, b) => bits[a]! - bits[b]!)
    .map((i) => candidates[i]!)
}

/** About how many bits the residuals of a prediction take; infinite where one is above MAX_RESIDUAL. */
function bitsLeft(numbers: Float64Array, { order, slope }: Prediction): number {
  let bits = 0
  let before = 0
  let delta = slope
  for (let i = 1; i < numbers.length; i++) {
    const number = numbers[i]!
    const residual = order === 0 ? number - slope * i : number - before - delta
    if (order === 2) delta = number - before
    before = number
    const magnitude = residual < 0 ? -residual : residual
    if (magnitude > MAX_RESIDUAL) return Number.POSITIVE_INFINITY
    // A sign and the length itself cost about as much as two bits more.
    if (magnitude !== 0) bits += bitLength(magnitude) + 2
  }
  return bits
}

/** So many differences tell their median well enough. */
const MEDIAN_SAMPLES = 64

/** About the middle one of the differences of neighbours: a step that most of them keep is found among any number of gaps. */
function medianDelta(numbers: Float64Array): number {
  const count = Math.min(MEDIAN_SAMPLES, numbers.length - 1)
  const samples = medianSamples.subarray(0, count)
  for (let i = 0; i < count; i++) {
    const at = 1 + Math.floor((i * (numbers.length - 1)) / count)
    samples[i] = numbers[at]! - numbers[at - 1]!
  }
  return samples.sort()[count >> 1]!
}

const medianSamples = new Float64Array(MEDIAN_SAMPLES)
