import { pointText, readLineValue } from '../lib/ingest/point-text.ts'
import { checkName, LAST_SECOND, parseTimestamp } from '../lib/ingest/validate.ts'
import { TsdbError } from '../lib/model/errors.ts'
import { MOST_NAME_BYTES, MOST_TAGS } from '../lib/model/limits.ts'
import { KIND_MS } from '../lib/model/points.ts'

/** A line taken apart: the point as JSON for /api/put, or what is wrong with it. */
export type ImportLine = { readonly point: string } | { readonly bad: string }

/** What no server takes. How long names may be below that, and how many tags a point may have, is configured: the server says it. */
const GREATEST = { nameBytes: MOST_NAME_BYTES }

/**
 * Reads an OpenTSDB import line, `metric timestamp value tag=value [tag=value ...]`, by the rules that every server has
 * for points. Words are separated by any number of blanks and tabs; the line may end in \r, and a byte order mark is
 * passed over. The value goes into the JSON digit by digit as it is, never through a double.
 * @returns undefined for a line without words and for a comment (its first word starts with #)
 */
export function parseImportLine(line: string): ImportLine | undefined {
  const [metric, timestamp, value, ...tagWords] = line.split(/[ \t\r\ufeff]+/).filter((word) => word !== '')
  if (metric === undefined || metric.startsWith('#')) return undefined
  if (timestamp === undefined) return { bad: 'no timestamp: a line is metric timestamp value tag=value ...' }
  if (value === undefined) return { bad: 'no value: a line is metric timestamp value tag=value ...' }
  try {
    const name = checked(checkName('metric', metric, GREATEST), metric)
    const time = timestampJson(timestamp)
    const number = valueJson(value)
    return { point: pointText(name, time, number, tagsOf(tagWords)) }
  } catch (error) {
    if (error instanceof TsdbError) return { bad: error.message }
    throw error
  }
}

/** When a line is no point: the message says why. */
class BadLineError extends TsdbError {
  constructor(reason: string) {
    super('cli.badLine', 400, reason)
  }
}

/** Names that pass hold no character that JSON must escape, so they may stand between quotes as they are. */
function checked(fault: string | undefined, name: string): string {
  if (fault !== undefined) throw new BadLineError(fault)
  return name
}

function timestampJson(text: string): number {
  const { time, kind } = parseTimestamp(text)
  if (kind !== KIND_MS) return time / 1000
  // /api/put takes a number this small for seconds
  if (time <= LAST_SECOND) throw new BadLineError(`Invalid timestamp: ${text} is before 1970-02-19 in milliseconds`)
  return time
}

function valueJson(text: string): string {
  const parsed = readLineValue(text)
  if (parsed === undefined) throw new BadLineError(`Unable to parse value to a number: ${text}`)
  if (!Number.isFinite(parsed.value)) throw new BadLineError(`Invalid value: ${text} is more than a double can hold`)
  return parsed.json
}

function tagsOf(words: readonly string[]): Map<string, string> {
  if (words.length === 0) throw new BadLineError('Missing tags: a point has at least one tag=value')
  const tags = new Map<string, string>()
  for (const word of words) {
    const [tagk = '', tagv, ...more] = word.split('=')
    if (tagv === undefined || more.length > 0) throw new BadLineError(`Invalid tag: ${word} is not tag=value`)
    checked(checkName('tagk', tagk, GREATEST), tagk)
    checked(checkName('tagv', tagv, GREATEST), tagv)
    const earlier = tags.get(tagk)
    if (earlier !== undefined && earlier !== tagv) {
      throw new BadLineError(`Duplicate tag: ${tagk}=${earlier} and ${tagk}=${tagv}`)
    }
    tags.set(tagk, tagv)
  }
  if (tags.size > MOST_TAGS) throw new BadLineError(`Too many tags: ${tags.size}, a point may have ${MOST_TAGS}`)
  return tags
}
