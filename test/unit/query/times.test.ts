import { expect, test } from 'vitest'
import { BadQueryError } from '../../../lib/query/errors.ts'
import { parseDuration, parseTime } from '../../../lib/query/times.ts'

const NOW = Date.UTC(2024, 0, 31, 12)

test.each([
  ['now', NOW],
  ['1h-ago', NOW - 3_600_000],
  ['500ms-ago', NOW - 500],
  ['1n-ago', NOW - 30 * 86_400_000],
  ['1y-ago', NOW - 365 * 86_400_000],
  ['2w-AGO', NOW - 14 * 86_400_000],
  ['1356998400', 1_356_998_400_000],
  ['0', 0],
  ['1356998400123', 1_356_998_400_123],
  ['1356998400.500', 1_356_998_400_500],
  ['1356998400.5', 1_356_998_400_500],
  ['1356998400.05', 1_356_998_400_050],
  ['2013/01/01', 1_356_998_400_000],
  ['2013/01/01-00:01', 1_356_998_460_000],
  ['2013/01/01 00:01:02', 1_356_998_462_000],
])('the time %s is %d ms', (text, ms) => {
  expect(parseTime(text, NOW)).toBe(ms)
})

test.each([
  '5z-ago',
  '0h-ago',
  'h-ago',
  '1h-ag',
  '-5',
  'bogus',
  '2012-02-25',
  '1356998400.5000',
  '2013/1/1',
  '1'.repeat(30),
])('the time %s is refused', (text) => {
  expect(() => parseTime(text, NOW)).toThrow(BadQueryError)
})

test('a date is read in the time zone that is given, summer time and all', () => {
  expect(parseTime('2012/02/25-00:00:00', NOW, 'America/New_York')).toBe(Date.UTC(2012, 1, 25, 5))
  expect(parseTime('2012/07/01', NOW, 'America/New_York')).toBe(Date.UTC(2012, 6, 1, 4))
  expect(parseTime('2012/07/01', NOW, 'Asia/Kolkata')).toBe(Date.UTC(2012, 5, 30, 18, 30))
})

test('an hour that clocks show twice is the later one, by standard time; one that they skip is read as if they had not', () => {
  expect(parseTime('2012/11/04-01:30', NOW, 'America/New_York')).toBe(Date.UTC(2012, 10, 4, 6, 30))
  expect(parseTime('2012/03/11-02:30', NOW, 'America/New_York')).toBe(Date.UTC(2012, 2, 11, 7, 30))
})

test('an unknown time zone is refused by name', () => {
  expect(() => parseTime('2012/02/25', NOW, 'Nowhere/Bogus')).toThrow('Invalid timezone name: Nowhere/Bogus')
})

test.each([
  ['1ms', 1],
  ['10s', 10_000],
  ['5m', 300_000],
  ['1d', 86_400_000],
  ['1H', 3_600_000],
])('the duration %s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', 's', '0s', '-1s', '1.5h', '5', '99999999999999y'])('the duration "%s" is refused', (text) => {
  expect(() => parseDuration(text)).toThrow(BadQueryError)
})
