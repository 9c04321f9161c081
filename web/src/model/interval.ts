/** Intervals that people count in, with their milliseconds. */
const STEPS: readonly (readonly [text: string, ms: number])[] = [
  ['1s', 1000],
  ['2s', 2000],
  ['5s', 5000],
  ['10s', 10_000],
  ['15s', 15_000],
  ['30s', 30_000],
  ['1m', 60_000],
  ['2m', 120_000],
  ['5m', 300_000],
  ['10m', 600_000],
  ['15m', 900_000],
  ['30m', 1_800_000],
  ['1h', 3_600_000],
  ['2h', 7_200_000],
  ['3h', 10_800_000],
  ['6h', 21_600_000],
  ['12h', 43_200_000],
  ['1d', 86_400_000],
  ['2d', 172_800_000],
  ['7d', 604_800_000],
  ['14d', 1_209_600_000],
  ['30d', 2_592_000_000],
]

/**
 * The shortest interval of which no more than a number fit into a range: one point per pixel.
 * @param ms the range's length
 * @param pixels how many points can be told apart
 * @returns undefined where a second is more than a pixel wide, and all points may come
 */
export function intervalFor(ms: number, pixels: number): string | undefined {
  const least = ms / Math.max(pixels, 1)
  if (least <= 500) return undefined
  return (STEPS.find(([, step]) => step >= least) ?? STEPS[STEPS.length - 1]!)[0]
}
