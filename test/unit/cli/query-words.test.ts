import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../cli/errors.ts'
import { parseQueryWords, type QueryBody } from '../../../cli/query-words.ts'

const cpu = { aggregator: 'avg', metric: 'sys.cpu.user', tags: { host: 'web01' } }

describe('parseQueryWords', () => {
  it.each<[string, string, QueryBody]>([
    [
      'the shortest query',
      '1h-ago sum m',
      { start: '1h-ago', queries: [{ aggregator: 'sum', metric: 'm', tags: {} }] },
    ],
    ['start=', 'start=1h-ago avg sys.cpu.user host=web01', { start: '1h-ago', queries: [cpu] }],
    ['an end', '2h-ago 1h-ago avg sys.cpu.user host=web01', { start: '2h-ago', end: '1h-ago', queries: [cpu] }],
    ['end=', 'start=2h-ago end=now avg sys.cpu.user host=web01', { start: '2h-ago', end: 'now', queries: [cpu] }],
    [
      'absolute times',
      '2026/11/22-05:00 1795323590 avg sys.cpu.user host=web01',
      { start: '2026/11/22-05:00', end: '1795323590', queries: [cpu] },
    ],
    [
      'a rate of a counter with its options, and a downsample in seconds',
      '1h-ago avg rate counter,1000,10 downsample 300 max sys.cpu.user host=web01',
      {
        start: '1h-ago',
        queries: [
          {
            ...cpu,
            rate: true,
            rateOptions: { counter: true, counterMax: 1000, resetValue: 10 },
            downsample: '300s-max',
          },
        ],
      },
    ],
    [
      'counter options left out',
      '1h-ago avg rate counter,,10 sys.cpu.user host=web01',
      { start: '1h-ago', queries: [{ ...cpu, rate: true, rateOptions: { counter: true, resetValue: 10 } }] },
    ],
    [
      'several sub-queries',
      '1h-ago avg sys.cpu.user host=web01 sum downsample 5m avg net host=* dev=a|b max z',
      {
        start: '1h-ago',
        queries: [
          cpu,
          { aggregator: 'sum', downsample: '5m-avg', metric: 'net', tags: { host: '*', dev: 'a|b' } },
          { aggregator: 'max', metric: 'z', tags: {} },
        ],
      },
    ],
  ])('reads %s', (_, words, wanted) => {
    expect(parseQueryWords(words.split(' '))).toEqual(wanted)
  })

  it('reads a query that is quoted as one word', () => {
    expect(parseQueryWords(['start=1h-ago avg  sys.cpu.user host=web01'])).toEqual({ start: '1h-ago', queries: [cpu] })
  })

  it('takes a tag called __proto__ like any other', () => {
    const { queries } = parseQueryWords(['1h-ago', 'sum', 'm', '__proto__=x'])
    expect(JSON.stringify(queries[0]?.tags)).toBe('{"__proto__":"x"}')
  })

  it.each([
    ['nothing', '', /a start time/],
    ['no aggregator', '1h-ago', /an aggregator/],
    ['no metric', '1h-ago sum', /a metric/],
    ['no metric after rate', '1h-ago sum rate', /a metric/],
    ['a downsample without its function', '1h-ago sum downsample 5m', /an aggregator after the interval/],
    ['a tag where the metric should be', '1h-ago sum host=web01', /host=web01 is where a metric should be/],
    ['a tag where the aggregator should be', '1h-ago host=web01', /host=web01 is where an aggregator should be/],
    ['a counter maximum that is no number', '1h-ago sum rate counter,x m', /counter,x/],
  ])('refuses %s by name', (_, words, wanted) => {
    expect(() => parseQueryWords([words])).toThrow(UsageError)
    expect(() => parseQueryWords([words])).toThrow(wanted)
  })
})
