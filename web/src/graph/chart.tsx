import type { Signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { type Annotation, annotationMs } from '../model/answer.ts'
import type { Columns } from '../model/columns.ts'
import type { Axis } from '../model/page.ts'
import type { Span } from '../model/request.ts'
import { offsetMs } from '../model/time.ts'
import { tickLabels } from '../model/time-axis.ts'
import { formatValue } from '../model/units.ts'
import { drawAnnotations } from './annotation-marks.ts'
import { ManyLines } from './many-lines.ts'
import { Tooltip } from './tooltip.ts'

export interface Line {
  readonly name: string
  readonly color: string
  readonly axis: 'left' | 'right'
  readonly dashed: boolean
  readonly shown: boolean
}

export interface ChartProps {
  readonly columns: Columns
  readonly lines: readonly Line[]
  readonly left: Axis
  readonly right: Axis
  readonly span: Span
  readonly zone: string
  readonly dark: boolean
  readonly annotations: readonly Annotation[]
  /** The place in `columns.times` that the cursor is at; undefined while it is elsewhere. */
  readonly cursor: Signal<number | undefined>
  readonly onZoom: (from: number, to: number) => void
  readonly onBack: () => void
  /** Told of a click that zoomed nothing, in milliseconds since 1970. */
  readonly onClick: (at: number) => void
  readonly onReady: (plot: uPlot | undefined) => void
}

const HEIGHT = 300
/** More lines than these are drawn over several frames. */
const LINES_AT_ONCE = 20
/** Graphs with this key move their cursors together. */
const SYNC_KEY = 'graphs'
/** A click that no other follows within this time is not half of a double click. */
const DOUBLE_CLICK_MS = 250

/** Draws columns; everything that is not drawn is the panel's. */
export function Chart(props: ChartProps) {
  const root = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const latest = useRef(props)
  latest.current = props
  const shape = shapeOf(props)

  useEffect(() => {
    const element = root.current
    if (element === null) return
    const made = new uPlot(optionsOf(latest, element.clientWidth), dataOf(props.columns), element)
    plot.current = made
    props.onReady(made)
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== made.width)
        made.setSize({ width: element.clientWidth, height: HEIGHT })
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = undefined
      props.onReady(undefined)
    }
  }, [shape])

  useEffect(() => {
    // A new shape has drawn them already.
    if (plot.current !== undefined && plot.current.data[0] !== props.columns.times)
      plot.current.setData(dataOf(props.columns))
  }, [props.columns])

  useEffect(() => {
    plot.current?.redraw(false)
  }, [props.annotations])

  return <div class="chart" ref={root} />
}

/** What can't be changed in a plot that is there: with another text it is made anew. */
function shapeOf({ lines, left, right, zone, dark }: ChartProps): string {
  return JSON.stringify([lines, left, right, zone, dark])
}

function dataOf({ times, values }: Columns): uPlot.AlignedData {
  // uPlot's type knows arrays that can be written; it does not write them.
  return [times, ...values] as unknown as uPlot.AlignedData
}

