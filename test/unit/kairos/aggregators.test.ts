import { describe, expect, test } from 'vitest'
import { computeMetric } from '../../../lib/kairos/compute.ts'
import { parseKairosQuery } from '../../../lib/kairos/request.ts'
import { serialiseAnswer } from '../../../lib/kairos/serialise.ts'
import { ask, FREE, NOW, START, SUM, series, values } from './ask.ts'

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
