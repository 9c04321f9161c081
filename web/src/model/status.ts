import type { Unit } from './page.ts'
import { formatValue } from './units.ts'

/** A figure of /api/stats. */
export interface Stat {
  readonly metric: string
  readonly timestamp: number
  readonly value: string
  readonly tags: Readonly<Record<string, string>>
}

/** Figures of a time, of /api/stats/history. */
export interface StatSeries {
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
  readonly dps: readonly (readonly [seconds: number, value: number])[]
}

/** A figure over time: seconds since 1970 and values, in order. */
export interface Track {
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
  readonly points: readonly (readonly [seconds: number, value: number])[]
}

/** A figure that the status view shows as a small graph. */
export interface Card {
  readonly title: string
  /** What it means, where its title does not say it. */
  readonly hint?: string
  readonly metric: string
  /** A tag that the figure must have; of several that do it shows the sum. */
  readonly tag?: readonly [key: string, value: string]
  readonly unit: Unit
  /** `sum`: it only grows, and how fast is shown; `now`: it is what it is. */
  readonly kind: 'sum' | 'now'
  /** What one of it costs, in US dollars. */
  readonly dollars?: number
  /** A figure that says how many more there may be. */
  readonly left?: string
  /** Whether anything but 0 is something to look into. */
  readonly bad?: boolean
}

export interface Group {
  readonly title: string
  /** Said where none of its figures is told. */
  readonly none: string
  readonly cards: readonly Card[]
}

/** Seconds between the points of a history. */
const SNAPSHOT_S = 300
const LEFT = 'tsd.uid.ids-available'
const NOTHING = 'Nothing is told of it.'
/** DynamoDB's list prices on demand in us-east-1. */
export const READ_UNIT_DOLLARS = 0.125e-6
export const WRITE_UNIT_DOLLARS = 0.625e-6

export const GROUPS: readonly Group[] = [
  {
    title: 'Points',
    none: NOTHING,
    cards: [
      {
        title: 'In',
        hint: 'Put through the API and on the stream; those of devices come without it',
        metric: 'tsd.datapoints.received',
        unit: 'si',
        kind: 'sum',
      },
      {
        title: 'Stored',
        hint: 'Readable, those of devices among them',
        metric: 'tsd.datapoints.added',
        unit: 'si',
        kind: 'sum',
      },
      {
        title: 'Until readable',
        hint: 'From the arrival of the last batch’s oldest point on the stream',
        metric: 'tsd.consume.lag_ms',
        unit: 'ms',
        kind: 'now',
      },
      {
        title: 'Refused',
        hint: 'Points that broke a rule, or that the stream had no room for: who sent them was told',
        metric: 'tsd.rpc.errors',
        unit: 'si',
        kind: 'sum',
      },
      {
        title: 'Records rejected',
        hint: 'Could not be stored, whole or in part, and are kept: below',
        metric: 'tsd.rejects.records',
        unit: 'si',
        kind: 'sum',
      },
    ],
  },
  {
    title: 'Hours',
    none: 'Sealing has not run yet. It does every five minutes once points are stored.',
    cards: [
      {
        title: 'Open',
        hint: 'Hours with points that are not in rows yet, the current one among them',
        metric: 'tsd.seal.open_now',
        unit: 'si',
        kind: 'now',
      },
      {
        title: 'Late',
        hint: 'Sealed hours with points that came later and are not in rows yet',
        metric: 'tsd.seal.late_now',
        unit: 'si',
        kind: 'now',
      },
      { title: 'Points in rows', metric: 'tsd.seal.points', unit: 'si', kind: 'now' },
      {
        title: 'The oldest waits',
        hint: 'Since it could have been sealed',
        metric: 'tsd.seal.lag_ms',
        unit: 'ms',
        kind: 'now',
      },
      { title: 'Can’t be sealed', metric: 'tsd.seal.failed', unit: 'si', kind: 'now', bad: true },
    ],
  },
  {
    title: 'Series and names',
    none: NOTHING,
    cards: [
      { title: 'Series', metric: 'tsd.series.found', unit: 'si', kind: 'sum' },
      { title: 'Metrics', metric: 'tsd.uid.ids-used', tag: ['kind', 'metrics'], unit: 'si', kind: 'now', left: LEFT },
      { title: 'Tag keys', metric: 'tsd.uid.ids-used', tag: ['kind', 'tagk'], unit: 'si', kind: 'now', left: LEFT },
      { title: 'Tag values', metric: 'tsd.uid.ids-used', tag: ['kind', 'tagv'], unit: 'si', kind: 'now', left: LEFT },
    ],
  },
  {
    title: 'What it costs',
    none: NOTHING,
    cards: [
      { title: 'Write units', metric: 'tsd.store.write_units', unit: 'si', kind: 'sum', dollars: WRITE_UNIT_DOLLARS },
      { title: 'Read units', metric: 'tsd.store.read_units', unit: 'si', kind: 'sum', dollars: READ_UNIT_DOLLARS },
      { title: 'Requests to DynamoDB', metric: 'tsd.store.requests', unit: 'si', kind: 'sum' },
      {
        title: 'Tried again',
        hint: 'Requests to DynamoDB that were throttled or failed at first',
        metric: 'tsd.store.retries',
        unit: 'si',
        kind: 'sum',
      },
    ],
  },
]

