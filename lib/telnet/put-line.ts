import { pointFault } from '../ingest/batch-builder.ts'
import { pointText, readLineValue } from '../ingest/point-text.ts'
import { type TagSet, TagSetBuilder } from '../ingest/tag-set.ts'
import { checkName, LAST_SECOND } from '../ingest/validate.ts'
import { DEFAULT_LIMITS, type Limits } from '../model/limits.ts'
import { KIND_BIG, KIND_FLOAT } from '../model/points.ts'

/** The two kinds of errors that OpenTSDB counts apart. */
export type PutFaultKind = 'invalid_values' | 'illegal_arguments'

/** A line taken apart: its point as JSON for /api/put, or what is wrong with it in OpenTSDB's words. */
export type PutLine = { readonly point: string } | { readonly kind: PutFaultKind; readonly fault: string }

/** Words of a put that has one tag. */
const LEAST_WORDS = 5

/**
 * Reads a line `put metric timestamp value tag=value ...`, or KairosDB's `putm`, whose time is in milliseconds. It looks at the
 * line in OpenTSDB's order, so that the first fault named is the same.
 * @param words the line's words, the command first, none of them empty
 */
export function parsePutLine(words: readonly string[], limits: Limits = DEFAULT_LIMITS): PutLine {
  const [command = 'put', metric = '', time = '', value = '', ...tagWords] = words
  const illegal = (why: string): PutLine => ({
    kind: 'illegal_arguments',
    fault: `${command}: illegal argument: ${why}`,
  })
  const invalid = (why: string): PutLine => ({ kind: 'invalid_values', fault: `${command}: invalid value: ${why}` })

  if (words.length < LEAST_WORDS) return illegal(`not enough arguments (need least 4, got ${words.length - 1})`)
  const timestamp = readTime(time)
  if (typeof timestamp === 'string') return invalid(timestamp)
  if (timestamp <= 0n) return illegal(`invalid timestamp: ${timestamp}`)
  if (command === 'putm' && timestamp <= LAST_SECOND) {
    // a time this small would be taken for seconds from there on
    return illegal(`invalid timestamp: ${timestamp} milliseconds are before 1970-02-19`)
  }
  const tags = readTags(tagWords, limits)
  if (typeof tags === 'string') return illegal(tags)
  const number = readLineValue(value)
  if (number === undefined) return invalid(whyNoNumber(value))

  const { float, big } = number
  const kind = float ? KIND_FLOAT : big === undefined ? 0 : KIND_BIG
  const name = { name: metric, fault: checkName('metric', metric, limits) }
  const fault = pointFault(name, tags, Number(timestamp), number.value, kind, big, String(timestamp))
  if (fault !== undefined) return illegal(fault)
  return { point: pointText(metric, Number(timestamp), number.json, tags.sorted) }
}

/** A time with up to three decimals: OpenTSDB's other way to write milliseconds. */
const DECIMAL_SECONDS = /^([0-9]{1,10})\.([0-9]{1,3})$/

/** @returns seconds or milliseconds, as their size tells; a text that says what is wrong */
function readTime(text: string): bigint | string {
  const [, seconds, decimals = ''] = DECIMAL_SECONDS.exec(text) ?? []
  if (seconds !== undefined) return BigInt(seconds) * 1000n + BigInt(decimals.padEnd(3, '0'))
  // longer ones OpenTSDB reads without their point, and then finds them too large
  return readLong(text.includes('.') ? text.replaceAll('.', '') : text)
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** @returns the 64-bit integer, or what is wrong with the text in the words of OpenTSDB's own reader */
function readLong(text: string): bigint | string {
  if (text === '') return 'Empty string'
  const signed = /^[+-]/.test(text)
  if (signed && text.length === 1) return `Just a sign, no value: ${text}`
  if (text.length > (signed ? 20 : 19)) return `Value too long: ${text}`
  const bad = /[^0-9]/.exec(signed ? text.slice(1) : text)
  if (bad !== null) return `Invalid character '${bad[0]}' in ${text}`
  const value = BigInt(text.replace('+', ''))
  return value < INT64_MIN || value > INT64_MAX ? `Overflow in ${text}` : value
}

/** What is wrong with a value that is no number: digits alone were too many, anything else is no double. */
function whyNoNumber(text: string): string {
  const asLong = /^[+-]?[0-9]+$/.test(text) ? readLong(text) : undefined
  return typeof asLong === 'string' ? asLong : `For input string: "${text}"`
}

/** KairosDB's word for a time to live within a line: an order and no tag. Points that come by telnet stay, whatever it says. */
const TTL_TAG = 'kairos_opt.ttl'

/** @returns the tags, whose names are not checked yet, or what is wrong with them */
function readTags(words: readonly string[], limits: Limits): TagSet | string {
  const builder = new TagSetBuilder(limits)
  const values = new Map<string, string>()
  for (const word of words) {
    const [tagk = '', tagv = '', ...more] = word.split('=')
    if (tagk === '' || tagv === '' || more.length > 0) return `invalid tag: ${word}`
    if (tagk === TTL_TAG) {
      if (/^\d+$/.test(tagv)) continue
      return `invalid tag: ${word}, a time to live is a whole number of seconds`
    }
    const before = values.get(tagk)
    if (before !== undefined && before !== tagv) {
      const tags = [...values].map(([key, value]) => `${key}=${value}`).join(', ')
      return `duplicate tag: ${word}, tags={${tags}}`
    }
    values.set(tagk, tagv)
    builder.set(tagk, tagv)
  }
  return builder.build()
}
