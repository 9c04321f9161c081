import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TsdbError } from '../../../lib/model/errors.ts'
import { parseQueryBody, parseQueryParameters } from '../../../lib/query/request.ts'

const NOW = 1_400_000_000_000

const body = (fields: object): string => JSON.stringify({ start: 1356998400, ...fields })
const query = { metric: 'sys.cpu.user', aggregator: 'sum' }

test('a body and the parameters that say the same are read as the same query', () => {
  const parameters = new URLSearchParams([
    ['start', '1356998400'],
    ['end', '1357002000'],
    ['m', 'sum:1m-avg:rate{counter,100,5}:sys.cpu.user{host=*}'],
    ['m', 'max:sys.cpu.nice'],
    ['ms', ''],
    ['show_tsuids', 'true'],
  ])
  const rateOptions = { counter: true, counterMax: 100, resetValue: 5 }
  const filters = [{ type: 'wildcard', tagk: 'host', filter: '*', groupBy: true }]
  const queries = [
    { ...query, downsample: '1m-avg', rate: true, rateOptions, filters },
    { metric: 'sys.cpu.nice', aggregator: 'max' },
  ]
  const text = body({ end: '1357002000', queries, msResolution: true, showTSUIDs: true })
  expect(parseQueryBody(text, NOW)).toEqual(parseQueryParameters(parameters, NOW))
})

test('without an end a query ends now, and unknown fields are passed over', () => {
  const parsed = parseQueryBody(body({ end: null, queries: [{ ...query, bogus: 1 }], padding: true }), NOW)
  expect(parsed).toMatchObject({ start: 1_356_998_400_000, end: NOW, msResolution: false })
})

test('all flags are read, in a body as in parameters', () => {
  const flags = ['showSummary', 'showStats', 'noAnnotations', 'globalAnnotations', 'skipUnresolved'] as const
  const snake = (flag: string) => flag.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)
  for (const flag of flags) {
    const posted = parseQueryBody(body({ end: 1357002000, queries: [query], [flag]: true }), NOW)
    const text = `start=1356998400&end=1357002000&m=sum:sys.cpu.user&${snake(flag)}`
    expect(posted).toEqual(parseQueryParameters(new URLSearchParams(text), NOW))
    expect(flags.filter((one) => posted[one])).toEqual([flag])
  }
})

test('what OpenTSDB 2.4 knows and what makes no difference here is taken', () => {
  const more = {
    rollupUsage: 'ROLLUP_NOFALLBACK',
    useFuzzyFilter: false,
    useMultiGets: true,
    preAggregate: false,
    index: 7,
  }
  const posted = parseQueryBody(
    body({ end: 1357002000, queries: [{ ...query, ...more }], padding: true, options: {} }),
    NOW,
  )
  expect(posted).toEqual(parseQueryBody(body({ end: 1357002000, queries: [query] }), NOW))
})

test('the time zone and useCalendar hold for every interval', () => {
  const posted = parseQueryBody(
    body({
      end: 1357002000,
      timezone: 'Europe/Moscow',
      useCalendar: true,
      queries: [
        { ...query, downsample: '1d-sum' },
        { ...query, downsample: '0all-sum' },
      ],
    }),
    NOW,
  )
  expect(posted.queries.map(({ downsample }) => downsample?.calendar?.timezone)).toEqual(['Europe/Moscow', undefined])
  for (const name of ['tz', 'timezone']) {
    const text = `start=1356998400&end=1357002000&m=sum:1d-sum:sys.cpu.user&m=sum:0all-sum:sys.cpu.user&${name}=Europe/Moscow&use_calendar`
    expect(parseQueryParameters(new URLSearchParams(text), NOW)).toEqual(posted)
  }
})

