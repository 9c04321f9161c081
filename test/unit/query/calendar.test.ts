import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Calendar, type CalendarUnit } from '../../../lib/query/calendar.ts'
import { offsetAt } from '../../../lib/query/timezone.ts'

const NEW_YORK = 'America/New_York'

/** The starts of the intervals from the one that a time lies in. */
function starts(count: number, unit: CalendarUnit, timezone: string, from: string, many: number): string[] {
  const chain = new Calendar(count, unit, timezone).chainAt(Date.parse(from))
  return Array.from({ length: many }, (_, index) =>
    new Date(chain.startOf(index)).toISOString().replace(':00.000Z', 'Z'),
  )
}

describe('Calendar.chainAt(time)', () => {
  it.each([
    ['1d', 'UTC', '2012-02-28T05:00Z', ['2012-02-28T00:00Z', '2012-02-29T00:00Z', '2012-03-01T00:00Z']],
    ['1d', 'Asia/Kolkata', '2012-02-28T05:00Z', ['2012-02-27T18:30Z', '2012-02-28T18:30Z']],
    ['1d', NEW_YORK, '2012-03-10T12:00Z', ['2012-03-10T05:00Z', '2012-03-11T05:00Z', '2012-03-12T04:00Z']],
    ['1d', NEW_YORK, '2012-11-03T12:00Z', ['2012-11-03T04:00Z', '2012-11-04T04:00Z', '2012-11-05T05:00Z']],
    ['2d', 'UTC', '2012-02-20T00:00Z', ['2012-02-20T00:00Z', '2012-02-22T00:00Z']],
    ['2d', 'UTC', '2012-12-31T00:00Z', ['2012-12-30T00:00Z', '2013-01-01T00:00Z', '2013-01-03T00:00Z']],
    ['1w', 'UTC', '2012-02-20T00:00Z', ['2012-02-19T00:00Z', '2012-02-26T00:00Z']],
    ['3w', NEW_YORK, '2012-03-10T00:00Z', ['2012-03-04T05:00Z', '2012-03-25T04:00Z']],
    ['1n', 'UTC', '2012-01-31T23:59Z', ['2012-01-01T00:00Z', '2012-02-01T00:00Z', '2012-03-01T00:00Z']],
    ['5n', NEW_YORK, '2012-08-01T00:00Z', ['2012-06-01T04:00Z', '2012-11-01T04:00Z', '2013-04-01T04:00Z']],
    ['1y', 'Asia/Kolkata', '2012-06-01T00:00Z', ['2011-12-31T18:30Z', '2012-12-31T18:30Z']],
    ['2y', 'UTC', '2012-06-01T00:00Z', ['2012-01-01T00:00Z', '2014-01-01T00:00Z']],
  ] as const)('%s in %s from %s', (interval, timezone, from, want) => {
    const unit = interval.slice(1) as CalendarUnit
    expect(starts(Number(interval[0]), unit, timezone, from, want.length)).toEqual(want)
  })

  it.each([
    ['1h', 'Asia/Kolkata', '2012-02-28T05:00Z', ['2012-02-28T04:30Z', '2012-02-28T05:30Z']],
    ['12h', NEW_YORK, '2012-03-10T20:00Z', ['2012-03-10T17:00Z', '2012-03-11T05:00Z', '2012-03-11T17:00Z']],
    ['7h', 'UTC', '2012-02-01T08:00Z', ['2012-02-01T07:00Z', '2012-02-01T14:00Z']],
    ['7h', NEW_YORK, '2012-02-01T08:00Z', ['2012-02-01T05:00Z', '2012-02-01T12:00Z']],
    ['15m', 'Asia/Kathmandu', '2012-02-01T08:20Z', ['2012-02-01T08:15Z', '2012-02-01T08:30Z']],
    ['7m', 'UTC', '2012-02-01T00:15Z', ['2012-02-01T00:14Z', '2012-02-01T00:21Z']],
    ['90m', 'Asia/Kolkata', '2012-02-01T00:00Z', ['2012-01-31T23:00Z', '2012-02-01T00:30Z']],
  ] as const)('%s in %s from %s, by elapsed time', (interval, timezone, from, want) => {
    const [, count = '', unit = ''] = /^(\d+)(\w)$/.exec(interval) ?? []
    expect(starts(Number(count), unit as CalendarUnit, timezone, from, want.length)).toEqual(want)
  })

  it('counts milliseconds and seconds from the second, minute or hour', () => {
    const start = (count: number, unit: CalendarUnit, time: number) =>
      new Calendar(count, unit, 'UTC').chainAt(time).startOf(0)
    expect(start(250, 'ms', 61_600)).toBe(61_500)
    expect(start(700, 'ms', 61_600)).toBe(60_000 + 700 * 2)
    expect(start(15, 's', 3_700_000)).toBe(3_690_000)
    expect(start(7, 's', 3_700_000)).toBe(3_600_000 + 7000 * 14)
  })

  it('begins a day whose midnight the clocks skip at its first instant, and the next at midnight again', () => {
    // Sao Paulo went from 0:00 to 1:00 on 21 October 2012
    expect(starts(1, 'd', 'America/Sao_Paulo', '2012-10-20T12:00Z', 3)).toEqual([
      '2012-10-20T03:00Z',
      '2012-10-21T03:00Z',
      '2012-10-22T02:00Z',
    ])
  })

  it('leaves the hour before a midnight that clocks show twice to the day before', () => {
    // Havana went from 1:00 back to 0:00 on 4 November 2012
    const chain = new Calendar(1, 'd', 'America/Havana').chainAt(Date.parse('2012-11-04T04:30Z'))
    expect(new Date(chain.startOf(0)).toISOString()).toBe('2012-11-03T04:00:00.000Z')
    expect(new Date(chain.startOf(1)).toISOString()).toBe('2012-11-04T05:00:00.000Z')
  })

  const unit = fc.constantFrom<CalendarUnit>('ms', 's', 'm', 'h', 'd', 'w', 'n', 'y')
  const zone = fc.constantFrom('UTC', NEW_YORK, 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Havana', 'Africa/Cairo')
  const time = fc.integer({ min: 0, max: Date.UTC(2040, 0, 1) })

  it('has every time in exactly one interval, and its first in number 0', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), unit, zone, time, time, (count, one, timezone, from, at) => {
        const chain = new Calendar(count, one, timezone).chainAt(from)
        expect(chain.indexOf(from)).toBe(0)
        const index = chain.indexOf(at)
        expect(chain.startOf(index)).toBeLessThanOrEqual(at)
        expect(chain.startOf(index + 1)).toBeGreaterThan(at)
        expect(chain.indexOf(chain.startOf(index))).toBe(index)
      }),
      { numRuns: 500 },
    )
  })
})

describe('offsetAt(time, timezone)', () => {
  it('changes to the second when the clocks do', () => {
    const change = Date.parse('2012-03-11T07:00:00Z')
    expect([change - 1, change].map((time) => offsetAt(time, NEW_YORK) / 3_600_000)).toEqual([-5, -4])
    expect(offsetAt(Date.parse('2012-07-01'), 'Australia/Lord_Howe') / 3_600_000).toBe(10.5)
  })

  it('is what the runtime says of any instant', () => {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: 'Africa/Cairo',
      dateStyle: 'short',
      timeStyle: 'medium',
      hourCycle: 'h23',
    })
    const utc = new Intl.DateTimeFormat('en-US', {
      timeZone: 'UTC',
      dateStyle: 'short',
      timeStyle: 'medium',
      hourCycle: 'h23',
    })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2040, 0, 1) }), (time) => {
        expect(utc.format(time + offsetAt(time, 'Africa/Cairo'))).toBe(format.format(time))
      }),
    )
  })
})
