import { expect, test } from 'vitest'
import { DEFAULT_SUGGESTIONS, MAX_SUGGESTIONS, parseSuggestRequest } from '../../../lib/meta/suggest.ts'

test.each([
  ['metrics', undefined, { kind: 'metric', max: DEFAULT_SUGGESTIONS }],
  ['tagk', '5', { kind: 'tagk', max: 5 }],
  ['tagv', '0', { kind: 'tagv', max: DEFAULT_SUGGESTIONS }],
  ['tagv', '-1', { kind: 'tagv', max: DEFAULT_SUGGESTIONS }],
  ['tagv', '1000000', { kind: 'tagv', max: MAX_SUGGESTIONS }],
])('a request for %s with max %s is read', (type, max, want) => {
  expect(parseSuggestRequest(type, 'sys.', max)).toEqual({ prefix: 'sys.', ...want })
})

test.each(['x', '1.5', '', '99999999999'])('a max of "%s" is refused', (max) => {
  expect(() => parseSuggestRequest('metrics', '', max)).toThrow("Unable to parse 'max' as a number")
})
