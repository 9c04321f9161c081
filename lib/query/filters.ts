import { LimitExceededError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { BadQueryError } from './errors.ts'
import { compileRegexp } from './regexp.ts'

/** The kinds of filters on a tag's value, by OpenTSDB's names. */
export type FilterType =
  | 'literal_or'
  | 'iliteral_or'
  | 'not_literal_or'
  | 'not_iliteral_or'
  | 'wildcard'
  | 'iwildcard'
  | 'regexp'

/** A condition on the value of one tag; a series without that tag never meets it. */
export interface TagFilter {
  readonly tagk: string
  readonly type: FilterType
  /** As written: `web01|web02`, `web*`. */
  readonly filter: string
  /** Whether each value makes a group of its own. */
  readonly groupBy: boolean
}

const TYPES: ReadonlySet<string> = new Set<FilterType>([
  'literal_or',
  'iliteral_or',
  'not_literal_or',
  'not_iliteral_or',
  'wildcard',
  'iwildcard',
  'regexp',
])

function isFilterType(type: string): type is FilterType {
  return TYPES.has(type)
}

/**
 * Checks the parts of a filter and puts them together. Whether a regular expression is one is found out by matcherOf.
 * @throws BadQueryError where a part is missing or wrong
 */
export function makeFilter(tagk: string, type: string, filter: string, groupBy: boolean): TagFilter {
  if (tagk === '') throw new BadQueryError('Filter is missing the tag key')
  if (!isFilterType(type)) throw new BadQueryError(`Could not find a tag value filter of the type: ${type}`)
  if (filter === '') throw new BadQueryError(`The ${type} filter on ${tagk} is empty`)
  if (isWildcard(type)) {
    if (!filter.includes('*')) throw new BadQueryError(`Filter must contain an asterisk: ${filter}`)
  } else if (type !== 'regexp' && literals(filter).length === 0) {
    throw new BadQueryError(`The ${type} filter on ${tagk} names no value: ${filter}`)
  }
  return { tagk, type, filter, groupBy }
}

const CALL = /^([^(]*)\((.*)\)$/s

/**
 * Reads the value of a tag in a query's `tags` or in `m={host=...}`: `*`, `web01`, `web01|web02`, `web*`, or a filter
 * such as `wildcard(web*)`.
 * @throws as makeFilter
 */
export function parseTagValue(tagk: string, text: string, groupBy: boolean): TagFilter {
  const paren = text.indexOf('(')
  if (paren >= 0) {
    const [, type = '', filter = ''] = CALL.exec(text) ?? []
    if (type === '') throw new BadQueryError(`When parsing filter '${tagk}=${text}': it must end with a parenthesis`)
    return makeFilter(tagk, type.toLowerCase(), filter, groupBy)
  }
  return makeFilter(tagk, text.includes('*') ? 'wildcard' : 'literal_or', text, groupBy)
}

function isWildcard(type: FilterType): boolean {
  return type === 'wildcard' || type === 'iwildcard'
}

function literals(filter: string): string[] {
  return filter.split('|').filter((literal) => literal !== '')
}

/**
 * The exact tag values that a filter names, which must exist for the query to run; undefined where it names none, as
 * wildcards and filters without regard to case.
 */
export function literalsOf(filter: TagFilter): string[] | undefined {
  return filter.type === 'literal_or' || filter.type === 'not_literal_or' ? literals(filter.filter) : undefined
}

/**
 * Holds a sub-query's filters to the limits on them, before anything is made of them.
 * @throws LimitExceededError naming the limit
 */
export function checkFilters(filters: readonly TagFilter[], limits: Pick<Limits, 'filters' | 'regexpLength'>): void {
  if (filters.length > limits.filters) {
    throw new LimitExceededError('filters', limits.filters, filters.length, 'filters')
  }
  for (const { type, filter } of filters) {
    if (type === 'regexp' && filter.length > limits.regexpLength) {
      throw new LimitExceededError(
        'regexpLength',
        limits.regexpLength,
        filter.length,
        'characters of a regular expression',
      )
    }
  }
}

/**
 * The filter as a test of a tag's value.
 * @throws BadQueryError where it is a regular expression that is wrong or that has what is not supported
 */
export function matcherOf(filter: TagFilter): (tagv: string) => boolean {
  if (filter.type === 'regexp') return compileRegexp(filter.filter)
  const fold = filter.type.startsWith('i') || filter.type === 'not_iliteral_or'
  const text = fold ? filter.filter.toLowerCase() : filter.filter
  const matches = isWildcard(filter.type) ? globMatcher(text) : literalMatcher(text, filter.type.startsWith('not_'))
  return fold ? (tagv) => matches(tagv.toLowerCase()) : matches
}

function literalMatcher(filter: string, negated: boolean): (tagv: string) => boolean {
  const set = new Set(literals(filter))
  return (tagv) => set.has(tagv) !== negated
}

/**
 * `*` stands for any text, also none. As in OpenTSDB the ends are only held to where exactly one end of the pattern is a
 * star; elsewhere the parts have to be found one after the other at least by their lengths, so `w*b*1` takes `web10`.
 * Runs in time linear in the value for each part of the pattern.
 */
function globMatcher(pattern: string): (tagv: string) => boolean {
  const openStart = pattern.startsWith('*')
  const openEnd = pattern.endsWith('*')
  // Neighbouring stars are one; a part that is empty is found wherever it is looked for.
  const parts = pattern.split('*').filter((part) => part !== '')
  const [first = ''] = parts
  const last = parts.at(-1) ?? ''
  return (tagv) => {
    if (openEnd && !openStart && !tagv.startsWith(first)) return false
    if (openStart && !openEnd && !tagv.endsWith(last)) return false
    let at = 0
    for (const part of parts) {
      if (tagv.indexOf(part, at) < 0) return false
      at += part.length
    }
    return true
  }
}
