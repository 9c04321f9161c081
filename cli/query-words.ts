import { UsageError } from './errors.ts'

/** A sub-query as /api/query takes it. */
export interface SubQuery {
  aggregator: string
  metric: string
  tags: Record<string, string>
  rate?: boolean
  rateOptions?: { counter: true; counterMax?: number; resetValue?: number }
  downsample?: string
}

/** A query as /api/query takes it. */
export interface QueryBody {
  start: string
  end?: string
  queries: SubQuery[]
}

/**
 * Reads the words of OpenTSDB's `tsdb query`:
 *
 *     START [END] FUNC [rate [counter[,MAX[,RESET]]]] [downsample N FUNC] METRIC [TAG=VALUE ...] [FUNC ... METRIC ...]
 *
 * START and END are relative (1h-ago), absolute (2026/11/22-05:00:00) or Unix times, and may also be written start=,
 * end=. N is a duration (5m) or a number of seconds. A word may hold several, as when the query is quoted whole.
 * @throws UsageError naming what is missing or can't be
 */
export function parseQueryWords(given: readonly string[]): QueryBody {
  const words = new Words(given.flatMap((word) => word.split(/\s+/)).filter((word) => word !== ''))
  const start = words.named('start') ?? words.next('a start time, such as 1h-ago')
  const end =
    words.named('end') ?? (words.peek() !== undefined && looksLikeTime(words.peek()) ? words.next('') : undefined)
  const queries: SubQuery[] = []
  do queries.push(parseSubQuery(words))
  while (words.peek() !== undefined)
  return { start, ...(end === undefined ? {} : { end }), queries }
}

function parseSubQuery(words: Words): SubQuery {
  const aggregator = words.next('an aggregator, such as sum')
  if (aggregator.includes('=')) throw new UsageError(`${aggregator} is where an aggregator should be, such as sum`)
  const rate = words.take('rate')
  const rateOptions = rate && /^counter(,|$)/.test(words.peek() ?? '') ? parseCounter(words.next('')) : undefined
  const downsample = words.take('downsample') ? parseDownsample(words) : undefined
  const metric = words.next('a metric')
  if (metric.includes('=')) throw new UsageError(`${metric} is where a metric should be`)
  const tags: Record<string, string> = Object.create(null)
  for (let word = words.peek(); word?.includes('=', 1); word = words.peek()) {
    const at = word.indexOf('=')
    tags[word.slice(0, at)] = word.slice(at + 1)
    words.next('')
  }
  return {
    aggregator,
    metric,
    tags,
    ...(rate ? { rate } : {}),
    ...(rateOptions === undefined ? {} : { rateOptions }),
    ...(downsample === undefined ? {} : { downsample }),
  }
}

function parseCounter(word: string): NonNullable<SubQuery['rateOptions']> {
  const [, max, reset] = word.split(',')
  return {
    counter: true,
    ...(max ? { counterMax: wholeNumber(max, word) } : {}),
    ...(reset ? { resetValue: wholeNumber(reset, word) } : {}),
  }
}

function wholeNumber(text: string, word: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${word} should be counter,MAX,RESET with whole numbers`)
  return Number(text)
}

function parseDownsample(words: Words): string {
  const interval = words.next('an interval after downsample, such as 5m')
  const aggregator = words.next('an aggregator after the interval, such as avg')
  return `${/^\d+$/.test(interval) ? `${interval}s` : interval}-${aggregator}`
}

/** No aggregator and no metric at this place looks like these. */
function looksLikeTime(word: string | undefined): boolean {
  return word !== undefined && (/^\d/.test(word) || word === 'now')
}

/** The words not read yet. */
class Words {
  readonly #words: readonly string[]
  #at = 0

  constructor(words: readonly string[]) {
    this.#words = words
  }

  peek(): string | undefined {
    return this.#words[this.#at]
  }

  /** @param wanted what should be there, for the error where nothing is */
  next(wanted: string): string {
    const word = this.peek()
    if (word === undefined) throw new UsageError(`The query ends where ${wanted} should be`)
    this.#at++
    return word
  }

  /** Reads the word if it is this one. */
  take(word: string): boolean {
    if (this.peek() !== word) return false
    this.#at++
    return true
  }

  /** Reads `name=value` and returns the value. */
  named(name: string): string | undefined {
    const word = this.peek()
    if (!word?.startsWith(`${name}=`)) return undefined
    this.#at++
    return word.slice(name.length + 1)
  }
}
