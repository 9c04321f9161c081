import type { Answer } from '../model/answer.ts'
import type { QueryBody } from '../model/request.ts'
import { formatValue } from '../model/units.ts'

/** What an answer cost. */
export function CostLine({ answer, body }: { answer: Answer; body: QueryBody }) {
  const { cost, series } = answer
  if (cost === undefined) return null
  const intervals = [...new Set(body.queries.map(({ downsample }) => downsample ?? 'all points'))]
  const parts = [
    `${series.length} series`,
    `${cost.points.toLocaleString('en')} points`,
    intervals.join(', '),
    `${(cost.rows + cost.blocks).toLocaleString('en')} rows and blocks`,
    `${formatValue(cost.bytes, 'bytes')} read`,
    `${cost.readUnits} read units`,
    `${Math.round(cost.ms)} ms`,
  ]
  return (
    <p class="cost" title="What this answer cost">
      {parts.join(' · ')}
    </p>
  )
}
