import { expect, test } from 'vitest'
import { LimitExceededError } from '../../../lib/model/errors.ts'
import { BadQueryError } from '../../../lib/query/errors.ts'
import { checkFilters, makeFilter, matcherOf, parseTagValue } from '../../../lib/query/filters.ts'

function matches(type: string, filter: string, values: string[]): string[] {
  return values.filter(matcherOf(makeFilter('host', type, filter, false)))
}

const HOSTS = ['web01', 'web02', 'WEB01', 'web10', 'db-01']

test.each([
  ['literal_or', 'web01|db-01|nosuch', ['web01', 'db-01']],
  ['iliteral_or', 'Web01', ['web01', 'WEB01']],
  ['not_literal_or', 'web01|web02', ['WEB01', 'web10', 'db-01']],
  ['not_iliteral_or', 'WEB01', ['web02', 'web10', 'db-01']],
  ['wildcard', '*', HOSTS],
  ['wildcard', '**', HOSTS],
  ['wildcard', 'web*', ['web01', 'web02', 'web10']],
  ['wildcard', '*01', ['web01', 'WEB01', 'db-01']],
  ['wildcard', '*b*', ['web01', 'web02', 'web10', 'db-01']],
  ['iwildcard', 'WEB*', ['web01', 'web02', 'WEB01', 'web10']],
])('%s(%s) takes %j', (type, filter, want) => {
  expect(matches(type, filter, HOSTS)).toEqual(want)
})

test('a star only within a pattern does not hold the value to its ends', () => {
  expect(matches('wildcard', 'w*b*1', HOSTS)).toEqual(['web01', 'web10'])
})

test('a long pattern of stars takes no time that grows with their number squared', () => {
  expect(matches('wildcard', `${'a*'.repeat(5000)}b`, ['a'.repeat(200_000)])).toEqual([])
})

test.each([
  ['*', 'wildcard', '*'],
  ['web01', 'literal_or', 'web01'],
  ['web01|web02', 'literal_or', 'web01|web02'],
  ['web*', 'wildcard', 'web*'],
  ['iliteral_or(WEB01)', 'iliteral_or', 'WEB01'],
  ['Wildcard(web*)', 'wildcard', 'web*'],
])('the tag value %s is the filter %s(%s)', (text, type, filter) => {
  expect(parseTagValue('host', text, true)).toEqual({ tagk: 'host', type, filter, groupBy: true })
})

test.each([
  ['', 'literal_or', 'a'],
  ['host', 'literal_or', ''],
  ['host', 'literal_or', '||'],
  ['host', 'wildcard', 'web01'],
  ['host', 'not_key', ''],
  ['host', 'bogus', 'x'],
])('a filter on "%s" of type %s with "%s" is refused', (tagk, type, filter) => {
  expect(() => makeFilter(tagk, type, filter, false)).toThrow(BadQueryError)
})

test.each([
  ['01', ['web01', 'WEB01', 'db-01']],
  ['^(web|db)-?0[12]$', ['web01', 'web02', 'db-01']],
  ['(?i)web', ['web01', 'web02', 'WEB01', 'web10']],
  ['.*', HOSTS],
])('regexp(%s) is found anywhere in a value, and so takes %j', (filter, want) => {
  expect(matches('regexp', filter, HOSTS)).toEqual(want)
})

test('more filters and longer expressions than the limits allow are refused before anything is made of them', () => {
  const filter = makeFilter('host', 'regexp', `(${'a'.repeat(9)}`, false)
  expect(() => checkFilters([filter], { filters: 1, regexpLength: 10 })).not.toThrow()
  expect(() => checkFilters([filter, filter], { filters: 1, regexpLength: 10 })).toThrow(LimitExceededError)
  expect(() => checkFilters([filter], { filters: 1, regexpLength: 9 })).toThrow(
    'Too much: 10 characters of a regular expression, regexpLength allows 9',
  )
})
