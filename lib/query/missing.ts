/**
 * The one rule for missing values: NaN stands for "no value in this interval". Every reducer skips NaN and gives NaN when
 * nothing else is left; interpolation and rates of NaN are NaN. Stored points are never NaN, only fill policies make it.
 */
export function isMissing(value: number): boolean {
  return Number.isNaN(value)
}
