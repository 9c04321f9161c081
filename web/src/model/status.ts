import type { Unit } from './page.ts'

/** A figure of /api/stats. */
export interface Stat {
  readonly metric: string
  readonly timestamp: number
  readonly value: string
  readonly tags: Readonly<Record<string, string>>
}

/** A figure that the status view shows as a small graph. */
export interface Card {
  readonly metric: string
  /** A tag that the figure must have. */
  readonly tag?: readonly [key: string, value: string]
  readonly title: string
  readonly unit: Unit
  /** What one of it costs, in US dollars. */
  readonly dollars?: number
}

export interface Group {
  readonly title: string
  readonly cards: readonly Card[]
}

/** The units' prices are DynamoDB's list prices on demand in us-east-1. */
export const GROUPS: readonly Group[] = [
  {
    title: 'Sealing',
    cards: [
      { metric: 'tsd.seal.points', title: 'Points in rows', unit: 'si' },
      { metric: 'tsd.seal.rows', title: 'Rows written', unit: 'si' },
      { metric: 'tsd.seal.left', title: 'Hours that are due', unit: 'si' },
      { metric: 'tsd.seal.lag_ms', title: 'The oldest waits', unit: 'ms' },
      { metric: 'tsd.seal.late_hours', title: 'Late hours, sealed anew', unit: 'si' },
      { metric: 'tsd.seal.failed', title: 'Hours that can’t be sealed', unit: 'si' },
    ],
  },
  {
    title: 'Names',
    cards: [
      { metric: 'tsd.uid.ids-used', tag: ['kind', 'metrics'], title: 'Metrics', unit: 'si' },
      { metric: 'tsd.uid.ids-used', tag: ['kind', 'tagk'], title: 'Tag keys', unit: 'si' },
      { metric: 'tsd.uid.ids-used', tag: ['kind', 'tagv'], title: 'Tag values', unit: 'si' },
    ],
  },
  {
    title: 'The function that answers this page',
    cards: [
      { metric: 'tsd.store.read_units', title: 'Read units', unit: 'si', dollars: 0.125e-6 },
      { metric: 'tsd.store.write_units', title: 'Write units', unit: 'si', dollars: 0.625e-6 },
      { metric: 'tsd.store.requests', title: 'Requests to DynamoDB', unit: 'si' },
      { metric: 'tsd.store.retries', title: 'Of them tried again', unit: 'si' },
      { metric: 'tsd.memory.heap_used', title: 'Memory', unit: 'bytes' },
    ],
  },
]

/** A look at the figures. */
export interface Look {
  readonly at: number
  readonly stats: readonly Stat[]
}

/** The value of a card's figure in a look, undefined where it is not told. */
export function figureOf(card: Card, stats: readonly Stat[]): number | undefined {
  const found = stats.find(
    ({ metric, tags }) => metric === card.metric && (card.tag === undefined || tags[card.tag[0]] === card.tag[1]),
  )
  return found === undefined ? undefined : Number(found.value)
}

/** A price to four digits behind the point, or that it is less. */
export function formatDollars(dollars: number): string {
  return dollars > 0 && dollars < 0.0001 ? '< $0.0001' : `$${dollars.toFixed(4)}`
}

/** Points of a polyline through values in a box, left to right; a flat line where they do not differ. */
export function sparkline(values: readonly number[], width: number, height: number): string {
  const drawn = values.length === 1 ? [...values, ...values] : values
  const least = Math.min(...drawn)
  const spread = Math.max(...drawn) - least
  const step = width / Math.max(drawn.length - 1, 1)
  return drawn
    .map((value, index) => {
      const y = spread === 0 ? height / 2 : height - ((value - least) / spread) * height
      return `${(index * step).toFixed(1)},${y.toFixed(1)}`
    })
    .join(' ')
}
