import { useState } from 'preact/hooks'
import { ApiError, ask } from '../api/client.ts'
import type { Graph } from '../model/page.ts'
import { askedQueries } from '../model/request.ts'
import { dateText } from '../model/time.ts'
import { page, show } from '../store/page.ts'

/** Half the range that is shown around points found elsewhere. */
const AROUND_MS = 30 * 60_000

/** Says that a range is empty, and looks for the newest points of its metrics. */
export function NoPoints({ graph }: { graph: Graph }) {
  const [found, setFound] = useState('')
  const find = async () => {
    setFound('Looking…')
    try {
      const { tz } = page.value
      const newest = await newestOf(graph)
      if (newest === undefined) return setFound('There are none in the last 30 days.')
      const end = Math.min(newest + AROUND_MS / 10, Date.now())
      show({ ...page.value, start: dateText(newest - 2 * AROUND_MS, tz), end: dateText(end, tz) })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setFound(error.message)
    }
  }
  return (
    <div class="notice info" role="status">
      <strong>No points in this range</strong>
      <span>
        Ask for a longer one, for other series, or{' '}
        <button type="button" class="button" onClick={find}>
          Go to the newest points
        </button>{' '}
        {found}
      </span>
    </div>
  )
}

/** Milliseconds since 1970 of the newest point of a graph's metrics. */
async function newestOf(graph: Graph): Promise<number | undefined> {
  const queries = askedQueries(graph).map(({ metric, filters }) => ({
    metric,
    tags: Object.fromEntries(
      filters
        .filter(({ type, filter }) => type === 'literal_or' && !filter.includes('|'))
        .map(({ tagk, filter }) => [tagk, filter]),
    ),
  }))
  const points = await ask<readonly { readonly timestamp: number }[]>('query/last', { body: { queries } })
  const times = points.map(({ timestamp }) => timestamp)
  return times.length === 0 ? undefined : Math.max(...times)
}
