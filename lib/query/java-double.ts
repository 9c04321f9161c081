/**
 * A double as Java's Double.toString writes it, which is what OpenTSDB's clients are used to: at least one digit after the
 * point, and an exponent below 10^-3 and from 10^7 on. Digits are the fewest that give the same double (as Java since 19).
 */
export function javaDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  const size = Math.abs(value)
  if (size === Number.POSITIVE_INFINITY) return value < 0 ? '-Infinity' : 'Infinity'
  if (size === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (size >= 1e-3 && size < 1e7) {
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const shortest = value.toExponential()
  // of one digit Java takes the nearest of two, which only differs for the very smallest: 4.9E-324
  const text = shortest.includes('.') ? shortest : value.toExponential(1)
  return text.replace('e+', 'E').replace('e', 'E')
}
