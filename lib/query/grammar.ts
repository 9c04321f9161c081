import { BadQueryError } from './errors.ts'
import { parseTagValue, type TagFilter } from './filters.ts'
import type { RateOptions } from './model.ts'
import { DEFAULT_COUNTER_MAX, PLAIN_RATE } from './rate.ts'

/** The parts of one `m=` or `tsuid=`, names not looked up yet. */
export interface MetricExpression {
  readonly aggregator: string
  /** Undefined where `tsuids` are given. */
  readonly metric: string | undefined
  /** As written, at least one; undefined where the metric is given. */
  readonly tsuids: readonly string[] | undefined
  readonly downsample: string | undefined
  readonly rate: RateOptions | undefined
  readonly filters: readonly TagFilter[]
  readonly explicitTags: boolean
  readonly percentiles: readonly number[] | undefined
}

type Options = Pick<MetricExpression, 'downsample' | 'rate' | 'explicitTags' | 'percentiles'>

/**
 * Reads `AGGREGATOR:[rate[{...}]:][INTERVAL-AGGREGATOR[-FILL]:][explicit_tags:][percentiles[...]:]METRIC[{group by}[{filters}]]`;
 * the parts in the middle come in any order, and those that it does not know are passed over, as in OpenTSDB.
 * @throws BadQueryError naming the part that is wrong
 */
export function parseMetricExpression(text: string): MetricExpression {
  const { aggregator, options, subject } = parseParts(text, 'm')
  return { aggregator, ...parseMetricAndFilters(subject), tsuids: undefined, ...options }
}

/**
 * Reads `AGGREGATOR:[...:]TSUID[,TSUID...]`, with the same parts in the middle.
 * @throws as parseMetricExpression
 */
export function parseTsuidExpression(text: string): MetricExpression {
  const { aggregator, options, subject } = parseParts(text, 'tsuid')
  return { aggregator, metric: undefined, filters: [], tsuids: subject.split(','), ...options }
}

function parseParts(text: string, parameter: string): { aggregator: string; options: Options; subject: string } {
  const parts = splitOutsideBraces(text, ':')
  const count = (word: string) =>
    new BadQueryError(`Invalid parameter ${parameter}=${text} (${word} :-separated parts)`)
  if (parts.length < 2) throw count('not enough')
  if (parts.length > 5) throw count('too many')
  const [aggregator = '', ...rest] = parts
  const subject = rest.pop() ?? ''
  let options: Options = { downsample: undefined, rate: undefined, explicitTags: false, percentiles: undefined }
  for (const part of rest) {
    if (part === '') throw new BadQueryError(`Invalid parameter ${parameter}=${text} (an empty part)`)
    options = { ...options, ...parseOption(part) }
  }
  return { aggregator, options, subject }
}

function parseOption(part: string): Partial<Options> {
  if (/^rate/i.test(part)) return { rate: parseRate(part) }
  // As in OpenTSDB, which knows an interval by its digit: `0all-sum` is one here, `all-sum` only in a body.
  if (/^\d/.test(part)) return { downsample: part }
  if (/^explicit_tags/i.test(part)) return { explicitTags: true }
  if (/^percentiles/i.test(part)) return { percentiles: parsePercentiles(part) }
  if (/^pre-agg/i.test(part)) {
    throw new BadQueryError(`The part ${part} asks for points aggregated in advance, of which the store has none`)
  }
  if (/^show-histogram-buckets/i.test(part)) {
    throw new BadQueryError(`The part ${part} asks for histograms, of which the store has none`)
  }
  return {}
}

/** Reads `percentiles[98,99.9]`. */
function parsePercentiles(part: string): number[] {
  const [, list] = /^percentiles\[(.*)\]$/i.exec(part) ?? []
  if (list === undefined) throw new BadQueryError(`Malformed percentile specification: ${part}`)
  return list.split(',').map((text) => checkPercentile(text.trim() === '' ? Number.NaN : Number(text), text))
}

/**
 * A percentile that a query asks for.
 * @param text how it was written
 * @throws BadQueryError unless it is from 0 to 100
 */
export function checkPercentile(percentile: number, text: string): number {
  if (percentile >= 0 && percentile <= 100) return percentile
  throw new BadQueryError(`Invalid percentile value: ${text}, must be a number from 0 to 100`)
}

/** Reads `METRIC{host=*}{dc=literal_or(lga)}`: the first braces group, the second only filter. */
export function parseMetricAndFilters(text: string): { metric: string; filters: TagFilter[] } {
  const open = text.indexOf('{')
  if (open < 0) return { metric: text, filters: [] }
  if (!text.endsWith('}')) throw new BadQueryError(`Missing '}' at the end of: ${text}`)
  const braces = text.slice(open + 1, -1).split('}{')
  if (braces.length > 2) throw new BadQueryError(`More than two pairs of braces in: ${text}`)
  const filters = braces.flatMap((list, i) => parseFilterList(list, i === 0))
  return { metric: text.slice(0, open), filters }
}

function parseFilterList(list: string, groupBy: boolean): TagFilter[] {
  if (list.trim() === '') return []
  return splitOutsideBraces(list, ',').map((pair) => {
    const equals = pair.indexOf('=')
    const [tagk, value] = [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]
    if (equals < 1 || value === '') throw new BadQueryError(`When parsing tag '${pair}': invalid tag: ${pair}`)
    return parseTagValue(tagk, value, groupBy)
  })
}

/** Reads `rate`, `rate{counter}`, `rate{counter,MAX,RESET}` or `rate{dropcounter}`; either number may be empty. */
function parseRate(text: string): RateOptions {
  const open = text.indexOf('{')
  if (open < 0) return PLAIN_RATE
  const parts = text.slice(open + 1, text.endsWith('}') ? -1 : undefined).split(',')
  if (parts.length > 3) {
    throw new BadQueryError(
      `Incorrect number of values in rate options specification, must be counter[,counter max value,reset value], received: ${parts.length} parts`,
    )
  }
  const [kind = '', counterMax = '', resetValue = ''] = parts.map((part) => part.trim())
  if (!isLongOrNothing(counterMax)) {
    throw new BadQueryError(`Value of counter max was not a number, received '${counterMax}'`)
  }
  if (!isLongOrNothing(resetValue)) {
    throw new BadQueryError(`Reset value of counter was not a number, received '${resetValue}'`)
  }
  return {
    counter: kind.endsWith('counter'),
    counterMax: counterMax === '' ? DEFAULT_COUNTER_MAX : BigInt(counterMax),
    resetValue: Number(resetValue),
    dropResets: kind === 'dropcounter',
  }
}

/** Whether a text is a 64-bit integer, or empty. */
function isLongOrNothing(text: string): boolean {
  return /^(-?\d+)?$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
}

/** Splits where no brace or parenthesis is open; one after a backslash, as in a regular expression, is neither. */
function splitOutsideBraces(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (c === '\\') i++
    else if (c === '{' || c === '(') depth++
    else if (c === '}' || c === ')') depth--
    else if (c === separator && depth <= 0) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}
