import { useEffect, useState } from 'preact/hooks'
import { Panel } from '../graph/panel.tsx'
import { newGraph } from '../model/page.ts'
import { dateText, describeRange, instantOf, isZone, RANGES } from '../model/time.ts'
import { Icon } from '../parts/icons.tsx'
import { Menu } from '../parts/menu.tsx'
import { Notice } from '../parts/notice.tsx'
import { Select } from '../parts/select.tsx'
import { page, problems, show, ticks, zone } from '../store/page.ts'

const REFRESHES = ['0', '5', '10', '30', '60', '300']

/** Graphs over one range. */
export function GraphView() {
  const { graphs, refresh } = page.value
  useEffect(() => {
    if (refresh === 0) return
    const timer = setInterval(() => {
      // Nobody looks: the next look asks.
      if (!document.hidden) ticks.value++
    }, refresh * 1000)
    return () => clearInterval(timer)
  }, [refresh])
  return (
    <main class="graph-view">
      <Toolbar />
      {problems.value.map((problem) => (
        <Notice key={problem} kind="warning" title="A part of this link can’t be shown" text={problem} />
      ))}
      <div class={`panels ${graphs.length > 1 ? 'many' : ''}`}>
        {graphs.map((graph, index) => (
          <Panel key={index} graph={graph} index={index} />
        ))}
      </div>
    </main>
  )
}

function Toolbar() {
  const { start, end, refresh, graphs } = page.value
  return (
    <div class="toolbar">
      <RangeMenu />
      <Select
        label="Look again"
        title="Look again by itself"
        value={String(refresh)}
        options={REFRESHES}
        names={{
          '0': 'no auto-refresh',
          '5': 'every 5 s',
          '10': 'every 10 s',
          '30': 'every 30 s',
          '60': 'every minute',
          '300': 'every 5 min',
        }}
        onChange={(seconds) => show({ ...page.value, refresh: Number(seconds) }, 'replace')}
      />
      <button
        type="button"
        class="button"
        title="Look again now"
        aria-label="Look again now"
        onClick={() => {
          ticks.value++
        }}
      >
        <Icon name="refresh" />
      </button>
      <span class="spring" />
      <button
        type="button"
        class="button"
        onClick={() => show({ ...page.value, start, end, graphs: [...graphs, newGraph()] })}
      >
        <Icon name="add" /> Graph
      </button>
    </div>
  )
}

function RangeMenu() {
  const { start, end, tz } = page.value
  return (
    <Menu
      label="Range"
      button={
        <>
          <Icon name="clock" /> {describeRange(start, end, tz, Date.now())}
          {tz !== '' && <span class="faint"> {tz}</span>}
        </>
      }
    >
      {(close) => (
        <div class="range">
          <div class="quick">
            {RANGES.map((range) => (
              <button
                key={range}
                type="button"
                aria-pressed={start === `${range}-ago` && end === ''}
                onClick={() => {
                  show({ ...page.value, start: `${range}-ago`, end: '' })
                  close()
                }}
              >
                {range}
              </button>
            ))}
          </div>
          <RangeFields start={start} end={end} tz={tz} onDone={close} />
        </div>
      )}
    </Menu>
  )
}

function RangeFields({ start, end, tz, onDone }: { start: string; end: string; tz: string; onDone: () => void }) {
  const [wrong, setWrong] = useState('')
  return (
    <form
      class="fields"
      onSubmit={(event) => {
        event.preventDefault()
        const form = new FormData(event.currentTarget)
        const field = (name: string) => String(form.get(name) ?? '').trim()
        const zoneName = field('tz')
        if (!isZone(zoneName)) return setWrong(`“${zoneName}” is no time zone; Europe/Berlin or UTC are`)
        // What was not changed stays as exact as it was: clocks show some hours twice.
        const kept = (name: string, before: string) =>
          field(name) === readable(before, tz) && zoneName === tz ? before : field(name)
        show({ ...page.value, start: kept('start', start) || '1h-ago', end: kept('end', end), tz: zoneName })
        onDone()
      }}
    >
      <label>
        From
        <input name="start" type="text" value={readable(start, tz)} placeholder="1h-ago" />
      </label>
      <label>
        To
        <input name="end" type="text" value={readable(end, tz)} placeholder="now" />
      </label>
      <label>
        Time zone
        <input name="tz" type="text" value={tz} placeholder={`yours: ${zone.value}`} />
      </label>
      <p class="hint">{wrong || '2h-ago, 2026/11/22-05:00:00, or seconds since 1970'}</p>
      <button type="submit" class="button primary">
        Show
      </button>
    </form>
  )
}

/** Seconds since 1970 as a date that may be changed; other times are readable as they are. */
function readable(time: string, tz: string): string {
  const instant = /^\d{9,10}$/.test(time) ? instantOf(time, tz, Date.now()) : undefined
  return instant === undefined ? time : dateText(instant, tz)
}
