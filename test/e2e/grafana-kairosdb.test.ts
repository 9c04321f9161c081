import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { UnreadableAnswerError } from '../helpers/grafana.ts'
import {
  askPanel,
  GENERATIONS,
  type KairosPanel,
  type KairosSource,
  type KairosTarget,
  metricNames,
  metricTags,
  saveAndTest,
} from '../helpers/grafana-kairosdb.ts'
import { startTestServer } from '../helpers/server.ts'

const START = 1_356_998_400_000
const RANGE = { from: START, to: START + 120_000 - 1 }
const STEP = 10_000

let server: LocalServer
let source: KairosSource

beforeAll(async () => {
  server = await startTestServer({ batchWindowMs: 20 })
  source = { url: server.url }
  const series = (name: string, host: string, valueAt: (i: number) => unknown) => ({
    name,
    tags: { host, dc: 'lga' },
    datapoints: Array.from({ length: 12 }, (_, i) => [START + i * STEP, valueAt(i)]),
  })
  await put([
    series('sys.load', 'web 01', (i) => i),
    series('sys.load', 'web:02', (i) => 100 + i),
    { name: 'sys.state', tags: { host: 'web 01' }, datapoints: [[START, 'up']], type: 'string' },
    {
      name: 'sys.gaps',
      tags: { host: 'web 01' },
      datapoints: [
        [START, 1],
        [START + 110_000, 2],
      ],
    },
  ])
}, 180_000)

afterAll(() => server?.close())

async function put(metrics: readonly object[]): Promise<void> {
  const response = await fetch(`${server.url}/api/v1/datapoints?sync`, {
    method: 'POST',
    body: JSON.stringify(metrics),
  })
  expect([response.status, await response.text()]).toEqual([204, ''])
}

const panel = (...targets: readonly KairosTarget['query'][]): KairosPanel => ({
  ...RANGE,
  interval: '1m',
  targets: targets.map((query) => ({ query })),
})

/** A range aggregator as its editor stores it. @param sampling number and unit, or `auto`: the panel's interval */
const over = (name: string, sampling: string, alignment = 'START_TIME') => {
  const [value = '1', unit = 'HOURS'] = sampling === 'auto' ? [] : sampling.split(' ')
  return {
    name,
    parameters: [
      { name: 'sampling', type: 'alignment', value: alignment } as const,
      { name: 'value', type: 'sampling', value } as const,
      { name: 'unit', type: 'sampling_unit', value: unit } as const,
    ],
    autoValueSwitch: { enabled: sampling === 'auto' },
  }
}

const plain = (name: string, parameters: Readonly<Record<string, string>> = {}) => ({
  name,
  parameters: Object.entries(parameters).map(([key, value]) => ({ name: key, type: 'any', value }) as const),
})

