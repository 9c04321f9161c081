import { type Axis, type Graph, UNITS } from '../model/page.ts'
import { Menu } from '../parts/menu.tsx'
import { Select } from '../parts/select.tsx'

const UNIT_NAMES = {
  si: 'number: 1.2 k',
  plain: 'number: 1200',
  bytes: 'bytes',
  'bytes/s': 'bytes/s',
  'bits/s': 'bits/s',
  '%': '%',
  s: 'seconds',
  ms: 'milliseconds',
}

/** Units, ends and logarithms of a graph's axes. */
export function AxesMenu({ graph, onChange }: { graph: Graph; onChange: (change: Partial<Graph>) => void }) {
  const hasRight = graph.queries.some(({ axis }) => axis === 'right')
  return (
    <Menu label="Axes and units" button="Axes" class="right">
      {() => (
        <div class="fields">
          <AxisFields
            name={hasRight ? 'Left axis' : 'Axis'}
            axis={graph.left}
            onChange={(left) => onChange({ left })}
          />
          {hasRight && <AxisFields name="Right axis" axis={graph.right} onChange={(right) => onChange({ right })} />}
        </div>
      )}
    </Menu>
  )
}

function AxisFields({ name, axis, onChange }: { name: string; axis: Axis; onChange: (axis: Axis) => void }) {
  const end = (which: 'min' | 'max', text: string) => (
    <label>
      {text}
      <input
        type="text"
        inputmode="decimal"
        placeholder="auto"
        aria-label={`${name}: ${text}`}
        value={axis[which] ?? ''}
        onChange={(event) => {
          const typed = event.currentTarget.value.trim()
          const number = typed === '' ? undefined : Number(typed)
          if (number === undefined || Number.isFinite(number)) onChange({ ...axis, [which]: number })
          else event.currentTarget.value = String(axis[which] ?? '')
        }}
      />
    </label>
  )
  return (
    <fieldset>
      <legend>{name}</legend>
      <div class="field">
        Unit
        <Select
          label={`${name}: unit`}
          value={axis.unit}
          options={UNITS}
          names={UNIT_NAMES}
          onChange={(unit) => onChange({ ...axis, unit })}
        />
      </div>
      {end('min', 'From')}
      {end('max', 'To')}
      <label class="check">
        <input
          type="checkbox"
          checked={axis.log}
          onChange={(event) => onChange({ ...axis, log: event.currentTarget.checked })}
        />
        Logarithmic
      </label>
    </fieldset>
  )
}
