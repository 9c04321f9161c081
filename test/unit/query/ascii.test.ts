import { expect, test } from 'vitest'
import { asciiLines } from '../../../lib/query/ascii.ts'
import { QueryTooLargeError } from '../../../lib/query/errors.ts'
import { columns } from './columns.ts'

const results = [
  {
    metric: 'm',
    tags: { host: 'a', cpu: '0' },
    points: columns([
      [1356998400250, 9223372036854775807n],
      [1356998400500, 0.1],
      [1356998401000, Number.NaN],
    ]),
  },
]

test('points are import lines, exact to the digit, in seconds or in milliseconds', () => {
  expect(asciiLines(results, { msResolution: false, maxLength: 100 })).toBe(
    'm 1356998400 9223372036854775807 host=a cpu=0\nm 1356998400 0.1 host=a cpu=0\n',
  )
  expect(asciiLines(results, { msResolution: true, maxLength: 100 })).toBe(
    'm 1356998400250 9223372036854775807 host=a cpu=0\nm 1356998400500 0.1 host=a cpu=0\n',
  )
})

test('a text that would be too long is none', () => {
  expect(() => asciiLines(results, { msResolution: true, maxLength: 50 })).toThrow(QueryTooLargeError)
})
