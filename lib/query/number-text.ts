import { javaDouble } from './java-double.ts'

/** What comes after the point of a number of thousandths: `.0` to `.999`. */
const THOUSANDTHS = Array.from(
  { length: 1000 },
  (_, i) =>
    `.${String(i)
      .padStart(3, '0')
      .replace(/0{1,2}$/, '')}`,
)

/** Below this, a number's thousandths fit 32 bits. */
const FAST_BELOW = 2_000_000

/**
 * A finite double as javaDouble writes it. Most are decimals of three places at most, which two whole numbers and a table
 * write four times as fast as the search for the fewest digits: where that many thousandths give back the very same
 * double, no shorter text does.
 */
export function doubleText(value: number): string {
  const size = value < 0 ? -value : value
  if (size < FAST_BELOW && size >= 0.001) {
    const thousandths = Math.round(size * 1000)
    if (thousandths / 1000 === size) {
      const whole = Math.floor(thousandths / 1000)
      const text = whole + THOUSANDTHS[thousandths - whole * 1000]!
      return value < 0 ? `-${text}` : text
    }
  }
  return javaDouble(value)
}
