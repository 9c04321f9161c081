import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type uPlot from 'uplot'
import { annotationsOf } from '../model/answer.ts'
import { colorOf } from '../model/colors.ts'
import { counterparts } from '../model/compare.ts'
import { seriesNames } from '../model/names.ts'
import { type Graph, newQuery } from '../model/page.ts'
import { askedQueries } from '../model/request.ts'
import { Icon } from '../parts/icons.tsx'
import { MetricList } from '../parts/metric-list.tsx'
import { Notice } from '../parts/notice.tsx'
import { Select } from '../parts/select.tsx'
import { page, show, showGraph, showQuery, zone, zoomOut, zoomTo } from '../store/page.ts'
import { theme } from '../store/theme.ts'
import { Annotate } from './annotate.tsx'
import { AxesMenu } from './axes-menu.tsx'
import { Chart, type Line } from './chart.tsx'
import { CostLine } from './cost-line.tsx'
import { ExportMenu } from './export-menu.tsx'
import { Legend } from './legend.tsx'
import { NoPoints } from './no-points.tsx'
import { QueryRow } from './query-row.tsx'
import { useAnswer } from './use-answer.ts'

/** A graph: its queries, what is drawn, and its legend. */
export function Panel({ graph, index }: { graph: Graph; index: number }) {
  const root = useRef<HTMLElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const [pixels, setPixels] = useState(0)
  const [alone, setAlone] = useState<ReadonlySet<number> | undefined>()
  const [noteAt, setNoteAt] = useState<number | undefined>()
  const cursor = useSignal<number | undefined>(undefined)
  const { drawn, error, busy } = useAnswer(graph, pixels)
  const dark = theme.value === 'dark'

  useEffect(() => {
    const element = root.current
    if (element === null) return
    const observer = new ResizeObserver(() => setPixels(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  // Another answer has other series at the same places.
  const shape = drawn?.answer.series.map(({ metric, tags, before }) => metric + JSON.stringify([tags, before])).join()
  useEffect(() => setAlone(undefined), [shape])

  const lines = useMemo<Line[]>(() => {
    const series = drawn?.answer.series ?? []
    const queries = askedQueries(graph)
    const same = counterparts(series)
    return seriesNames(series).map((name, i) => ({
      name,
      color: colorOf(same[i] ?? i, dark),
      dashed: series[i]!.before !== undefined,
      axis: queries[series[i]!.query.index]?.axis ?? 'left',
      shown: alone === undefined || alone.has(i),
    }))
  }, [drawn, graph, alone, dark])
  const annotations = useMemo(() => annotationsOf(drawn?.answer.series ?? []), [drawn])

  const select = (line: number, add: boolean) => {
    if (!add) return setAlone(alone?.size === 1 && alone.has(line) ? undefined : new Set([line]))
    const next = new Set(alone ?? lines.keys())
    if (!next.delete(line)) next.add(line)
    setAlone(next.size === 0 || next.size === lines.length ? undefined : next)
  }
  const setQueries = (queries: Graph['queries']) => showGraph(index, { queries })
  const removeGraph = () => show({ ...page.value, graphs: page.value.graphs.filter((_, i) => i !== index) })
  const isEmpty = drawn !== undefined && drawn.columns.times.length === 0
  const hasNoMetric = graph.queries.every(({ metric }) => metric === '')
  return (
    <section class="panel" ref={root} aria-label={graph.title || `Graph ${index + 1}`} aria-busy={busy}>
      <div class="panel-head">
        <input
          type="text"
          class="title"
          aria-label="Title"
          placeholder={`Graph ${index + 1}`}
          value={graph.title}
          onChange={(event) => showGraph(index, { title: event.currentTarget.value })}
        />
        <span class={`busy ${busy ? 'on' : ''}`} />
        {drawn && (
          <button
            type="button"
            class="button quiet"
            title="Back to before the zoom, or further out"
            aria-label="Zoom out"
            onClick={() => zoomOut(drawn.span)}
          >
            <Icon name="zoomOut" />
          </button>
        )}
        {drawn && !isEmpty && (
          <button
            type="button"
            class="button quiet"
            title="Note something; a click on the graph does it at that time"
            aria-label="Note something"
            onClick={() => setNoteAt(Math.min(drawn.span.to, Date.now()))}
          >
            <Icon name="note" />
          </button>
        )}
        <button type="button" class="button quiet" onClick={() => setQueries([...graph.queries, newQuery()])}>
          <Icon name="add" /> Query
        </button>
        <Select
          label="Compare"
          title="The same some time before, as dashed lines"
          value={graph.compare}
          options={COMPARES}
          names={{
            '': 'Compare',
            '1h': '1 h before',
            '1d': '1 day before',
            '7d': '7 days before',
            '30d': '30 days before',
          }}
          onChange={(compare) => showGraph(index, { compare })}
        />
        <AxesMenu graph={graph} onChange={(change) => showGraph(index, change)} />
        {drawn && <ExportMenu drawn={drawn} lines={lines} plot={plot} title={graph.title} />}
        {page.value.graphs.length > 1 && (
          <button
            type="button"
            class="button quiet"
            aria-label="Remove this graph"
            title="Remove this graph"
            onClick={removeGraph}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      <div class="queries">
        {graph.queries.map((query, i) => (
          <QueryRow
            key={i}
            query={query}
            letter={String.fromCharCode(65 + (i % 26))}
            onChange={(change) => showQuery(index, i, change)}
            onRemove={
              graph.queries.length > 1 ? () => setQueries(graph.queries.filter((_, other) => other !== i)) : undefined
            }
          />
        ))}
      </div>
      {error && <Notice kind="error" title={error.message} text={error.details} />}
      {drawn?.answer.unresolved.map(({ type, name }) => (
        <Notice key={name} kind="warning" title={`No ${KINDS[type] ?? 'name'} “${name}” was ever stored`} />
      ))}
      {hasNoMetric && <MetricList title="Metrics to begin with" onPick={(metric) => showQuery(index, 0, { metric })} />}
      {isEmpty && drawn.answer.unresolved.length === 0 && <NoPoints graph={graph} />}
      {drawn && !isEmpty && (
        <>
          <Chart
            columns={drawn.columns}
            lines={lines}
            left={graph.left}
            right={graph.right}
            span={drawn.span}
            zone={zone.value}
            dark={dark}
            annotations={annotations}
            cursor={cursor}
            onZoom={zoomTo}
            onBack={() => zoomOut(drawn.span)}
            onClick={setNoteAt}
            onReady={(made) => {
              plot.current = made
            }}
          />
          {noteAt !== undefined && (
            <Annotate
              key={noteAt}
              at={noteAt}
              annotations={annotations}
              pixelMs={(drawn.span.to - drawn.span.from) / Math.max(pixels, 1)}
              onDone={() => setNoteAt(undefined)}
            />
          )}
          <Legend
            columns={drawn.columns}
            lines={lines}
            units={{ left: graph.left.unit, right: graph.right.unit }}
            cursor={cursor}
            onSelect={select}
          />
          <CostLine answer={drawn.answer} body={drawn.body} />
        </>
      )}
    </section>
  )
}

const COMPARES = ['', '1h', '1d', '7d', '30d']

const KINDS: Readonly<Record<string, string>> = { metric: 'metric', tagk: 'tag', tagv: 'tag value' }
