/** What stands for a missing double under the interpolations that do not look at neighbours. */
export const MISSING_DOUBLE = { zero: 0, max: Number.MAX_VALUE, min: -Number.MAX_VALUE } as const

/** What stands for a missing 64-bit integer under the interpolations that do not look at neighbours. */
export const MISSING_LONG = { zero: 0n, max: 2n ** 63n - 1n, min: -(2n ** 63n) } as const

/** The value at time x on the line from (x0, y0) to (x1, y1). */
export function lerp(x: number, x0: number, y0: number, x1: number, y1: number): number {
  return y0 + ((x - x0) * (y1 - y0)) / (x1 - x0)
}

/**
 * The same in integers: the division drops the fraction, towards zero.
 * @returns undefined where a step may pass 2^53
 */
export function lerpLong(x: number, x0: number, y0: number, x1: number, y1: number): number | undefined {
  const product = (x - x0) * (y1 - y0)
  if (!Number.isSafeInteger(product)) return undefined
  return y0 + Math.trunc(product / (x1 - x0)) + 0
}

/** The same in 64-bit integers of any size, which wrap. */
export function lerpExact(x: number, x0: number, y0: bigint, x1: number, y1: bigint): bigint {
  const product = BigInt.asIntN(64, BigInt(x - x0) * BigInt.asIntN(64, y1 - y0))
  return BigInt.asIntN(64, y0 + product / BigInt(x1 - x0))
}
