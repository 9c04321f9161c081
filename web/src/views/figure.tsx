import {
  type Card,
  formatCount,
  formatDollars,
  growth,
  levels,
  newest,
  sparkline,
  type Track,
  tracksFor,
} from '../model/status.ts'
import { formatValue } from '../model/units.ts'

const WIDTH = 180
const HEIGHT = 36
/** Parts of the time, each a point of the line. */
const PARTS = 60
const MONTH_S = 30 * 86_400

interface FigureProps {
  readonly card: Card
  readonly tracks: readonly Track[]
  /** Seconds since 1970. */
  readonly from: number
  readonly to: number
}

/** A figure with a small graph: of what only grows, how much it did. */
export function Figure({ card, tracks, from, to }: FigureProps) {
  const own = tracksFor(card, tracks)
  const value = newest(own)
  const values = card.kind === 'sum' ? growth(own, from, to, PARTS) : levels(own, from, to, PARTS)
  return (
    <div class={`figure ${card.bad && value > 0 ? 'bad' : ''}`}>
      <h2 title={card.hint}>{card.title}</h2>
      <strong class="figure-value">
        {shown(card, value)}
        {card.dollars !== undefined && <small> {formatDollars(value * card.dollars)}</small>}
      </strong>
      <Graph points={sparkline(values, WIDTH, HEIGHT)} />
      <span class="hint">{note(card, tracks, values, to - from)}</span>
    </div>
  )
}

function Graph({ points }: { points: string }) {
  const [first = ''] = points.split(',')
  const last = points.slice(points.lastIndexOf(' ') + 1, points.lastIndexOf(','))
  return (
    <svg viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} preserveAspectRatio="none" aria-hidden="true">
      <polygon points={points === '' ? '' : `${first},${HEIGHT} ${points} ${last},${HEIGHT}`} />
      <polyline points={points} />
    </svg>
  )
}

function shown({ unit }: Card, value: number): string {
  return unit === 'si' ? formatCount(value) : formatValue(value, unit)
}

/** What stands below the small graph. */
function note(card: Card, tracks: readonly Track[], values: readonly (number | undefined)[], seconds: number): string {
  const told = values.filter((value) => value !== undefined)
  if (card.kind === 'sum') {
    const grown = told.reduce((sum, value) => sum + value, 0)
    if (grown === 0) return 'none in this time'
    const price =
      card.dollars === undefined ? '' : `, ${formatDollars((grown * card.dollars * MONTH_S) / seconds)} a month`
    return `${shown(card, grown)} in this time${price}`
  }
  if (card.left !== undefined) {
    const left = newest(tracksFor({ metric: card.left, ...(card.tag && { tag: card.tag }) }, tracks))
    return `${formatCount(left)} more fit`
  }
  const greatest = Math.max(0, ...told)
  return greatest > newest(tracksFor(card, tracks)) ? `at most ${shown(card, greatest)}` : ''
}
