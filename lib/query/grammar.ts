import { NotBuiltYetError } from '../model/errors.ts'
import { BadQueryError } from './errors.ts'
import { parseTagValue, type TagFilter } from './filters.ts'
import type { RateOptions } from './model.ts'
import { DEFAULT_COUNTER_MAX, PLAIN_RATE } from './rate.ts'

/** The parts of one `m=`, names not looked up yet. */
export interface MetricExpression {
  readonly aggregator: string
  readonly metric: string
  readonly downsample: string | undefined
  readonly rate: RateOptions | undefined
  readonly filters: readonly TagFilter[]
  readonly explicitTags: boolean
}

/** Parts between the aggregator and the metric that OpenTSDB knows and that are not built here. */
const NOT_BUILT = /^(pre-agg|rollup_|percentiles|show-histogram-buckets)/i

/**
 * Reads `AGGREGATOR:[rate[{...}]:][INTERVAL-AGGREGATOR[-FILL]:][explicit_tags:]METRIC[{group by}[{filters}]]`; the parts
 * in the middle come in any order, and those that it does not know are passed over, as in OpenTSDB.
 * @throws BadQueryError naming the part that is wrong, NotBuiltYetError for parts to come
 */
export function parseMetricExpression(text: string): MetricExpression {
  const parts = splitOutsideBraces(text, ':')
  if (parts.length < 2) throw new BadQueryError(`Invalid parameter m=${text} (not enough :-separated parts)`)
  if (parts.length > 5) throw new BadQueryError(`Invalid parameter m=${text} (too many :-separated parts)`)
  const [aggregator = '', ...rest] = parts
  const { metric, filters } = parseMetricAndFilters(rest.pop() ?? '')
  let downsample: string | undefined
  let rate: RateOptions | undefined
  let explicitTags = false
  for (const part of rest) {
    if (NOT_BUILT.test(part)) throw new NotBuiltYetError(`The part ${part} of m=`)
    if (/^rate/i.test(part)) rate = parseRate(part)
    else if (/^(\d|all)/i.test(part)) downsample = part
    else if (/^explicit_tags/i.test(part)) explicitTags = true
  }
  return { aggregator, metric, downsample, rate, filters, explicitTags }
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
  if (!/^\d*$/.test(counterMax))
    throw new BadQueryError(`Value of counter max was not a number, received '${counterMax}'`)
  if (!/^\d*$/.test(resetValue))
    throw new BadQueryError(`Reset value of counter was not a number, received '${resetValue}'`)
  return {
    counter: kind.endsWith('counter'),
    counterMax: counterMax === '' ? DEFAULT_COUNTER_MAX : BigInt.asIntN(64, BigInt(counterMax)),
    resetValue: Number(resetValue),
    dropResets: kind === 'dropcounter',
  }
}

/** Splits where no brace or parenthesis is open. */
function splitOutsideBraces(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (c === '{' || c === '(') depth++
    else if (c === '}' || c === ')') depth--
    else if (c === separator && depth <= 0) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}
