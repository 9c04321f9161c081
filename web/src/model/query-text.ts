import { AUTO, type Downsample, FILLS, FILTER_TYPES, type Filter, type Query, type Rate } from './page.ts'

/** A link says something that this page can't show. */
export class LinkError extends Error {
  override readonly name = 'LinkError'
}

/**
 * Reads a sub-query as OpenTSDB writes it in `m=`. Two words are this page's own, in the place of an interval: `auto-avg`, one point
 * per pixel, which is also meant where nothing stands there, and `raw`, all points.
 * http://opentsdb.net/docs/build/html/api_http/query/index.html#sub-queries
 * @throws LinkError naming the part that can't be read
 */
export function parseQuery(text: string): Query {
  const parts = splitOutsideBraces(text, ':')
  const aggregator = parts.shift()?.trim() ?? ''
  const last = parts.pop()
  if (aggregator === '' || last === undefined) throw new LinkError(`“${text}” is not AGGREGATOR:…:METRIC`)
  let downsample: Downsample = AUTO
  let rate: Rate | undefined
  let explicitTags = false
  for (const part of parts) {
    if (part === 'rate' || part.startsWith('rate{')) rate = parseRate(part)
    else if (part === 'explicit_tags') explicitTags = true
    else downsample = parseDownsample(part)
  }
  return { aggregator, ...parseSeries(last), downsample, rate, explicitTags, axis: 'left' }
}

/** Writes a sub-query so that `parseQuery` reads the same; the axis is not in it. */
export function formatQuery(query: Query): string {
  const { aggregator, metric, filters, downsample, rate, explicitTags } = query
  const middle = [
    ...(rate === undefined ? [] : [formatRate(rate)]),
    ...(formatDownsample(downsample) === 'auto-avg' ? [] : [formatDownsample(downsample)]),
    ...(explicitTags ? ['explicit_tags'] : []),
  ]
  const grouping = filters.filter(({ groupBy }) => groupBy)
  const others = filters.filter(({ groupBy }) => !groupBy)
  const first = grouping.length + others.length > 0 ? formatFilters(grouping) : ''
  const braces = first + (others.length > 0 ? formatFilters(others) : '')
  return [aggregator, ...middle, metric + braces].join(':')
}

/** `5m-avg`, `1dc-sum-nan`, `auto-max` or `raw`. */
export function formatDownsample(downsample: Downsample): string {
  if (downsample.kind === 'raw') return 'raw'
  const interval = downsample.kind === 'auto' ? 'auto' : downsample.interval
  return `${interval}-${downsample.fn}${downsample.fill === 'none' ? '' : `-${downsample.fill}`}`
}

function parseDownsample(text: string): Downsample {
  if (text === 'raw') return { kind: 'raw' }
  const [interval = '', fn = '', fillText = 'none', ...more] = text.split('-')
  const fill = FILLS.find((each) => each === fillText.toLowerCase())
  if (!/^(auto|all|\d+(ms|[smhdwny]|all)c?)$/.test(interval) || fn === '' || fill === undefined || more.length > 0) {
    throw new LinkError(`“${text}” is neither an interval such as 5m-avg nor rate`)
  }
  return interval === 'auto' ? { kind: 'auto', fn, fill } : { kind: 'every', interval, fn, fill }
}

/** `rate{counter[,MAX[,RESET]]}`, `rate{dropcounter}`. */
function parseRate(text: string): Rate {
  if (text === 'rate') return { counter: false, max: '', reset: '', dropResets: false }
  if (!text.endsWith('}')) throw new LinkError(`“${text}” lacks a closing brace`)
  const [kind = '', max = '', reset = ''] = text.slice('rate{'.length, -1).split(',')
  if (!['counter', 'dropcounter', ''].includes(kind)) {
    throw new LinkError(`“${kind}” in “${text}” is neither counter nor dropcounter`)
  }
  return { counter: kind !== '', max: max.trim(), reset: reset.trim(), dropResets: kind === 'dropcounter' }
}

function formatRate({ counter, max, reset, dropResets }: Rate): string {
  if (!counter && !dropResets) return 'rate'
  const numbers = reset !== '' ? `,${max},${reset}` : max !== '' ? `,${max}` : ''
  return `rate{${dropResets ? 'dropcounter' : 'counter'}${numbers}}`
}

function parseSeries(text: string): Pick<Query, 'metric' | 'filters'> {
  const at = text.indexOf('{')
  if (at < 0) return { metric: text.trim(), filters: [] }
  const [grouping, others = '', ...more] = bracesOf(text.slice(at))
  if (grouping === undefined || more.length > 0) throw new LinkError(`The braces in “${text}” can’t be read`)
  return {
    metric: text.slice(0, at).trim(),
    filters: [...parseFilters(grouping, true), ...parseFilters(others, false)],
  }
}

/** What stands in each of `{...}{...}`; empty where that is not what the text is. */
function bracesOf(text: string): string[] {
  const insides: string[] = []
  let depth = 0
  let from = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '{' && depth++ === 0) from = i + 1
    else if (text[i] === '}' && --depth === 0) insides.push(text.slice(from, i))
    else if (depth <= 0) return []
  }
  return depth === 0 ? insides : []
}

function parseFilters(text: string, groupBy: boolean): Filter[] {
  return splitOutsideBraces(text, ',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const at = part.indexOf('=')
      const tagk = part.slice(0, at).trim()
      const value = part.slice(at + 1).trim()
      if (at < 0 || tagk === '') throw new LinkError(`“${part}” is not TAG=VALUE`)
      return { tagk, ...parseValue(value), groupBy }
    })
}

/** `web*`, `web01|web02` or `type(text)`. */
function parseValue(value: string): Pick<Filter, 'type' | 'filter'> {
  const match = /^([a-z_]+)\((.*)\)$/s.exec(value)
  const type = FILTER_TYPES.find((each) => each === match?.[1])
  if (match !== null && type !== undefined) return { type, filter: match[2] ?? '' }
  return value.includes('*') ? { type: 'wildcard', filter: value } : { type: 'literal_or', filter: value }
}

function formatFilters(filters: readonly Filter[]): string {
  return `{${filters.map(({ tagk, type, filter }) => `${tagk}=${formatValue(type, filter)}`).join(',')}}`
}

function formatValue(type: Filter['type'], filter: string): string {
  if (type === 'literal_or' && !/[*(),{}=]/.test(filter)) return filter
  if (type === 'wildcard' && filter.includes('*') && !/[(),{}=]/.test(filter)) return filter
  return `${type}(${filter})`
}

/** Splits where a separator stands in no braces or parentheses. */
function splitOutsideBraces(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '{' || char === '(') depth++
    else if (char === '}' || char === ')') depth--
    else if (char === separator && depth === 0) {
      parts.push(text.slice(from, i))
      from = i + 1
    }
  }
  parts.push(text.slice(from))
  return parts
}