test('TSUIDs stand for the metric and its filters', () => {
  const sub = { ...query, tsuids: ['00000a'], filters: [{ type: 'regexp', tagk: 'host', filter: '[' }] }
  const posted = parseQueryBody(body({ end: 1357002000, queries: [sub] }), NOW)
  expect(posted.queries).toMatchObject([{ metric: undefined, tsuids: ['00000A'], filters: [] }])
  const text = 'start=1356998400&end=1357002000&tsuid=sum:00000a'
  expect(parseQueryParameters(new URLSearchParams(text), NOW)).toEqual(posted)
})

test('filters replace tags, unless there are none', () => {
  const tags = { host: 'web01' }
  const filters = [{ type: 'literal_or', tagk: 'dc', filter: 'lga' }]
  const tagks = (fields: object) =>
    parseQueryBody(body({ queries: [{ ...query, ...fields }] }), NOW).queries[0]?.filters.map(({ tagk }) => tagk)
  expect(tagks({ tags, filters })).toEqual(['dc'])
  expect(tagks({ tags, filters: [] })).toEqual(['host'])
})

test('the greatest counter of 64 bits survives a body, whose numbers are doubles', () => {
  const text = `{"start":"1h-ago","queries":[{"metric":"m","aggregator":"sum","rate":true,"rateOptions":{"counter":true,"counterMax":9223372036854775807}}]}`
  expect(parseQueryBody(text, NOW).queries[0]?.rate?.counterMax).toBe(9223372036854775807n)
})

test.each([
  ['', 'Missing message content'],
  ['{"start":', 'Unable to parse'],
  ['[]', 'Unable to parse'],
  ['{"queries":[]}', 'Missing start time'],
  [body({ queries: [] }), 'Missing queries'],
  [body({ queries: [{ metric: 'm' }] }), 'Missing the aggregation function'],
  [body({ queries: [{ aggregator: 'sum' }] }), 'Missing the metric'],
  [body({ queries: [{ metric: 'm', aggregator: 'nosuch' }] }), 'No such aggregation function: nosuch'],
  [body({ end: 1356998400, queries: [query] }), 'must be greater than the start time'],
  [body({ queries: [{ ...query, tsuids: ['00000'] }] }), "Invalid TSUID: '00000'"],
  [body({ queries: [{ ...query, tsuids: ['zz'] }] }), "Invalid TSUID: 'zz'"],
  [body({ queries: [{ ...query, tsuids: [1] }] }), 'Unable to parse'],
  [body({ queries: [{ ...query, percentiles: [101] }] }), 'Invalid percentile value: 101'],
  [body({ queries: [{ ...query, percentiles: ['99'] }] }), 'Invalid percentile value: "99"'],
  [body({ queries: [{ ...query, preAggregate: true }] }), 'preAggregate'],
  [body({ queries: [{ ...query, showHistogramBuckets: true }] }), 'showHistogramBuckets'],
  [body({ queries: [{ ...query, downsample: '1d-sum' }], timezone: 'Nowhere/Bogus' }), 'Nowhere/Bogus'],
  [body({ queries: [query], delete: true }), 'delete'],
])('the body %s is refused: %s', (text, message) => {
  expect(() => parseQueryBody(text, NOW)).toThrow(message)
})

test('any JSON at all is read or refused as a bad request', () => {
  const scalar = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null))
  const anything = fc.oneof(scalar, fc.object(), fc.array(fc.object()))
  const sub = fc.record(
    {
      metric: anything,
      aggregator: anything,
      tags: anything,
      filters: anything,
      rate: anything,
      rateOptions: anything,
      downsample: anything,
    },
    { requiredKeys: [] },
  )
  const request = fc.record(
    {
      start: fc.oneof(fc.constant('1h-ago'), anything),
      end: anything,
      queries: fc.oneof(anything, fc.array(sub)),
      timezone: anything,
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(request, (value) => {
      try {
        parseQueryBody(JSON.stringify(value), NOW)
      } catch (error) {
        expect(error).toBeInstanceOf(TsdbError)
        expect(error).toMatchObject({ statusCode: 400 })
      }
    }),
    { numRuns: 200 },
  )
})
