import type { Answer, AnswerSeries, Cost } from './answer.ts'
import type { QueryBody } from './request.ts'

/** The request for the same, so many milliseconds before. */
export function earlierRequest(body: QueryBody, ms: number): QueryBody {
  return { ...body, start: Number(body.start) - ms, end: Number(body.end) - ms }
}

/**
 * Lays an earlier answer over a later one: its series come behind, their points moved to the later times.
 * @param before how much earlier, as `1d`
 * @param ms the same in milliseconds
 */
export function withEarlier(answer: Answer, earlier: Answer, before: string, ms: number): Answer {
  const moved = earlier.series.map(
    ({ annotations: _, globalAnnotations: __, ...series }): AnswerSeries => ({
      ...series,
      before,
      dps: series.dps.map(([time, value]) => [time + ms, value] as const),
    }),
  )
  return { ...answer, series: [...answer.series, ...moved], cost: sum(answer.cost, earlier.cost) }
}

/** The place of the series that each one is compared with: itself, but for one of an earlier time. */
export function counterparts(series: readonly AnswerSeries[]): number[] {
  const places = new Map<string, number>()
  return series.map((each, index) => {
    const identity = JSON.stringify([each.query.index, each.metric, Object.entries(each.tags).sort()])
    if (each.before === undefined) places.set(identity, index)
    return places.get(identity) ?? index
  })
}

function sum(a: Cost | undefined, b: Cost | undefined): Cost | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return {
    rows: a.rows + b.rows,
    blocks: a.blocks + b.blocks,
    bytes: a.bytes + b.bytes,
    readUnits: a.readUnits + b.readUnits,
    points: a.points + b.points,
    // They were asked at the same time.
    ms: Math.max(a.ms, b.ms),
  }
}
