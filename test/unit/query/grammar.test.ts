import { expect, test } from 'vitest'
import { parseDownsample } from '../../../lib/query/downsample-spec.ts'
import { BadQueryError } from '../../../lib/query/errors.ts'
import { parseMetricExpression, parseTsuidExpression } from '../../../lib/query/grammar.ts'
import { DEFAULT_COUNTER_MAX, PLAIN_RATE } from '../../../lib/query/rate.ts'

const plain = {
  aggregator: 'sum',
  metric: 'sys.cpu.user',
  tsuids: undefined,
  downsample: undefined,
  rate: undefined,
  filters: [],
  explicitTags: false,
  percentiles: undefined,
}

test('m= is at least an aggregator and a metric', () => {
  expect(parseMetricExpression('sum:sys.cpu.user')).toEqual(plain)
  expect(parseMetricExpression('sum:sys.cpu.user{}')).toEqual(plain)
  expect(parseMetricExpression('sum:sys.cpu.user{}{}')).toEqual(plain)
})

test('the first braces group, the second only filter', () => {
  expect(parseMetricExpression('sum:sys.cpu.user{host=*,dc=lga|dal}{cpu=wildcard(1*)}').filters).toEqual([
    { tagk: 'host', type: 'wildcard', filter: '*', groupBy: true },
    { tagk: 'dc', type: 'literal_or', filter: 'lga|dal', groupBy: true },
    { tagk: 'cpu', type: 'wildcard', filter: '1*', groupBy: false },
  ])
})

test('the parts between aggregator and metric come in any order', () => {
  const rate = { counter: true, counterMax: 65535n, resetValue: 15, dropResets: false }
  const want = { ...plain, downsample: '5m-avg-nan', rate, explicitTags: true }
  expect(parseMetricExpression('sum:5m-avg-nan:rate{counter,65535,15}:explicit_tags:sys.cpu.user')).toEqual(want)
  expect(parseMetricExpression('sum:explicit_tags:rate{counter,65535,15}:5m-avg-nan:sys.cpu.user')).toEqual(want)
})

test.each([
  ['rate', PLAIN_RATE],
  ['rate{bogus}', PLAIN_RATE],
  ['rate{counter}', { ...PLAIN_RATE, counter: true }],
  ['rate{counter,,100}', { counter: true, counterMax: DEFAULT_COUNTER_MAX, resetValue: 100, dropResets: false }],
  ['rate{counter,-1,-1}', { counter: true, counterMax: -1n, resetValue: -1, dropResets: false }],
  ['rate{dropcounter}', { ...PLAIN_RATE, counter: true, dropResets: true }],
])('%s is read', (part, rate) => {
  expect(parseMetricExpression(`sum:${part}:sys.cpu.user`).rate).toEqual(rate)
})

test.each([
  ['sys.cpu.user', 'not enough'],
  ['a:b:c:d:e:f', 'too many'],
  ['sum:m{host', "Missing '}'"],
  ['sum:m{host=}', 'host='],
  ['sum:m{=x}', '=x'],
  ['sum:m{a=b}{c=d}{e=f}', 'two pairs'],
  ['sum:rate{counter,,,}:m', '4 parts'],
  ['sum:rate{counter,x}:m', "'x'"],
  ['sum:rate{counter,1,9223372036854775808}:m', "'9223372036854775808'"],
  ['sum::m', 'an empty part'],
  ['sum:m{host=not_key()}', 'not_key'],
])('%s is refused, naming %s', (text, named) => {
  expect(() => parseMetricExpression(text)).toThrow(BadQueryError)
  expect(() => parseMetricExpression(text)).toThrow(named)
})

test('tsuid= has the same parts in the middle, and TSUIDs at the end', () => {
  expect(parseTsuidExpression('max:rate:1m-avg:0001,0002')).toEqual({
    ...plain,
    aggregator: 'max',
    metric: undefined,
    tsuids: ['0001', '0002'],
    rate: PLAIN_RATE,
    downsample: '1m-avg',
  })
  expect(() => parseTsuidExpression('sum')).toThrow('Invalid parameter tsuid=sum (not enough :-separated parts)')
})

test('percentiles are numbers from 0 to 100', () => {
  expect(parseMetricExpression('sum:percentiles[0, 99.9,100]:sys.cpu.user')).toEqual({
    ...plain,
    percentiles: [0, 99.9, 100],
  })
})

test.each([
  'percentiles',
  'percentiles[',
  'percentiles[]',
  'percentiles[a]',
  'percentiles[100.1]',
  'percentiles[-1]',
])('%s is refused', (part) => {
  expect(() => parseMetricExpression(`sum:${part}:m`)).toThrow(BadQueryError)
})

test('parts that OpenTSDB knows for tables that are not here are passed over, or refused where the answer would be another', () => {
  expect(parseMetricExpression('sum:rollup_raw:sys.cpu.user')).toEqual(plain)
  expect(() => parseMetricExpression('sum:pre-agg:m')).toThrow('pre-agg')
  expect(() => parseMetricExpression('sum:show-histogram-buckets:m')).toThrow('show-histogram-buckets')
})

test('a regular expression may have what else ends a part', () => {
  const { filters } = parseMetricExpression('sum:m{host=regexp(^(?:a|b\\))\\d{2}$),dc=*}')
  expect(filters.map(({ filter }) => filter)).toEqual(['^(?:a|b\\))\\d{2}$', '*'])
})

test('a downsample is an interval, an aggregator and a fill policy', () => {
  expect(parseDownsample('5m-avg')).toMatchObject({ intervalMs: 300_000, aggregator: { name: 'avg' }, fill: 'none' })
  expect(parseDownsample('1h-max-NaN')).toMatchObject({
    intervalMs: 3_600_000,
    aggregator: { name: 'max' },
    fill: 'nan',
  })
  expect(parseDownsample('0all-sum')).toMatchObject({ intervalMs: undefined, aggregator: { name: 'sum' } })
  const daily = parseDownsample('2dc-sum-zero', { timezone: 'Asia/Kolkata', useCalendar: false })
  expect(daily).toMatchObject({ intervalMs: 172_800_000, calendar: { count: 2, unit: 'd', timezone: 'Asia/Kolkata' } })
  expect(parseDownsample('500MS-sum', { timezone: 'UTC', useCalendar: true }).calendar).toMatchObject({ unit: 'ms' })
  expect(parseDownsample('1d-sum').calendar).toBeUndefined()
  expect(parseDownsample('1m-avg-')).toMatchObject({ intervalMs: 60_000, fill: 'none' })
})

test.each([
  '',
  '5m',
  'avg',
  '-1m-avg',
  '0m-avg',
  '1m-nosuch',
  '1m-none',
  '1m-avg-bogus',
  '1m-avg-scalar',
  '1m-avg-zero-x',
  'c-sum',
  '1c-sum',
  '0dc-sum',
  '2000yc-sum',
])('the downsample "%s" is refused', (text) => {
  expect(() => parseDownsample(text)).toThrow(BadQueryError)
})

test('an interval in m= begins with a digit: all-sum is passed over, 0all-sum is not', () => {
  expect(parseMetricExpression('sum:0all-sum:m').downsample).toBe('0all-sum')
  expect(parseMetricExpression('sum:all-sum:m').downsample).toBeUndefined()
})
