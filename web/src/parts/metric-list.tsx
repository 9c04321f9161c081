import { useEffect, useState } from 'preact/hooks'
import { signIns } from '../api/client.ts'
import { OFFERED, suggestMetrics } from '../api/names.ts'

interface MetricListProps {
  readonly title: string
  readonly onPick: (metric: string) => void
}

/** The first metrics by name, for who does not know yet what there is. */
export function MetricList({ title, onPick }: MetricListProps) {
  const [metrics, setMetrics] = useState<readonly string[]>([])
  useEffect(() => {
    const stop = new AbortController()
    // Whatever is wrong is said where somebody asks for something.
    suggestMetrics('', stop.signal).then(setMetrics, () => undefined)
    return () => stop.abort()
  }, [signIns.value])
  if (metrics.length === 0) return null
  return (
    <div class="metric-list">
      <h2>{title}</h2>
      <ul>
        {metrics.map((metric) => (
          <li key={metric}>
            <button type="button" class="button" onClick={() => onPick(metric)}>
              {metric}
            </button>
          </li>
        ))}
      </ul>
      {metrics.length === OFFERED && <p class="hint">And more: type what they begin with.</p>}
    </div>
  )
}