function optionsOf(latest: { readonly current: ChartProps }, width: number): uPlot.Options {
  const { lines, left, right, zone, dark } = latest.current
  const ink = dark ? '#9aa7b4' : '#57616c'
  const grid = { stroke: dark ? '#232c36' : '#e6eaee', width: 1 }
  const hasRight = lines.some(({ axis }) => axis === 'right')
  const font = '11px system-ui, sans-serif'
  const valueAxis = (scale: string, axis: Axis, side: 1 | 3): uPlot.Axis => ({
    scale,
    side,
    stroke: ink,
    font,
    grid: { ...grid, show: side === 3 },
    ticks: { show: false },
    size: (_plot, texts) => Math.max(44, 14 + 6.4 * Math.max(0, ...(texts ?? []).map((text) => text?.length ?? 0))),
    values: (_plot, splits) => splits.map((value) => (value === null ? '' : formatValue(value, axis.unit))),
    ...(axis.unit.startsWith('bytes') && { incrs: BINARY_STEPS }),
  })
  const isMany = lines.length > LINES_AT_ONCE
  const many = new ManyLines()
  const tooltip = new Tooltip(latest)
  let click: ReturnType<typeof setTimeout> | undefined
  return {
    width,
    height: HEIGHT,
    ms: 1,
    tzDate: (ms) => new Date(ms + offsetMs(ms, zone) + new Date(ms).getTimezoneOffset() * 60_000),
    legend: { show: false },
    padding: [10, hasRight ? 0 : 22, 0, 0],
    scales: {
      x: { time: true, range: () => [latest.current.span.from, latest.current.span.to] },
      y: scaleOf(left),
      y2: scaleOf(right),
    },
    axes: [
      {
        stroke: ink,
        font,
        grid,
        ticks: { show: false },
        size: 38,
        space: 74,
        values: (_plot, splits, _axis, _space, step) => tickLabels(splits, step, zone),
      },
      valueAxis('y', left, 3),
      ...(hasRight ? [valueAxis('y2', right, 1)] : []),
    ],
    series: [
      {},
      ...lines.map(
        ({ name, color, axis, dashed, shown }): uPlot.Series => ({
          label: name,
          scale: axis === 'right' ? 'y2' : 'y',
          stroke: color,
          width: 1.6,
          ...(dashed && { dash: [5, 4] }),
          show: shown,
          // One line alone carries its area.
          ...(lines.length === 1 && !left.log && !right.log && { fill: `${color}1f` }),
          ...(isMany && { points: { show: false }, paths: () => null }),
        }),
      ),
    ],
    cursor: {
      sync: {
        key: SYNC_KEY,
        setSeries: false,
        scales: ['x', null],
        // A drag in one graph is none in the others: the page's range is all of theirs.
        filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
      },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      points: { show: lines.length <= 40, size: 7 },
      bind: {
        dblclick: () => () => {
          clearTimeout(click)
          latest.current.onBack()
          return null
        },
      },
    },
    hooks: {
      ready: [
        (plot) => {
          // uPlot keeps the click that ends a drag from coming here.
          plot.over.addEventListener('click', (event) => {
            const at = plot.posToVal(event.offsetX, 'x')
            clearTimeout(click)
            click = setTimeout(() => latest.current.onClick(at), DOUBLE_CLICK_MS)
          })
        },
      ],
      setSelect: [
        (plot) => {
          if (plot.select.width < 6) return
          const from = plot.posToVal(plot.select.left, 'x')
          const to = plot.posToVal(plot.select.left + plot.select.width, 'x')
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          latest.current.onZoom(from, to)
        },
      ],
      setCursor: [
        (plot) => {
          const { idx } = plot.cursor
          latest.current.cursor.value = idx ?? undefined
          tooltip.move(plot)
        },
      ],
      draw: [
        (plot) => {
          if (isMany) many.start(plot)
          const times = latest.current.annotations.map(({ startTime }) => annotationMs(startTime))
          drawAnnotations(plot, times, dark)
        },
      ],
      destroy: [
        () => {
          many.stop()
          clearTimeout(click)
          tooltip.remove()
        },
      ],
    },
  }
}

const BINARY_STEPS = Array.from({ length: 60 }, (_, power) => 2 ** power)

function scaleOf(axis: Axis): uPlot.Scale {
  const fixed = axis.min !== undefined || axis.max !== undefined
  return {
    ...(axis.log && { distr: 3 as const }),
    ...(fixed && {
      range: (_plot: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax => {
        const least = axis.min ?? low ?? 0
        const most = axis.max ?? high ?? least + 1
        // Nothing can be drawn at or below 0 on a logarithmic scale.
        return [axis.log ? Math.max(least, Number.MIN_VALUE) : least, most > least ? most : least + 1]
      },
    }),
  }
}
