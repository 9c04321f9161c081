import { expect, test } from 'vitest'
import { BadQueryError } from '../../../lib/query/errors.ts'
import { compileRegexp } from '../../../lib/query/regexp.ts'

test.each([
  ['b', 'abc', true],
  ['^b', 'abc', false],
  ['C', 'abc', false],
  ['(?i)C', 'abc', true],
  ['^(?:web|db)\\d{2,3}$', 'db010', true],
  ['^[a-c]+?c$', 'abc', true],
  ['^[^]]$', ']', false],
  ['^[]]$', ']', true],
  ['^[^\\]]$', 'a', true],
  ['(?<name>b)c', 'abc', true],
  ['^\\Qa.b\\E$', 'a.b', true],
  ['^\\Qa.b\\E$', 'axb', false],
  ['\\Q[[(?=', '[[(?=', true],
])('%s is found in %s: %s', (expression, text, want) => {
  expect(compileRegexp(expression)(text)).toBe(want)
})

test.each([
  ['^\\p{Alpha}+$', 'abc', 'ab1'],
  ['^\\P{Alpha}+$', '12', 'a1'],
  ['^[\\p{Lower}\\p{Digit}_]+$', 'ab_1', 'aB'],
  ['^[\\P{Upper}]+$', 'ab1', 'aB'],
  ['^\\p{XDigit}+$', 'fF09', 'g'],
  ['^\\p{Punct}$', '-', 'a'],
  ['^\\p{L}+$', 'ä', '1'],
  ['^\\p{IsGreek}+$', 'αβ', 'ab'],
  ['^\\u0061\\u00e4$', 'aä', 'u0061'],
  ['abc\\Z', 'abc', 'abcd'],
])("Java's %s takes %s and not %s", (expression, taken, refused) => {
  const matches = compileRegexp(expression)
  expect([matches(taken), matches(refused)]).toEqual([true, false])
})

test.each([
  ['(?=a)', 'look-ahead, (?=, is not supported'],
  ['a(?!b)', 'look-ahead, (?!, is not supported'],
  ['(?<=a)b', 'look-behind, (?<=, is not supported'],
  ['(?<!a)b', 'look-behind, (?<!, is not supported'],
  ['(a)\\1', 'a back reference, \\1, is not supported'],
  ['(?<n>a)\\k<n>', 'a back reference, \\k<, is not supported'],
  ['(?>a)', 'an atomic group, (?>, is not supported'],
  ['[a[bc]]', 'a class within a class, [b, is not supported'],
  ['[a-z&&[^b]]', 'an intersection of classes, &&, is not supported'],
  ['a++', 'invalid nested repetition operator: `++`'],
  ['[', 'missing closing ]: `[`'],
  ['(', 'missing closing ): `(`'],
  ['*', 'missing argument to repetition operator: `*`'],
  ['\\p{Nonsense}', 'invalid character class range: `\\p{Nonsense}`'],
  ['(a{1000}){1000}', 'invalid repeat count: `{1000}`'],
])('%s is refused by name', (expression, why) => {
  expect(() => compileRegexp(expression)).toThrow(new BadQueryError(`Bad regular expression '${expression}': ${why}`))
})

test('an expression that makes other engines go back over the text for ever takes no longer than the text', () => {
  const matches = compileRegexp('^(([a-z])+.)+[A-Z]([a-z])+$')
  expect(matches('a'.repeat(100_000))).toBe(false)
})
