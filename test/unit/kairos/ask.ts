import { expect } from 'vitest'
import { computeMetric, type NamedSeries } from '../../../lib/kairos/compute.ts'
import { parseKairosQuery } from '../../../lib/kairos/request.ts'
import { serialiseAnswer } from '../../../lib/kairos/serialise.ts'
import { KIND_FLOAT, PointColumnsBuilder } from '../../../lib/model/points.ts'

export const START = 1_356_998_400_000
export const NOW = START + 86_400_000
export const FREE = { points: () => {}, time: () => {} }

type Value = number | bigint | string

export function series(
  tags: Record<string, string>,
  points: readonly (readonly [seconds: number, value: Value])[],
): NamedSeries {
  const columns = new PointColumnsBuilder()
  for (const [seconds, value] of points) {
    const time = START + seconds * 1000
    if (typeof value === 'string') columns.pushText(time, value, 0)
    else if (typeof value === 'bigint') columns.pushInteger(time, value, 0)
    else columns.push(time, value, KIND_FLOAT)
  }
  return { tags: new Map(Object.entries(tags)), points: columns }
}

/** What a metric's query of an hour answers, times in seconds since its start. */
export function ask(metric: object, all: readonly NamedSeries[], top: object = {}): unknown {
  const query = { start_absolute: START, end_absolute: START + 3_600_000, metrics: [{ name: 'm', ...metric }], ...top }
  const [parsed] = parseKairosQuery(JSON.stringify(query), NOW)
  const answer = computeMetric(parsed ?? expect.unreachable(), all, FREE)
  const text = [...serialiseAnswer([answer], 1e6)].join('')
  const { queries } = JSON.parse(text.replace(/\[(135[67]\d{9}),/g, (_, time) => `[${(Number(time) - START) / 1000},`))
  return queries[0]
}

export const values = (answer: unknown): unknown =>
  (answer as { results: { values: unknown }[] }).results.map((result) => result.values)

export const SUM = (minutes: number) => ({ name: 'sum', sampling: { value: minutes, unit: 'minutes' } })