const GROWING = new Set(
  GROUPS.flatMap(({ cards }) => cards.flatMap(({ kind, metric }) => (kind === 'sum' ? [metric] : []))),
)

/** The tracks of a history, oldest points first. What a function counts was 0 until its first call. */
export function tracksOf(history: readonly StatSeries[], stats: readonly Stat[]): Track[] {
  return history.map(({ metric, tags, dps }) => {
    const since = stats.find((stat) => stat.metric === 'tsd.function.since_ms' && stat.tags.function === tags.function)
    const startS = since === undefined ? 0 : since.timestamp - Number(since.value) / 1000
    const first = dps[0]?.[0] ?? 0
    const isNew = GROWING.has(metric) && first - startS < SNAPSHOT_S
    return { metric, tags, points: isNew ? [[Math.min(startS, first - 1), 0], ...dps] : dps }
  })
}

/**
 * Tracks with a look at the figures added.
 * @param keptS seconds before the newest look that are kept
 */
export function withLook(tracks: readonly Track[], stats: readonly Stat[], keptS: number): Track[] {
  const keyOf = ({ metric, tags }: Pick<Track, 'metric' | 'tags'>) =>
    metric + JSON.stringify(Object.entries(tags).sort())
  const byKey = new Map(tracks.map((track) => [keyOf(track), track]))
  for (const { metric, tags, timestamp, value } of stats) {
    const key = keyOf({ metric, tags })
    const before = byKey.get(key)?.points.filter(([at]) => at < timestamp && at >= timestamp - keptS) ?? []
    byKey.set(key, { metric, tags, points: [...before, [timestamp, Number(value)]] })
  }
  return [...byKey.values()]
}

/** The tracks that a card shows the sum of; none where its figure is not told. */
export function tracksFor({ metric, tag }: Pick<Card, 'metric' | 'tag'>, tracks: readonly Track[]): Track[] {
  return tracks.filter((track) => track.metric === metric && (tag === undefined || track.tags[tag[0]] === tag[1]))
}

/** The newest value, added up over tracks. */
export function newest(tracks: readonly Track[]): number {
  return tracks.reduce((sum, { points }) => sum + (points.at(-1)?.[1] ?? 0), 0)
}

/**
 * How much tracks that only grow did so in each of some equal parts of a time, together. Between two points they are taken to
 * have grown evenly, before the first not at all.
 * @param fromS seconds since 1970
 */
