import type { Signal } from '@preact/signals'
import { useMemo, useState } from 'preact/hooks'
import { type Columns, type Summary, summaryOf } from '../model/columns.ts'
import type { Unit } from '../model/page.ts'
import { formatValue } from '../model/units.ts'
import type { Line } from './chart.tsx'

interface LegendProps {
  readonly columns: Columns
  readonly lines: readonly Line[]
  readonly units: { readonly left: Unit; readonly right: Unit }
  readonly cursor: Signal<number | undefined>
  /** Told of a click on a series, and whether it is to be added to those shown. */
  readonly onSelect: (index: number, add: boolean) => void
}

type Column = 'name' | keyof Summary
const COLUMNS: readonly (readonly [Column, string])[] = [
  ['name', 'Series'],
  ['last', 'Last'],
  ['min', 'Min'],
  ['avg', 'Avg'],
  ['max', 'Max'],
]
/** Rows in the page at once; a table of thousands is of no use to anybody's eyes. */
const ROWS = 200

/** The series with what they come to. While the cursor is on a graph, the first column of figures is what it points at. */
export function Legend({ columns, lines, units, cursor, onSelect }: LegendProps) {
  const [sort, setSort] = useState<{ column: Column; down: boolean } | undefined>()
  const [limit, setLimit] = useState(ROWS)
  const summaries = useMemo(() => columns.values.map(summaryOf), [columns])
  const order = useMemo(() => orderOf(lines, summaries, sort), [lines, summaries, sort])
  const at = cursor.value

  const sortBy = (column: Column) => {
    const first = { column, down: column !== 'name' }
    if (sort?.column !== column) setSort(first)
    else setSort(sort.down === first.down ? { column, down: !first.down } : undefined)
  }
  return (
    <div class="legend">
      <table>
        <thead>
          <tr>
            {COLUMNS.map(([column, title]) => (
              <th
                key={column}
                scope="col"
                aria-sort={sort?.column !== column ? 'none' : sort.down ? 'descending' : 'ascending'}
              >
                <button type="button" onClick={() => sortBy(column)}>
                  {column === 'last' && at !== undefined ? 'Value' : title}
                  <span class="arrow">{sort?.column === column ? (sort.down ? '↓' : '↑') : ''}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {order.slice(0, limit).map((index) => {
            const line = lines[index]!
            const summary = summaries[index]!
            const unit = units[line.axis]
            return (
              <tr key={index} class={line.shown ? '' : 'off'}>
                <th scope="row">
                  <button
                    type="button"
                    title="Show this series alone; with Ctrl, this one too"
                    aria-pressed={line.shown}
                    onClick={(event) => onSelect(index, event.ctrlKey || event.metaKey || event.shiftKey)}
                  >
                    <i class="swatch" style={{ background: line.color }} />
                    <span>{line.name}</span>
                    {line.axis === 'right' && <em title="On the right axis">→</em>}
                  </button>
                </th>
                <td data-of="last">
                  {formatValue(at === undefined ? summary.last : columns.values[index]?.[at], unit)}
                </td>
                <td data-of="min">{formatValue(summary.min, unit)}</td>
                <td data-of="avg">{formatValue(summary.avg, unit)}</td>
                <td data-of="max">{formatValue(summary.max, unit)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {order.length > limit && (
        <button type="button" class="button quiet" onClick={() => setLimit(limit + 1000)}>
          {`${order.length - limit} more series`}
        </button>
      )}
    </div>
  )
}

/** The places of the series in the order of a column; as they came where none is chosen. Those without a value come last. */
function orderOf(
  lines: readonly Line[],
  summaries: readonly Summary[],
  sort: { column: Column; down: boolean } | undefined,
): number[] {
  const places = lines.map((_, index) => index)
  if (sort === undefined) return places
  const { column, down } = sort
  const sign = down ? -1 : 1
  if (column === 'name') {
    const collator = new Intl.Collator('en', { numeric: true })
    return places.sort((a, b) => sign * collator.compare(lines[a]!.name, lines[b]!.name))
  }
  return places.sort((a, b) => {
    const [left, right] = [summaries[a]![column], summaries[b]![column]]
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined)
    return sign * (left - right)
  })
}
