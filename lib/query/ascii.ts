import { KIND_BIG, KIND_FLOAT } from '../model/points.ts'
import { QueryTooLargeError } from './errors.ts'
import { javaDouble } from './java-double.ts'
import type { QueryResult } from './run.ts'

/** How lines of points are written. */
export interface AsciiOptions {
  /** Times in milliseconds; else in seconds, where several points of one second look alike. */
  readonly msResolution: boolean
  /** Characters that the text may have. */
  readonly maxLength: number
}

/**
 * The points of an answer as OpenTSDB's old /q?ascii writes them, which is how they are imported: `METRIC TIME VALUE TAG=VALUE ...`,
 * without those that have no value.
 * @throws QueryTooLargeError where the text would be too long
 */
export function asciiLines(
  results: readonly Pick<QueryResult, 'metric' | 'tags' | 'points'>[],
  { msResolution, maxLength }: AsciiOptions,
): string {
  const lines: string[] = []
  let length = 0
  for (const { metric, tags, points } of results) {
    const pairs = Object.entries(tags).map(([tagk, tagv]) => ` ${tagk}=${tagv}`)
    for (let i = 0; i < points.count; i++) {
      const value = points.values[i]!
      if (!Number.isFinite(value)) continue
      const kind = points.kinds[i]!
      const exact = (kind & KIND_BIG) !== 0 ? points.bigs.get(i) : undefined
      const number = (kind & KIND_FLOAT) !== 0 ? javaDouble(value) : String(exact ?? value)
      const time = msResolution ? points.times[i]! : Math.floor(points.times[i]! / 1000)
      const line = `${metric} ${time} ${number}${pairs.join('')}\n`
      length += line.length
      if (length > maxLength) throw new QueryTooLargeError('answerBytes', maxLength, 'bytes of answer')
      lines.push(line)
    }
  }
  return lines.join('')
}
