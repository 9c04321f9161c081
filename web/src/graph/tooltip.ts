import type uPlot from 'uplot'
import { annotationMs } from '../model/answer.ts'
import { formatInstant } from '../model/time.ts'
import { formatValue } from '../model/units.ts'
import type { ChartProps } from './chart.tsx'

/** Series listed at most: those whose lines are nearest to the pointer. */
const LISTED = 8
/** An annotation within this many pixels of the pointer is shown. */
const NEAR_PIXELS = 8

/** What stands next to the pointer. Made by hand and not by the view library: it moves with every movement of the pointer. */
export class Tooltip {
  readonly #latest: { readonly current: ChartProps }
  #element: HTMLElement | undefined

  constructor(latest: { readonly current: ChartProps }) {
    this.#latest = latest
  }

  move(plot: uPlot): void {
    const { idx, left = -1, top = -1 } = plot.cursor
    if (idx === null || idx === undefined || left < 0 || top < 0) {
      if (this.#element !== undefined) this.#element.hidden = true
      return
    }
    const element = this.#elementIn(plot)
    element.replaceChildren(...this.#rows(plot, idx, left, top))
    element.hidden = false
    const width = element.offsetWidth
    const room = plot.over.clientWidth
    const x = left + 16 + width > room ? left - 16 - width : left + 16
    element.style.transform = `translate(${Math.max(0, x)}px, ${Math.max(0, Math.min(top - 10, plot.over.clientHeight - element.offsetHeight))}px)`
  }

  remove(): void {
    this.#element?.remove()
  }

  #elementIn(plot: uPlot): HTMLElement {
    if (this.#element === undefined) {
      this.#element = make('div', 'tooltip')
      plot.over.append(this.#element)
    }
    return this.#element
  }

  #rows(plot: uPlot, idx: number, left: number, top: number): HTMLElement[] {
    const { columns, lines, zone, annotations, left: leftAxis, right } = this.#latest.current
    const near = lines
      .map((line, index) => ({ line, value: columns.values[index]?.[idx] }))
      .filter(({ line, value }) => line.shown && value !== null && value !== undefined)
      .map(({ line, value }) => ({
        line,
        value,
        distance: Math.abs(plot.valToPos(value ?? 0, line.axis === 'right' ? 'y2' : 'y') - top),
      }))
      .sort((a, b) => a.distance - b.distance)
    const rows = near.slice(0, LISTED).map(({ line, value }, place) => {
      const row = make('div', place === 0 && near.length > 1 ? 'row near' : 'row')
      const swatch = make('i', 'swatch')
      swatch.style.background = line.color
      row.append(swatch, make('span', 'name', line.name))
      row.append(make('b', '', formatValue(value, line.axis === 'right' ? right.unit : leftAxis.unit)))
      return row
    })
    const notes = annotations
      .filter(({ startTime }) => Math.abs(plot.valToPos(annotationMs(startTime), 'x') - left) <= NEAR_PIXELS)
      .map(({ description, notes: more }) =>
        make('div', 'note', more === '' ? description : `${description} · ${more}`),
      )
    const rest = near.length > LISTED ? [make('div', 'rest', `and ${near.length - LISTED} more`)] : []
    return [make('div', 'time', formatInstant(columns.times[idx] ?? 0, zone)), ...notes, ...rows, ...rest]
  }
}

/** Text goes in as text: what names and notes hold is never read as HTML. */
function make(tag: string, className: string, text = ''): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}
