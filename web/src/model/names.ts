import type { AnswerSeries } from './answer.ts'

/**
 * What to call series in a legend: what tells them apart. The metric where there are several, and those tags that differ between
 * series; a lone series has all its tags.
 */
export function seriesNames(series: readonly Pick<AnswerSeries, 'metric' | 'tags' | 'before'>[]): string[] {
  const metrics = new Set(series.map(({ metric }) => metric))
  const keys = new Set(series.flatMap(({ tags }) => Object.keys(tags)))
  const telling = [...keys].filter((key) => new Set(series.map(({ tags }) => tags[key])).size > 1).sort()
  return series.map(({ metric, tags, before }) => {
    const time = before === undefined ? '' : ` (${before} before)`
    const shown = (telling.length > 0 ? telling : Object.keys(tags).sort()).filter((key) => tags[key] !== undefined)
    const text = shown.map((key) => `${key}=${tags[key]}`).join(' ')
    if (text === '') return metric + time
    return metrics.size === 1 && telling.length > 0 ? text + time : `${metric} ${text}${time}`
  })
}
