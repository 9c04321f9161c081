import { ask } from './client.ts'

/** Names offered at once. */
export const OFFERED = 50
/** Series looked at to see which tags a metric has. */
const LOOKED_AT = 500

/** A series as /api/search/lookup lists it. */
export interface FoundSeries {
  readonly tsuid: string
  readonly metric: string
  readonly tags: Readonly<Record<string, string>>
}

export function suggestMetrics(text: string, signal: AbortSignal): Promise<readonly string[]> {
  return ask('suggest', { query: { type: 'metrics', q: text, max: OFFERED }, signal })
}

/** Some series of a metric. */
export async function lookup(
  metric: string,
  limit: number,
  startIndex: number,
  signal?: AbortSignal,
): Promise<readonly FoundSeries[]> {
  const query = { m: metric, limit, start_index: startIndex }
  const { results } = await ask<{ results: readonly FoundSeries[] }>('search/lookup', {
    query,
    ...(signal && { signal }),
  })
  return results
}

/** Tag keys of a metric that contain a text; of a new metric, all keys that start with it. */
export async function suggestKeys(metric: string, text: string, signal: AbortSignal): Promise<readonly string[]> {
  const series = await lookup(metric, LOOKED_AT, 0, signal).catch(() => [])
  if (series.length === 0) return ask('suggest', { query: { type: 'tagk', q: text, max: OFFERED }, signal })
  const keys = new Set(series.flatMap(({ tags }) => Object.keys(tags)))
  return [...keys].filter((key) => key.includes(text)).sort()
}

/** Values of a metric's tag that contain a text. Of a metric with many series, those that start with it, whoever has them. */
export async function suggestValues(
  metric: string,
  tagk: string,
  text: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  // Of `web01|web0` the last is being written.
  const done = text.slice(0, text.lastIndexOf('|') + 1)
  const begun = text.slice(done.length)
  const series = tagk === '' ? [] : await lookup(`${metric}{${tagk}=*}`, LOOKED_AT, 0, signal).catch(() => [])
  const all = series.length > 0 && series.length < LOOKED_AT
  const values = all
    ? [...new Set(series.map(({ tags }) => tags[tagk] ?? ''))].filter((value) => value.includes(begun)).sort()
    : await ask<readonly string[]>('suggest', { query: { type: 'tagv', q: begun, max: OFFERED }, signal })
  const offered = values.slice(0, OFFERED).map((value) => done + value)
  return done === '' && '*'.startsWith(begun) ? ['*', ...offered] : offered
}
