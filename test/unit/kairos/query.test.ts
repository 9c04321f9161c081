import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { computeMetric } from '../../../lib/kairos/compute.ts'
import { mergePoints } from '../../../lib/kairos/merge-points.ts'
import { parseKairosQuery } from '../../../lib/kairos/request.ts'
import type { PointColumns } from '../../../lib/model/points.ts'
import { ask, FREE, NOW, START, SUM, series, values } from './ask.ts'

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
