import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  FILLS,
  FILTER_TYPES,
  type Filter,
  type GraphPage,
  newGraph,
  newPage,
  newQuery,
  type Query,
  UNITS,
} from '../../../web/src/model/page.ts'
import { formatQuery, parseQuery } from '../../../web/src/model/query-text.ts'
import { readLink, writeLink } from '../../../web/src/model/url.ts'

describe('links of OpenTSDB’s GUI', () => {
  test('a link with a range, a rate and a tag opens that graph', () => {
    const { page, problems } = readLink(
      '#start=1h-ago&m=sum:rate:sys.cpu.user{host=*}&o=&yrange=%5B0:%5D&wxh=1900x770&style=linespoint',
    )
    expect(problems).toEqual([])
    expect(page).toMatchObject({ start: '1h-ago', end: '', refresh: 0 })
    const [graph] = page.graphs
    expect(graph?.queries).toEqual([
      {
        ...newQuery('sys.cpu.user'),
        aggregator: 'sum',
        rate: { counter: false, max: '', reset: '', dropResets: false },
        filters: [{ tagk: 'host', type: 'wildcard', filter: '*', groupBy: true }],
      },
    ])
    expect(graph?.left).toMatchObject({ min: 0, max: undefined, log: false })
  })

  test('dates, a downsample, two axes, a logarithm and reloading are kept', () => {
    const link =
      '#start=2012/12/31-12:00:00&end=2013/01/01-00:00:00&m=avg:10m-max-nan:a.b&o=&m=sum:rate{counter,65535,100}:c.d{x=1%7C2}{y=regexp(%5Eq)}&o=axis%20x1y2&ylog&y2range=[1:9.5]&autoreload=15'
    const { page, problems } = readLink(link)
    expect(problems).toEqual([])
    expect(page).toMatchObject({ start: '2012/12/31-12:00:00', end: '2013/01/01-00:00:00', refresh: 15 })
    expect(page.graphs[0]?.left.log).toBe(true)
    expect(page.graphs[0]?.right).toMatchObject({ min: 1, max: 9.5 })
    expect(page.graphs[0]?.queries).toMatchObject([
      {
        aggregator: 'avg',
        metric: 'a.b',
        axis: 'left',
        downsample: { kind: 'every', interval: '10m', fn: 'max', fill: 'nan' },
      },
      {
        aggregator: 'sum',
        metric: 'c.d',
        axis: 'right',
        rate: { counter: true, max: '65535', reset: '100', dropResets: false },
        filters: [
          { tagk: 'x', type: 'literal_or', filter: '1|2', groupBy: true },
          { tagk: 'y', type: 'regexp', filter: '^q', groupBy: false },
        ],
      },
    ])
  })

  test('what can’t be read is said, and the rest is shown', () => {
    const { page, problems } = readLink(
      '#start=2h-ago&m=sum&m=max:ok&m=sum:5q-avg:x&yrange=0-9&m=sum:x{host}&autoreload=soon',
    )
    expect(page.start).toBe('2h-ago')
    expect(page.graphs[0]?.queries.map(({ metric }) => metric)).toEqual(['ok'])
    expect(problems).toEqual([
      '“sum” is not AGGREGATOR:…:METRIC',
      '“5q-avg” is neither an interval such as 5m-avg nor rate',
      '“0-9” is not a range such as [0:100]',
      '“host” is not TAG=VALUE',
      'autoreload “soon” is no number of seconds',
    ])
  })

  test('no link, and one with broken percent encoding, are pages too', () => {
    expect(readLink('').page).toEqual(newPage())
    expect(readLink('#start=%zz&m=sum:x%').page.start).toBe('%zz')
  })

  test('braces that do not match are refused', () => {
    for (const text of ['sum:x{a=b', 'sum:x{a=b}}', 'sum:x{a=b}{c=d}{e=f}', 'sum:x{a=b}c']) {
      expect(() => parseQuery(text), text).toThrow(/braces/)
    }
  })

  test('a regular expression may hold braces, commas and colons', () => {
    const text = 'sum:x{a=regexp(^w{2,3}:(b|c)$)}'
    expect(parseQuery(text).filters).toEqual([{ tagk: 'a', type: 'regexp', filter: '^w{2,3}:(b|c)$', groupBy: true }])
    expect(formatQuery(parseQuery(text))).toBe(text)
  })
})

const name = fc.stringMatching(/^[a-zA-Z0-9._/äß-]{1,12}$/)
const filter = fc
  .record({ tagk: name, type: fc.constantFrom(...FILTER_TYPES), filter: name, groupBy: fc.boolean() })
  .map((each): Filter => (each.type === 'wildcard' ? { ...each, filter: `${each.filter}*` } : each))
const digits = fc.stringMatching(/^([1-9][0-9]{0,5})?$/)
const fill = fc.constantFrom(...FILLS)
const query = fc.record<Query>({
  aggregator: fc.constantFrom('sum', 'avg', 'p99'),
  metric: name,
  filters: fc
    .array(filter, { maxLength: 3 })
    // The text form has those that group first.
    .map((filters) => [...filters.filter((each) => each.groupBy), ...filters.filter((each) => !each.groupBy)]),
  downsample: fc.oneof(
    fc.record({ kind: fc.constant('auto' as const), fn: fc.constantFrom('avg', 'max'), fill }),
    fc.record({
      kind: fc.constant('every' as const),
      interval: fc.constantFrom('5m', '1dc', '0all'),
      fn: fc.constant('sum'),
      fill,
    }),
    fc.constant({ kind: 'raw' as const }),
  ),
  rate: fc.option(
    fc.oneof(
      fc.constant({ counter: false, max: '', reset: '', dropResets: false }),
      fc.record({ counter: fc.constant(true), max: digits, reset: digits, dropResets: fc.boolean() }),
    ),
    { nil: undefined },
  ),
  explicitTags: fc.boolean(),
  axis: fc.constantFrom('left', 'right'),
})
const end = fc.option(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map((value) => value + 0),
  { nil: undefined },
)
const axis = fc.record({ unit: fc.constantFrom(...UNITS), log: fc.boolean(), min: end, max: end })
const page = fc.record<GraphPage>({
  start: fc.constantFrom('1h-ago', '2026/11/22-05:00:00', '1795319400'),
  end: fc.constantFrom('', '1795319400000'),
  tz: fc.constantFrom('', 'Europe/Berlin'),
  refresh: fc.nat(300),
  graphs: fc.array(
    fc
      .record({
        title: fc.string({ maxLength: 20 }),
        compare: fc.constantFrom('', '1d', '7d'),
        queries: fc.array(query, { minLength: 1, maxLength: 3 }),
        left: axis,
        right: axis,
      })
      .map((graph) => ({ ...newGraph(), ...graph })),
    { minLength: 1, maxLength: 3 },
  ),
})

test('every page comes back from its link', () => {
  fc.assert(
    fc.property(page, (given) => {
      expect(readLink(`#${writeLink(given)}`)).toEqual({ page: given, problems: [] })
    }),
    { numRuns: 300 },
  )
})
