import { KIND_BIG, KIND_FLOAT } from '../model/points.ts'
import { QueryTooLargeError } from './errors.ts'
import { javaDouble } from './java-double.ts'
import type { QueryResult } from './run.ts'

/**
 * The points of an answer as OpenTSDB's old /q?ascii writes them, which is how they are imported: `METRIC SECONDS VALUE TAG=VALUE ...`,
 * without those that have no value.
 * @param maxLength characters that the text may have
 * @throws QueryTooLargeError where it passes them
 */
export function asciiLines(results: readonly QueryResult[], maxLength: number): string {
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
      const line = `${metric} ${Math.floor(points.times[i]! / 1000)} ${number}${pairs.join('')}\n`
      length += line.length
      if (length > maxLength) throw new QueryTooLargeError('answerBytes', maxLength, 'bytes of answer')
      lines.push(line)
    }
  }
  return lines.join('')
}
