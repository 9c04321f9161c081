import { describe, expect, test } from 'vitest'
import { intervalFor } from '../../../web/src/model/interval.ts'
import { newGraph, newQuery } from '../../../web/src/model/page.ts'
import { curlFor, requestFor, spanOf } from '../../../web/src/model/request.ts'
import { dateText, describeRange, formatInstant, instantOf, isZone } from '../../../web/src/model/time.ts'
import { tickLabels } from '../../../web/src/model/time-axis.ts'

const NOW = Date.UTC(2026, 10, 22, 5)

describe('instants', () => {
  test.each([
    ['', NOW],
    ['now', NOW],
    ['90s-ago', NOW - 90_000],
    ['2n-ago', NOW - 60 * 86_400_000],
    ['1795319400', 1_795_319_400_000],
    ['1795319400.25', 1_795_319_400_250],
    ['1795319400000', 1_795_319_400_000],
    ['2026/11/22-04:30:00', Date.UTC(2026, 10, 22, 4, 30)],
    ['2026-11-22 04:30', Date.UTC(2026, 10, 22, 4, 30)],
    ['2026/11/22', Date.UTC(2026, 10, 22)],
  ])('%s', (text, expected) => {
    expect(instantOf(text, 'UTC', NOW)).toBe(expected)
  })

  test.each(['yesterday', '5x-ago', '2026/13/01', '2026/11/22-25:00', '-5'])('%s is none', (text) => {
    expect(instantOf(text, 'UTC', NOW)).toBeUndefined()
  })

  test('dates are those of the zone’s clocks, on either side of a change', () => {
    // New York went from -4 to -5 on the 4th of November 2012.
    expect(instantOf('2012/11/03-12:00:00', 'America/New_York', NOW)).toBe(Date.UTC(2012, 10, 3, 16))
    expect(instantOf('2012/11/05-12:00:00', 'America/New_York', NOW)).toBe(Date.UTC(2012, 10, 5, 17))
    expect(instantOf('2012/11/04-00:30:00', 'America/New_York', NOW)).toBe(Date.UTC(2012, 10, 4, 4, 30))
    expect(formatInstant(Date.UTC(2012, 10, 5, 17), 'America/New_York')).toBe('2012-11-05 12:00:00')
  })

  test('what a zoom writes means the same second again', () => {
    for (const zone of ['UTC', 'Asia/Kolkata', 'America/St_Johns']) {
      expect(instantOf(dateText(NOW, zone), zone, 0)).toBe(NOW)
    }
  })

  test('zones are known or not', () => {
    expect([isZone('Europe/Berlin'), isZone(''), isZone('Mars/Olympus')]).toEqual([true, true, false])
  })

  test('ranges are said in words', () => {
    expect(describeRange('1h-ago', '', 'UTC', NOW)).toBe('Last 1 h')
    expect(describeRange('1795319400', '1795320600', 'UTC', NOW)).toBe('2026-11-22 03:50:00 – 04:10:00')
  })

  test('ticks have the date where it changes', () => {
    const hour = 3_600_000
    const ticks = [23, 24, 25].map((hours) => Date.UTC(2026, 10, 21) + hours * hour)
    expect(tickLabels(ticks, hour, 'UTC')).toEqual(['23:00\n2026-11-21', '00:00\n2026-11-22', '01:00'])
    expect(tickLabels([NOW], 86_400_000, 'UTC')).toEqual(['2026-11-22'])
  })
})

describe('requests', () => {
  test('the interval is the shortest of which no more than the pixels fit', () => {
    expect(intervalFor(3_600_000, 1000)).toBe('5s')
    expect(intervalFor(86_400_000, 1000)).toBe('2m')
    expect(intervalFor(30 * 86_400_000, 1000)).toBe('1h')
    expect(intervalFor(300_000, 1000)).toBeUndefined()
    expect(intervalFor(3_600_000, 0)).toBe('1h')
  })

  test('a range that makes no sense is said', () => {
    expect(spanOf({ start: 'soon', end: '', tz: '' }, NOW)).toMatch(/“soon” is no time to start at/)
    expect(spanOf({ start: 'now', end: '1h-ago', tz: '' }, NOW)).toBe('The range ends before it starts')
    expect(spanOf({ start: '1h-ago', end: '', tz: '' }, NOW)).toEqual({ from: NOW - 3_600_000, to: NOW })
  })

  test('a graph asks for its queries that name a metric, with one point a pixel', () => {
    const query = {
      ...newQuery('m'),
      aggregator: 'sum',
      filters: [
        { tagk: 'host', type: 'wildcard', filter: '*', groupBy: true } as const,
        { tagk: 'half', type: 'literal_or', filter: '', groupBy: true } as const,
      ],
      rate: { counter: true, max: '65535', reset: '', dropResets: false },
    }
    const body = requestFor(newGraph([newQuery(), query]), { from: 0.4, to: 3_600_000 }, 1000, 'UTC')
    expect(body?.queries).toEqual([
      {
        aggregator: 'sum',
        metric: 'm',
        downsample: '5s-avg',
        filters: [{ tagk: 'host', type: 'wildcard', filter: '*', groupBy: true }],
        rate: true,
        rateOptions: { counter: true, counterMax: 65_535, dropResets: false },
      },
    ])
    expect(body).toMatchObject({ start: 0, end: 3_600_000, timezone: 'UTC', msResolution: true })
    expect(requestFor(newGraph(), { from: 0, to: 1 }, 100, 'UTC')).toBeUndefined()
  })

  test('all points come where they are asked for', () => {
    const raw = { ...newQuery('m'), downsample: { kind: 'raw' } as const }
    const body = requestFor(newGraph([raw]), { from: 0, to: 3_600_000 }, 100, 'UTC')
    expect(body?.queries[0]).not.toHaveProperty('downsample')
  })

  test('a quote in a filter does not end the command', () => {
    const filters = [{ tagk: 'a', type: 'regexp', filter: "it's", groupBy: false } as const]
    const body = requestFor(newGraph([{ ...newQuery('m'), filters }]), { from: 0, to: 1000 }, 100, 'UTC')
    expect(body && curlFor(body, 'http://x')).toContain("it'\\''s")
  })
})
