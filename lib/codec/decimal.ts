import { KIND_BIG, type PointColumns } from '../model/points.ts'

/** The scale of a series that is no run of decimals; its values are kept as doubles. */
export const NO_SCALE = 255

/** The greatest scale tried: nine digits behind the point are the most that measurements have. */
export const MAX_SCALE = 9

/** 10^scale, exact. */
export const POWERS_OF_TEN: readonly number[] = Array.from({ length: MAX_SCALE + 1 }, (_, scale) => 10 ** scale)

/** Scaled values are below this, so that the difference of two fits an integer column. */
const MAX_SCALED = 2 ** 51 - 1

/**
 * The smallest scale at which every value of a series is a whole number of 10^-scale, and dividing that whole number by
 * 10^scale gives back the very same double: then integers can stand for the doubles. A number that somebody wrote in
 * decimal nearly always has one, for the nearest double of m / 10^s is what the division gives.
 * @returns 0 to MAX_SCALE, or NO_SCALE (also for -0.0 and 64-bit integers that no double holds)
 */
export function scaleOf({ values, kinds, count }: PointColumns): number {
  return scaleOfRange(values, kinds, 0, count)
}

/** scaleOf for the points `from` (inclusive) to `to` (exclusive) of columns. */
export function scaleOfRange(values: Float64Array, kinds: Uint8Array, from: number, to: number): number {
  let scale = 0
  for (let i = from; i < to; i++) {
    const value = values[i]!
    if ((kinds[i]! & KIND_BIG) !== 0 || (value === 0 && Object.is(value, -0))) return NO_SCALE
    if (isScaled(value, scale)) continue
    scale = nextScale(value, scale)
    if (scale === NO_SCALE) return NO_SCALE
    // What passed at the smaller scale must pass at this one too.
    i = from - 1
  }
  return scale
}

/** The whole number that stands for a value at a scale that scaleOf gave. */
export function toScaled(value: number, scale: number): number {
  return scale === 0 ? value : Math.round(value * POWERS_OF_TEN[scale]!)
}

function isScaled(value: number, scale: number): boolean {
  const power = POWERS_OF_TEN[scale]!
  const scaled = Math.round(value * power)
  return scaled / power === value && scaled <= MAX_SCALED && scaled >= -MAX_SCALED
}

function nextScale(value: number, above: number): number {
  // Most doubles that are no short decimals are found out by the greatest scale at once.
  if (Math.abs(value) < 1e6 && !isScaled(value, MAX_SCALE)) return NO_SCALE
  for (let scale = above + 1; scale <= MAX_SCALE; scale++) if (isScaled(value, scale)) return scale
  return NO_SCALE
}
