import type { Fill } from './page.ts'

const LINE = 'Between its points a series counts with the line between them.'
const ZERO = 'Where a series has no point it counts as 0.'
const NOTHING = 'Where a series has no point it does not count.'

const GAPS: Readonly<Record<string, string>> = {
  zimsum: ZERO,
  count: ZERO,
  squareSum: ZERO,
  first: ZERO,
  last: ZERO,
  mimmin: NOTHING,
  mimmax: NOTHING,
  pfsum: 'Between its points a series counts with the earlier one.',
  none: 'Every series stays a line of its own.',
}

/** How an aggregator takes series that lack a point where others have one. */
export function aggregatorHint(name: string): string {
  return GAPS[name] ?? LINE
}

const FILL_HINTS: Readonly<Record<Fill, string>> = {
  none: 'An interval without points gives none, and the line goes on.',
  nan: 'An interval without points breaks the line.',
  null: 'An interval without points breaks the line.',
  zero: 'An interval without points gives 0.',
}

/** What an interval without points gives. */
export function fillHint(fill: Fill): string {
  return FILL_HINTS[fill]
}
