import { type ParsedValue, readValue } from './validate.ts'

/** A number as JSON writes them. */
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/

/** A value of a line, and how it stands in the JSON of /api/put. */
export interface LineValue extends ParsedValue {
  /** The digits as they came: a number where JSON writes it so, else a text. Never through a double. */
  readonly json: string
}

/** Reads the value of a line of points. @returns undefined where it is no number */
export function readLineValue(text: string): LineValue | undefined {
  const parsed = readValue(text)
  return parsed && { ...parsed, json: JSON_NUMBER.test(text) ? text : JSON.stringify(text) }
}

/**
 * A point as JSON for /api/put.
 * @param timestamp seconds or milliseconds, as /api/put tells them apart
 * @param value as JSON
 * @param tags of names that passed their check, like the metric: they hold no character that JSON must escape
 */
export function pointText(
  metric: string,
  timestamp: number,
  value: string,
  tags: Iterable<readonly [tagk: string, tagv: string]>,
): string {
  let pairs = ''
  for (const [tagk, tagv] of tags) pairs += `${pairs === '' ? '' : ','}"${tagk}":"${tagv}"`
  return `{"metric":"${metric}","timestamp":${timestamp},"value":${value},"tags":{${pairs}}}`
}
