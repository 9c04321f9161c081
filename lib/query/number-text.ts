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
 * How many thousandths a size is, where that many give back the very same double; else 0. Then no text is shorter than that of
 * the thousandths without the zeros at their end.
 * @param size a finite double from 0 on
 */
export function thousandthsOf(size: number): number {
  if (size >= FAST_BELOW || size < 0.001) return 0
  const thousandths = Math.round(size * 1000)
  return thousandths / 1000 === size ? thousandths : 0
}

/**
 * A finite double as javaDouble writes it. Most are decimals of three places at most, which two whole numbers and a table
 * write four times as fast as the search for the fewest digits.
 */
export function doubleText(value: number): string {
  const thousandths = thousandthsOf(value < 0 ? -value : value)
  if (thousandths === 0) return javaDouble(value)
  const whole = Math.floor(thousandths / 1000)
  const text = whole + THOUSANDTHS[thousandths - whole * 1000]!
  return value < 0 ? `-${text}` : text
}