export function growth(tracks: readonly Track[], fromS: number, toS: number, parts: number): number[] {
  const step = (toS - fromS) / parts
  const edges = Array.from({ length: parts + 1 }, (_, i) => fromS + i * step)
  const sums = edges.map((at) => tracks.reduce((sum, { points }) => sum + valueAt(points, at), 0))
  return sums.slice(1).map((sum, i) => Math.max(0, sum - (sums[i] ?? 0)))
}

/** The value at each part's end: that of the newest point before it, undefined where there is none yet. */
export function levels(tracks: readonly Track[], fromS: number, toS: number, parts: number): (number | undefined)[] {
  const step = (toS - fromS) / parts
  return Array.from({ length: parts }, (_, i) => {
    const at = fromS + (i + 1) * step
    const told = tracks.flatMap(({ points }) => points.findLast(([seconds]) => seconds <= at)?.[1] ?? [])
    return told.length === 0 ? undefined : told.reduce((sum, value) => sum + value, 0)
  })
}

function valueAt(points: Track['points'], at: number): number {
  const after = points.findIndex(([seconds]) => seconds >= at)
  if (after < 0) return points.at(-1)?.[1] ?? 0
  const [[endS, end], start] = [points[after]!, points[after - 1]]
  if (start === undefined) return end
  const [startS, from] = start
  return from + ((end - from) * (at - startS)) / (endS - startS)
}

/** A function as the table of functions lists it. */
export interface FunctionRow {
  readonly name: string
  readonly calls: number
  readonly failed: number
  readonly readUnits: number
  readonly writeUnits: number
  /** What its units cost, in US dollars. */
  readonly dollars: number
}

/** What each function did since the store began, the dearest first. */
export function functionRows(stats: readonly Stat[]): FunctionRow[] {
  const of = (name: string, metric: string) =>
    Number(stats.find((stat) => stat.metric === metric && stat.tags.function === name)?.value ?? 0)
  const names = stats.filter(({ metric }) => metric === 'tsd.function.calls').map(({ tags }) => tags.function ?? '')
  return names
    .map((name) => {
      const readUnits = of(name, 'tsd.store.read_units')
      const writeUnits = of(name, 'tsd.store.write_units')
      return {
        name,
        calls: of(name, 'tsd.function.calls'),
        failed: of(name, 'tsd.function.failed'),
        readUnits,
        writeUnits,
        dollars: readUnits * READ_UNIT_DOLLARS + writeUnits * WRITE_UNIT_DOLLARS,
      }
    })
    .sort((a, b) => b.dollars - a.dollars || (a.name < b.name ? -1 : 1))
}

/** A price with two digits that count, or as much as nothing. */
export function formatDollars(dollars: number): string {
  if (dollars === 0) return '$0'
  if (dollars < 0.000_001) return '< $0.000001'
  if (dollars >= 10) return `$${dollars.toFixed(dollars >= 1000 ? 0 : 2)}`
  return `$${dollars.toFixed(Math.max(2, 1 - Math.floor(Math.log10(dollars))))}`
}

/**
 * Points of a polyline through values in a box, each in the middle of its part of the width, from 0 or the least below it to the
 * greatest.
 */
export function sparkline(values: readonly (number | undefined)[], width: number, height: number): string {
  const told = values.filter((value) => value !== undefined)
  const least = Math.min(0, ...told)
  const spread = Math.max(0, ...told) - least
  const part = width / Math.max(values.length, 1)
  return values
    .flatMap((value, index) => {
      if (value === undefined) return []
      const y = spread === 0 ? height : height - ((value - least) / spread) * height
      // One alone is as wide as its part.
      const places = told.length === 1 ? [index, index + 1] : [index + 0.5]
      return places.map((place) => `${(place * part).toFixed(1)},${y.toFixed(1)}`)
    })
    .join(' ')
}

/** A count for people: all of its digits up to a million, and from there on as other values. */
export function formatCount(value: number): string {
  return Math.abs(value) < 1e6 ? (Math.round(value * 10) / 10).toLocaleString('en') : formatValue(value, 'si')
}
