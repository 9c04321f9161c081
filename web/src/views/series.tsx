import { useRef, useState } from 'preact/hooks'
import { ApiError } from '../api/client.ts'
import { type FoundSeries, lookup, suggestMetrics } from '../api/names.ts'
import { newestOnly } from '../api/newest.ts'
import { newGraph, newQuery } from '../model/page.ts'
import { countKeys, graphOfSeries } from '../model/series-link.ts'
import { Combobox } from '../parts/combobox.tsx'
import { MetricList } from '../parts/metric-list.tsx'
import { Notice } from '../parts/notice.tsx'
import { linkTo, page } from '../store/page.ts'

/** Series asked for at a time. */
const PART = 500

interface Found {
  readonly metric: string
  readonly series: readonly FoundSeries[]
  readonly more: boolean
}

/** The series of a metric with their tags, and how many values each tag has. */
export function SeriesOfMetric() {
  const newest = useRef(newestOnly())
  const [found, setFound] = useState<Found | undefined>()
  const [error, setError] = useState<ApiError | undefined>()
  const load = async (metric: string, before: readonly FoundSeries[]) => {
    if (metric === '') return setFound(undefined)
    try {
      const part = await newest.current((signal) => lookup(metric, PART, before.length, signal))
      if (part === undefined) return
      setFound({ metric, series: [...before, ...part], more: part.length === PART })
      setError(undefined)
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause
      setFound(undefined)
      setError(cause)
    }
  }
  return (
    <>
      <Combobox
        class="metric"
        label="Metric"
        placeholder="Metric: type or pick"
        value={found?.metric ?? ''}
        suggest={suggestMetrics}
        onPick={(metric) => void load(metric, [])}
      />
      {error && <Notice kind="error" title={error.message} text={error.details} />}
      {!found && !error && <MetricList title="Metrics" onPick={(metric) => void load(metric, [])} />}
      {found && <SeriesTable found={found} onMore={() => void load(found.metric, found.series)} />}
    </>
  )
}

function SeriesTable({ found: { metric, series, more }, onMore }: { found: Found; onMore: () => void }) {
  const keys = countKeys(series)
  return (
    <>
      <p class="counts">
        <b>
          {series.length.toLocaleString('en')}
          {more && ' or more'} series
        </b>
        {keys.map(({ key, values }) => (
          <span key={key} class="count">
            {key}: {values.toLocaleString('en')} {values === 1 ? 'value' : 'values'}
          </span>
        ))}
        <a class="button" href={linkTo({ ...page.value, graphs: [newGraph([newQuery(metric)])] })}>
          Graph of all
        </a>
      </p>
      <div class="scroll">
        <table class="series">
          <thead>
            <tr>
              {keys.map(({ key }) => (
                <th key={key} scope="col">
                  {key}
                </th>
              ))}
              <th scope="col">
                <span class="hidden">Graph</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {series.map(({ tsuid, tags }) => (
              <tr key={tsuid}>
                {keys.map(({ key }) => (
                  <td key={key}>{tags[key] ?? ''}</td>
                ))}
                <td>
                  <a href={linkTo({ ...page.value, graphs: [graphOfSeries(metric, tags)] })}>Graph</a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more && (
        <button type="button" class="button" onClick={onMore}>
          More
        </button>
      )}
    </>
  )
}
