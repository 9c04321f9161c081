/** What two's complement integers of 64 bits do when they pass their range. */
export const wrapLong = (value: bigint): bigint => BigInt.asIntN(64, value)

/** Turns values of several series, or of one interval of one series, into one value. */
export interface Reducer {
  /**
   * Of doubles; NaN means missing.
   * @param values those from index `from` up to, not including, `to`; at least one
   * @returns NaN where nothing but NaN is there
   */
  double(values: Float64Array, from: number, to: number): number
  /**
   * Of integers that doubles hold exactly.
   * @returns the exact result, or undefined where it or a step on the way may pass 2^53: then `exact` is asked
   */
  long(values: Float64Array, from: number, to: number): number | undefined
  /** Of 64-bit integers; wraps as they do. */
  exact(values: readonly bigint[]): bigint
}

/** A double as Java's cast to long has it: towards zero. */
export function truncate(value: number): number {
  return Math.trunc(value) + 0
}
