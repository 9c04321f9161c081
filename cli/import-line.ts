import { DEFAULT_LIMITS } from '../lib/model/limits.ts'

/** A line taken apart: the point as JSON for /api/put, or what is wrong with it. */
export type ImportLine = { readonly point: string } | { readonly bad: string }

/**
 * Reads an OpenTSDB import line, `metric timestamp value tag=value [tag=value ...]`. Words are separated by any number
 * of blanks and tabs, the line may end in \r, and a UTF-8 byte order mark before it is passed over.
 *
 * The value goes into the JSON as the text it is, so that no digit is lost on the way.
 * @returns undefined for a line without words and for a comment (its first word starts with #)
 */
export function parseImportLine(line: string): ImportLine | undefined {
  const [metric, timestamp, value, ...tagWords] = line.split(/[ \t\r\ufeff]+/).filter((word) => word !== '')
  if (metric === undefined || metric.startsWith('#')) return undefined
  if (timestamp === undefined) return { bad: 'no timestamp, value and tags: metric timestamp value tag=value' }
  if (value === undefined) return { bad: 'no value and tags: metric timestamp value tag=value' }
  if (tagWords.length === 0) return { bad: 'no tags: a point needs at least one tag=value' }
  return { bad: `${DEFAULT_LIMITS.tags}` }
}