describe.each(GENERATIONS)('a panel of the data source %s', (generation) => {
  const ask = (...targets: readonly KairosTarget['query'][]) => askPanel(generation, source, panel(...targets))

  it('shows raw points, and those of several metrics and groups by tag', async () => {
    const shown = await ask(
      { metricName: 'sys.load', tags: { host: ['web 01'] } },
      { metricName: 'sys.load', alias: 'load', groupBy: { tags: ['host'] }, aggregators: [over('avg', 'auto')] },
      { metricName: 'sys.none' },
    )
    expect(shown).toEqual([
      { name: 'sys.load', points: Array.from({ length: 12 }, (_, i) => [START + i * STEP, i]) },
      {
        name: 'load (host=web 01)',
        points: [
          [START, 2.5],
          [START + 60_000, 8.5],
        ],
      },
      {
        name: 'load (host=web:02)',
        points: [
          [START, 102.5],
          [START + 60_000, 108.5],
        ],
      },
      { name: 'sys.none', points: [] },
    ])
  })

  it('shows what chains of aggregators make, whose numbers may come as texts', async () => {
    const chain = [
      over('max', '1 MINUTES', 'SAMPLING'),
      plain('scale', { factor: '2' }),
      plain('div', { divisor: '0.5' }),
      plain('diff'),
    ]
    expect(await ask({ metricName: 'sys.load', tags: { host: ['web 01'] }, aggregators: chain })).toEqual([
      { name: 'sys.load', points: [[START + 60_000, 24]] },
    ])
    const percentile = {
      name: 'percentile',
      parameters: [...over('', '2 MINUTES').parameters, { name: 'percentile', type: 'any', value: '0.5' } as const],
    }
    expect(await ask({ metricName: 'sys.load', tags: { host: ['web 01'] }, aggregators: [percentile] })).toMatchObject([
      { points: [[START, 5.5]] },
    ])
    const sampler = { name: 'sampler', parameters: [{ name: 'unit', type: 'enum', value: 'MINUTES' } as const] }
    const rates = await ask({ metricName: 'sys.load', tags: { host: ['web 01'] }, aggregators: [sampler] })
    expect(rates[0]?.points[0]).toEqual([START + STEP, 6])
  })

  it('shows what is wrong in the words of the answer', async () => {
    await expect(ask({ metricName: 'sys.load', aggregators: [plain('apdex')] })).rejects.toThrow(
      '400: query.metric[0].aggregators[0].apdex invalid aggregators name',
    )
  })

  it('shows gaps, which alerts take for 0', async () => {
    const [shown] = await ask({ metricName: 'sys.gaps', aggregators: [over('gaps', '30 SECONDS')] })
    const gaps = (value: number | null) => [
      [START + 30_000, value],
      [START + 60_000, value],
    ]
    const between = { core: gaps(null), plugin: gaps(null), alerts: gaps(0), arp: [] }[generation]
    expect(shown?.points).toEqual([[START, 1], ...between, [START + 110_000, 2]])
  })

  it('shows texts, but fails as an alert, as with KairosDB', async () => {
    const shown = ask({ metricName: 'sys.state' })
    if (generation === 'alerts') await expect(shown).rejects.toThrow(UnreadableAnswerError)
    else
      expect(await shown).toMatchObject([
        { name: 'sys.state', points: [[START, generation === 'arp' ? Number.NaN : 'up']] },
      ])
  })
})

describe.each(['core', 'plugin', 'arp'] as const)('a panel of the data source %s in a browser', (generation) => {
  it('shows groups by time and by value', async () => {
    const groupBy = { tags: ['host'], time: [{ interval: '1', unit: 'minutes', count: 2 }], value: ['100'] }
    const shown = await askPanel(generation, source, panel({ metricName: 'sys.load', groupBy }))
    expect(shown.map(({ name, points }) => [name, points.length])).toEqual([
      ['time_group=0 value_group=0 host=web 01', 6],
      ['time_group=1 value_group=0 host=web 01', 6],
      ['time_group=0 value_group=1 host=web:02', 6],
      ['time_group=1 value_group=1 host=web:02', 6],
    ])
  })
})

describe('the editors of the data sources', () => {
  it('save and test', async () => {
    expect(await saveAndTest('plugin', source)).toBe(200)
    expect(await saveAndTest('arp', source)).toBe(200)
  })

  it('suggest names of metrics', async () => {
    expect(await metricNames('core', source, 'sys.')).toEqual(['sys.gaps', 'sys.load', 'sys.state'])
    expect(await metricNames('plugin', source, 'load')).toEqual(['sys.load'])
    expect(await metricNames('arp', source, 'gap')).toEqual(['sys.gaps'])
    expect(await metricNames('arp', source, '^sys.s')).toEqual(['sys.state'])
  })

  it.each(['core', 'plugin', 'arp'] as const)('fill variables with the tags of a metric in %s', async (generation) => {
    const all = { dc: ['lga'], host: ['web 01', 'web:02'] }
    expect(await metricTags(generation, source, 'sys.load')).toEqual(all)
    if (generation === 'core') return
    const filtered = await metricTags(generation, source, 'sys.load', { host: ['web:02', 'web03'] })
    expect(filtered).toEqual({ dc: ['lga'], host: ['web:02'] })
    expect(await metricTags(generation, source, 'sys.none')).toEqual({})
  })
})
