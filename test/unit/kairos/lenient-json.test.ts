import { expect, test } from 'vitest'
import { KairosRequestError } from '../../../lib/kairos/errors.ts'
import { type Json, JsonNumber, parseLenientJson } from '../../../lib/kairos/lenient-json.ts'

/** Values as JSON.parse would give them, numbers as they were written. */
function plain(value: Json): unknown {
  if (value instanceof JsonNumber) return `number ${value.text}`
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [key, plain(one)]))
  return Array.isArray(value) ? value.map(plain) : value
}

test.each([
  [
    '{"a":[1,2.50,-3e4],"b":{"c":null,"d":true}}',
    { a: ['number 1', 'number 2.50', 'number -3e4'], b: { c: null, d: true } },
  ],
  ["{'a':'it''s'", undefined],
  ["{'a':'x'}", { a: 'x' }],
  ['{a:b;c=1,d=>FALSE}', { a: 'b', c: 'number 1', d: false }],
  ['// first\n{"a":1 /* second */, # third\n"b":2}', { a: 'number 1', b: 'number 2' }],
  ['[1,,2,]', ['number 1', null, 'number 2', null]],
  ['[]', []],
  ['{"a":1,"a":2}', { a: 'number 2' }],
  ['"\\u00fc\\n\\"\\\\"', 'ü\n"\\'],
  ['9223372036854775807', 'number 9223372036854775807'],
  ['007', '007'],
  ['hello', 'hello'],
  [" \n)]}'\n[1]", undefined],
  [")]}'\n[1]", ['number 1']],
  ['', null],
  [' /* nothing */ ', null],
])('%j is read as Gson reads it, or not', (text, expected) => {
  if (expected === undefined) expect(() => parseLenientJson(text)).toThrow(KairosRequestError)
  else expect(plain(parseLenientJson(text))).toEqual(expected)
})

test.each([
  '{',
  '{"a"',
  '{"a":',
  '{"a":1,}',
  '[1',
  '[1 2]',
  '{"a":1} x',
  '"open',
  '/* open',
  '"\\x"',
  '"\\u12"',
  '{:1}',
])('what is no JSON is refused with the place where it is not: %s', (text) => {
  expect(() => parseLenientJson(text)).toThrow(/can't be read: .*, at line 1 column \d+/)
})

test('values that lie too deep are refused before they are recursed into', () => {
  expect(() => parseLenientJson('['.repeat(100_000))).toThrow(/deep/)
})
