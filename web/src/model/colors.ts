// Hues far apart, in an order in which neighbours differ; each is readable on both backgrounds.
const LIGHT = [
  '#0f766e',
  '#c2410c',
  '#4338ca',
  '#a16207',
  '#be185d',
  '#15803d',
  '#0369a1',
  '#b91c1c',
  '#7e22ce',
  '#57534e',
]
const DARK = [
  '#2dd4bf',
  '#fb923c',
  '#818cf8',
  '#facc15',
  '#f472b6',
  '#4ade80',
  '#38bdf8',
  '#f87171',
  '#c084fc',
  '#a8a29e',
]

/** The colour of a series by its place; after the palette it begins again. */
export function colorOf(index: number, dark: boolean): string {
  const palette = dark ? DARK : LIGHT
  return palette[index % palette.length]!
}
