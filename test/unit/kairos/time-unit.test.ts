import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ranges } from '../../../lib/kairos/ranges.ts'
import { addUnits, alignedStart, TIME_UNITS, unitsBetween } from '../../../lib/kairos/time-unit.ts'
import { UTC, type Zone, zoneOf } from '../../../lib/kairos/zone.ts'

const zone = (name: string): Zone => zoneOf(name) ?? expect.unreachable(name)
const at = (text: string): number => Date.parse(text)
const iso = (time: number): string => new Date(time).toISOString()

test.each([
  ['2012-01-31T10:00:00Z', 1, 'months', 'UTC', '2012-02-29T10:00:00.000Z'],
  ['2012-02-29T10:00:00Z', 1, 'years', 'UTC', '2013-02-28T10:00:00.000Z'],
  ['2012-03-31T10:00:00Z', -1, 'months', 'UTC', '2012-02-29T10:00:00.000Z'],
  // clocks in New York went forward on 11 March 2012 at 2:00
  ['2012-03-10T15:00:00Z', 1, 'days', 'America/New_York', '2012-03-11T14:00:00.000Z'],
  ['2012-03-10T15:00:00Z', 24, 'hours', 'America/New_York', '2012-03-11T15:00:00.000Z'],
  ['2012-03-10T07:30:00Z', 1, 'days', 'America/New_York', '2012-03-11T07:30:00.000Z'],
  ['2012-03-04T15:00:00Z', 1, 'weeks', 'America/New_York', '2012-03-11T14:00:00.000Z'],
] as const)('%s and %d %s in %s is %s', (from, count, unit, name, expected) => {
  expect(iso(addUnits(at(from), count, unit, zone(name)))).toBe(expected)
})

test('whole units between two instants are as many as can be added without passing the later one', () => {
  const times = fc.integer({ min: at('1990-01-01'), max: at('2040-01-01') })
  fc.assert(
    fc.property(times, times, fc.constantFrom(...TIME_UNITS), (a, b, unit) => {
      const [from, to] = a < b ? [a, b] : [b, a]
      const count = unitsBetween(from, to, unit, UTC)
      expect(addUnits(from, count, unit, UTC)).toBeLessThanOrEqual(to)
      expect(addUnits(from, count + 1, unit, UTC)).toBeGreaterThan(to)
      // toBe tells 0 from -0, which is never given.
      expect(unitsBetween(to, from, unit, UTC)).toBe(0 - count)
    }),
  )
})

test.each([
  ['milliseconds', '2012-03-14T15:09:26.000Z'],
  ['seconds', '2012-03-14T04:00:00.000Z'],
  ['hours', '2012-03-14T04:00:00.000Z'],
  ['days', '2012-03-14T04:00:00.000Z'],
  // Monday, after clocks went forward
  ['weeks', '2012-03-12T04:00:00.000Z'],
  ['months', '2012-03-01T05:00:00.000Z'],
  ['years', '2012-01-01T05:00:00.000Z'],
] as const)('aligned ranges of %s begin at %s in New York', (unit, expected) => {
  expect(iso(alignedStart(at('2012-03-14T15:09:26.535Z'), unit, zone('America/New_York')))).toBe(expected)
})

test('ranges never go back, whatever clocks do', () => {
  const names = fc.constantFrom('UTC', 'America/New_York', 'Europe/Moscow', 'Pacific/Apia', '+05:30')
  const sampling = fc.record({ value: fc.integer({ min: 1, max: 40 }), unit: fc.constantFrom(...TIME_UNITS) })
  fc.assert(
    fc.property(
      names,
      sampling,
      fc.boolean(),
      fc.integer({ min: 0, max: 1.5e12 }),
      fc.integer({ min: -2, max: 50 }),
      (name, size, align, start, index) => {
        const ranges = new Ranges(start, size, align, zone(name))
        expect(ranges.startOf(index + 1)).toBeGreaterThanOrEqual(ranges.startOf(index))
      },
    ),
  )
})

test('a time lies in the range that is named for it', () => {
  const ranges = new Ranges(at('2012-02-20T00:00:00Z'), { value: 2, unit: 'days' }, true, zone('Europe/Moscow'))
  const index = ranges.indexOf(at('2012-02-22T21:00:00Z'))
  expect([iso(ranges.startOf(index)), iso(ranges.startOf(index + 1))]).toEqual([
    '2012-02-21T20:00:00.000Z',
    '2012-02-23T20:00:00.000Z',
  ])
})

test.each(['Nowhere/Bogus', 'PST', 'utc', 'GMT+2', '+24:00', '+1', ''])('%j is no time zone', (name) => {
  expect(zoneOf(name)).toBeUndefined()
})

test.each([
  ['+05:30', 19_800_000],
  ['-0330', -12_600_000],
  ['EST', -18_000_000],
  ['Asia/Kolkata', 19_800_000],
])('the clocks of %s are %d ms ahead', (name, expected) => {
  expect(zone(name)(at('2012-07-01'))).toBe(expected)
})
