import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { computeMetric, type NamedSeries } from '../../../lib/kairos/compute.ts'
import { mergePoints } from '../../../lib/kairos/merge-points.ts'
import { parseKairosQuery } from '../../../lib/kairos/request.ts'
import { serialiseAnswer } from '../../../lib/kairos/serialise.ts'
import { KIND_FLOAT, type PointColumns, PointColumnsBuilder } from '../../../lib/model/points.ts'

const START = 1_356_998_400_000
const NOW = START + 86_400_000
const FREE = { points: () => {}, time: () => {} }

type Value = number | bigint | string

function series(
  tags: Record<string, string>,
  points: readonly (readonly [seconds: number, value: Value])[],
): NamedSeries {
  const columns = new PointColumnsBuilder()
  for (const [seconds, value] of points) {
    const time = START + seconds * 1000
    if (typeof value === 'string') columns.pushText(time, value, 0)
    else if (typeof value === 'bigint') columns.pushInteger(time, value, 0)
    else columns.push(time, value, KIND_FLOAT)
  }
  return { tags: new Map(Object.entries(tags)), points: columns }
}

/** What a metric's query of an hour answers, times in seconds since its start. */
function ask(metric: object, all: readonly NamedSeries[], top: object = {}): unknown {
  const query = { start_absolute: START, end_absolute: START + 3_600_000, metrics: [{ name: 'm', ...metric }], ...top }
  const [parsed] = parseKairosQuery(JSON.stringify(query), NOW)
  const answer = computeMetric(parsed ?? expect.unreachable(), all, FREE)
  const text = [...serialiseAnswer([answer], 1e6)].join('')
  const { queries } = JSON.parse(text.replace(/\[(135[67]\d{9}),/g, (_, time) => `[${(Number(time) - START) / 1000},`))
  return queries[0]
}

const values = (answer: unknown): unknown =>
  (answer as { results: { values: unknown }[] }).results.map((result) => result.values)

const SUM = (minutes: number) => ({ name: 'sum', sampling: { value: minutes, unit: 'minutes' } })

describe('groups', () => {
  const all = [
    series({ host: 'a', dc: 'x' }, [
      [0, 1n],
      [60, 2n],
    ]),
    series({ host: 'b' }, [
      [0, 10n],
      [60, 'up'],
      [120, 0.5],
    ]),
    series({ host: 'c', dc: 'x' }, [[7200, 5n]]),
  ]

  test('numbers and texts are results of their own, each with the tags of the series that have points there', () => {
    expect(ask({}, all)).toEqual({
      sample_size: 5,
      results: [
        {
          name: 'm',
          group_by: [{ name: 'type', type: 'number' }],
          tags: { dc: ['x'], host: ['a', 'b'] },
          values: [
            [0, 1],
            [0, 10],
            [60, 2],
            [120, 0.5],
          ],
        },
        { name: 'm', group_by: [{ name: 'type', type: 'text' }], tags: { host: ['b'] }, values: [[60, 'up']] },
      ],
    })
  })

  test('a series without the tag that is grouped by is in the group of the empty value', () => {
    const by = { group_by: [{ name: 'tag', tags: ['dc'] }], aggregators: [SUM(60)] }
    expect(ask(by, all)).toMatchObject({
      results: [
        { group_by: [{ name: 'tag', tags: ['dc'], group: { dc: '' } }, { name: 'type' }], values: [[0, 10.5]] },
        { group_by: [{ name: 'tag', tags: ['dc'], group: { dc: 'x' } }, { name: 'type' }], values: [[0, 3]] },
        { group_by: [{ group: { dc: '' } }, { type: 'text' }], values: [[60, 'up']] },
      ],
    })
  })

  test('points are grouped by time, value and bin', () => {
    const one = [
      series({ h: 'a' }, [
        [0, -5n],
        [60, 7n],
        [120, 12.5],
        [180, 13n],
      ]),
    ]
    const minutes = { name: 'time', range_size: { value: 1, unit: 'minutes' }, group_count: 2 }
    expect(values(ask({ group_by: [minutes] }, one))).toEqual([
      [
        [0, -5],
        [120, 12.5],
      ],
      [
        [60, 7],
        [180, 13],
      ],
    ])
    expect(values(ask({ group_by: [{ name: 'value', range_size: 6 }] }, one))).toEqual([
      [[0, -5]],
      [[60, 7]],
      [
        [120, 12.5],
        [180, 13],
      ],
    ])
    expect(values(ask({ group_by: [{ name: 'bin', bins: [0, 13] }] }, one))).toEqual([
      [[0, -5]],
      [
        [60, 7],
        [120, 12.5],
      ],
      [[180, 13]],
    ])
  })

  test('without points there is one empty result, or none where points would be grouped', () => {
    expect(ask({}, [])).toEqual({ sample_size: 0, results: [{ name: 'm', tags: {}, values: [] }] })
    expect(ask({ group_by: [{ name: 'value', range_size: 6 }] }, [])).toEqual({ sample_size: 0, results: [] })
  })

  test('a limit is of each row, of integers and of doubles, and then of the group', () => {
    const one = [
      series({ h: 'a' }, [
        [0, 1n],
        [60, 2n],
        [120, 0.5],
        [180, 1.5],
      ]),
      series({ h: 'b' }, [[30, 3n]]),
    ]
    expect(ask({ limit: 1 }, one)).toMatchObject({ sample_size: 3, results: [{ values: [[0, 1]] }] })
    expect(ask({ limit: 1, order: 'desc' }, one)).toMatchObject({ sample_size: 3, results: [{ values: [[180, 1.5]] }] })
  })
})

describe('aggregators', () => {
  const one = [
    series({ h: 'a' }, [
      [10, 1n],
      [70, 4n],
      [80, 2.5],
      [400, 8n],
    ]),
  ]
  const of = (...aggregators: object[]) => values(ask({ aggregators }, one))
  const five = { sampling: { value: 5, unit: 'minutes' } }

  test.each([
    [
      'sum',
      {},
      [
        [10, 7.5],
        [400, 8],
      ],
    ],
    [
      'sum',
      { align_start_time: true },
      [
        [0, 7.5],
        [300, 8],
      ],
    ],
    [
      'sum',
      { align_end_time: true },
      [
        [300, 7.5],
        [600, 8],
      ],
    ],
    [
      'avg',
      {},
      [
        [10, 2.5],
        [400, 8],
      ],
    ],
    [
      'min',
      {},
      [
        [10, 1],
        [400, 8],
      ],
    ],
    [
      'max',
      {},
      [
        [10, 4],
        [400, 8],
      ],
    ],
    [
      'count',
      {},
      [
        [10, 3],
        [400, 1],
      ],
    ],
    [
      'first',
      {},
      [
        [10, 1],
        [400, 8],
      ],
    ],
    [
      'last',
      {},
      [
        [80, 2.5],
        [400, 8],
      ],
    ],
    [
      'last',
      { align_start_time: true },
      [
        [0, 2.5],
        [300, 8],
      ],
    ],
    [
      'dev',
      {},
      [
        [10, 1.5],
        [400, 0],
      ],
    ],
    [
      'dev',
      { return_type: 'pos_sd', dev_count: 2 },
      [
        [10, 5.5],
        [400, 8],
      ],
    ],
    [
      'percentile',
      { percentile: 0.5 },
      [
        [10, 2.5],
        [400, 8],
      ],
    ],
    [
      'percentile',
      { percentile: 1 },
      [
        [10, 4],
        [400, 8],
      ],
    ],
  ])('%s of five minutes %j', (name, more, expected) => {
    expect(of({ name, ...five, ...more })).toEqual([expected])
  })

  test.each([
    [
      { name: 'diff' },
      [
        [70, 3],
        [80, -1.5],
        [400, 5.5],
      ],
    ],
    [
      { name: 'rate', unit: 'minutes' },
      [
        [70, 3],
        [80, -9],
        [400, 1.03125],
      ],
    ],
    [
      { name: 'sampler', unit: 'seconds' },
      [
        [70, 0.06666666666666667],
        [80, 0.25],
        [400, 0.025],
      ],
    ],
    [
      { name: 'div', divisor: 2 },
      [
        [10, 0.5],
        [70, 2],
        [80, 1.25],
        [400, 4],
      ],
    ],
    [
      { name: 'scale', factor: '2' },
      [
        [10, 2],
        [70, 8],
        [80, 5],
        [400, 16],
      ],
    ],
    [
      { name: 'sma', size: 2 },
      [
        [70, 2.5],
        [80, 3.25],
        [400, 5.25],
      ],
    ],
    [
      { name: 'trim', trim: 'BOTH' },
      [
        [70, 4],
        [80, 2.5],
      ],
    ],
    [
      { name: 'filter', filter_op: 'gt', threshold: 2.5 },
      [
        [10, 1],
        [80, 2.5],
      ],
    ],
    [
      { name: 'score', thresholds: [{ value: 4, boundary: 'inferior' }, { value: 2 }] },
      [
        [10, 0],
        [70, 2],
        [80, 1],
        [400, 2],
      ],
    ],
    [
      { name: 'gaps', sampling: { value: 20, unit: 'minutes' } },
      [
        [10, 1],
        [70, 4],
        [80, 2.5],
        [400, 8],
        [1200, null],
        [2400, null],
        [3600, null],
      ],
    ],
  ])('%j', (aggregator, expected) => {
    expect(of(aggregator)).toEqual([expected])
  })

  test('they are chained, and pass over texts that they can not take', () => {
    expect(of({ name: 'sum', ...five }, { name: 'diff' })).toEqual([[[400, 0.5]]])
    const texts = [
      series({ h: 'a' }, [
        [0, 'up'],
        [60, 'down'],
      ]),
    ]
    const answer = (aggregators: object[]) => values(ask({ aggregators }, texts))
    expect(answer([SUM(5)])).toEqual([
      [
        [0, 'up'],
        [60, 'down'],
      ],
    ])
    expect(
      answer([
        { name: 'count', ...five },
        { name: 'scale', factor: 2 },
      ]),
    ).toEqual([[[0, 4]]])
  })

  test('newest first, ranges are taken from the newest point on', () => {
    const answer = ask({ order: 'desc', aggregators: [{ name: 'sum', sampling: { value: 1, unit: 'minutes' } }] }, one)
    expect(values(answer)).toEqual([[[400, 15.5]]])
  })

  test('integers of 64 bits that no aggregator touches stay exact', () => {
    const big = [
      series({ h: 'a' }, [
        [0, 9_007_199_254_740_993n],
        [60, 9_223_372_036_854_775_807n],
      ]),
    ]
    const [query] = parseKairosQuery(JSON.stringify({ start_absolute: START, metrics: [{ name: 'm' }] }), NOW)
    const text = [...serialiseAnswer([computeMetric(query ?? expect.unreachable(), big, FREE)], 1e6)].join('')
    expect(text).toContain(`[[${START},9007199254740993],[${START + 60_000},9223372036854775807]]`)
  })

  test.each([
    [{ name: 'rate' }, 'same time stamp'],
    [{ name: 'scale', factor: 1e308 }, 'NaN or Infinity'],
    [{ name: 'percentile', percentile: 2, ...five }, 'from 0 to 1'],
    [{ name: 'sum', sampling: { unit: 'hours' } }, 'sampling.value must be greater than 0'],
    [{ name: 'filter' }, 'filter_op may not be null'],
    [{ name: 'save_as' }, 'metric_name may not be null'],
  ])('%j of points that it can do nothing with is a bad request: %s', (aggregator, why) => {
    const two = [series({ h: 'a' }, [[0, 100n]]), series({ h: 'b' }, [[0, 200n]])]
    expect(() => ask({ aggregators: [aggregator] }, two)).toThrow(why)
    expect(() => ask({ aggregators: [aggregator] }, [])).not.toThrow()
  })

  test('nothing that has no value can be added up', () => {
    expect(() => of({ name: 'gaps', ...five }, SUM(5))).toThrow("can't be chained after gaps")
  })
})

test('saved points have the tags that the query gives, where they come from and the tags they are grouped by', () => {
  const aggregators = [SUM(60), { name: 'save_as', metric_name: 'm.sum', tags: { by: 'me' }, ttl: 60 }]
  const query = {
    start_absolute: START,
    metrics: [{ name: 'm', group_by: [{ name: 'tag', tags: ['host'] }], aggregators }],
  }
  const [parsed] = parseKairosQuery(JSON.stringify(query), NOW)
  const all = [series({ host: 'a', dc: 'x' }, [[0, 1n]]), series({ host: 'b', dc: 'x' }, [[0, 2n]])]
  const { saved } = computeMetric(parsed ?? expect.unreachable(), all, FREE)
  expect(saved.map(({ metric, tags, ttl }) => ({ metric, tags, ttl }))).toEqual([
    { metric: 'm.sum', tags: { by: 'me', saved_from: 'm', host: 'a' }, ttl: 60 },
    { metric: 'm.sum', tags: { by: 'me', saved_from: 'm', host: 'b' }, ttl: 60 },
  ])
})

describe('queries that break rules', () => {
  const errorsOf = (text: string): readonly string[] => {
    try {
      parseKairosQuery(text, NOW)
    } catch (error) {
      return (error as { errors: readonly string[] }).errors
    }
    return []
  }
  const metric = (fields: object) => JSON.stringify({ start_absolute: START, metrics: [{ name: 'm', ...fields }] })

  test.each([
    ['{}', 'query.metric[] must have a size of at least 1'],
    ['{"metrics":[{"name":"m"}]}', 'query.metric[0].start_time relative or absolute time must be set'],
    ['{"start_relative":{"value":-1,"unit":"hours"}}', 'start_relative.value must be greater than or equal to 0'],
    [
      '{"start_relative":{"value":1,"unit":"eons"}}',
      /^query\.eons is not a valid time unit, must be one of MILLISECONDS,/,
    ],
    [
      '{"start_absolute":5,"end_absolute":4,"metrics":[{"name":"m"}]}',
      'query.metric[0].end_time must be greater than the start time',
    ],
    ['{"time_zone":"Mars/Base"}', /^query\.Mars\/Base is not a valid time zone, must be one of \[/],
    ['{"cache_time":-1}', 'cache_time must be greater than or equal to 0'],
    [metric({ name: '' }), 'query.metric[0].name may not be empty'],
    [metric({ tags: { host: [''] } }), 'query.metric[0].tags[0].host value must not be null or empty'],
    [metric({ order: 'up' }), "query.metric[0].order must be either 'asc' or 'desc'"],
    [metric({ aggregators: [{}] }), 'query.metric[0].aggregators[0] must have a name'],
    [metric({ aggregators: [{ name: 'x' }] }), 'query.metric[0].aggregators[0].x invalid aggregators name'],
    [
      metric({ aggregators: [{ name: 'sum' }, { name: 'sum', factor: 1 }] }),
      /^Property 'factor' was specified for object 'sum'/,
    ],
    [metric({ aggregators: [{ name: 'div' }] }), 'query.metric[0].aggregators[0].m_divisor may not be zero'],
    [metric({ group_by: [{ name: 'type' }] }), 'query.metric[0].group_by[0].type invalid group_by name'],
    [
      metric({ group_by: [{ name: 'value' }] }),
      'query.metric[0].group_by[0].rangeSize must be greater than or equal to 1',
    ],
    [metric({ plugins: [{ name: 'x' }] }), 'query.metric[0].plugins[0].x invalid query plugin name'],
  ])('%s is told so as KairosDB does', (text, expected) => {
    expect(errorsOf(text)).toEqual([typeof expected === 'string' ? expected : expect.stringMatching(expected)])
  })

  test('a grouping that breaks two rules is told both', () => {
    expect(errorsOf(metric({ group_by: [{ name: 'time' }] }))).toHaveLength(2)
  })
})

test('merging keeps every point, by time, those of one time in the order of their series', () => {
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 20 })
  fc.assert(
    fc.property(fc.array(times, { maxLength: 6 }), fc.boolean(), (all, isDescending) => {
      const columns = all.map(
        (list, which) =>
          series(
            { h: `${which}` },
            [...list].sort((a, b) => a - b).map((time) => [time, which] as const),
          ).points,
      )
      const merged: PointColumns = mergePoints(columns, isDescending)
      const got = Array.from({ length: merged.count }, (_, i) => [(merged.times[i]! - START) / 1000, merged.values[i]!])
      const sign = isDescending ? -1 : 1
      const want = all.flatMap((list, which) => list.map((time) => [time, which] as const))
      want.sort((a, b) => sign * (a[0] - b[0]) || a[1] - b[1])
      expect(got).toEqual(want)
    }),
  )
})
