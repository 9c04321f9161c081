import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { send, UnreadableAnswerError } from '../helpers/grafana.ts'
import {
  aggregators,
  askAnnotations,
  askPanel,
  filterTypes,
  type Generation,
  type OpenTsdbPanel,
  type OpenTsdbSource,
  type OpenTsdbTarget,
  panelRequests,
  saveAndTest,
  suggest,
  tagNames,
  tagValues,
} from '../helpers/grafana-opentsdb.ts'
import { startTestServer } from '../helpers/server.ts'

const START_S = 1_356_998_400
const START = START_S * 1000
const STEP = 10_000
const RANGE = { from: START, to: START + 120_000 - 1 }

const GENERATIONS = ['F', 'B1', 'B2'] as const
const EDITORS = ['F', 'B2'] as const
const VERSIONS = [1, 2, 3, 4] as const
const RESOLUTIONS = [1, 2] as const

let server: LocalServer

beforeAll(async () => {
  server = await startTestServer({ batchWindowMs: 20 })
  await put([
    ...each(48, (i) => point('sys.many', i, 1000 * i + 0.25, { host: 'web01' })),
    ...each(12, (i) => point('sys.load', i, i, { host: 'web01', dc: 'lga' })),
    ...each(12, (i) => point('sys.load', i, 100 + i, { host: 'web02', dc: 'sjc' })),
    ...each(12, (i) => point('sys.mem', i, i / 4, { host: 'web01' })),
    ...each(12, (i) => point('sys.mem', i, i, { host: 'web02' })),
    ...each(12, (i) => point('sys.mem', i, 7, { host: 'web03' })),
    ...[1000, 2000, 50, 1050].map((value, i) => point('net.bytes', i, value, { host: 'web01' })),
    { metric: 'sys.fine', timestamp: START + 500, value: 1.5, tags: { host: 'web01' } },
    // between its first and its last point are three minutes without any
    point('sys.gaps', 0, 1, { host: 'web01' }),
    point('sys.gaps', 24, 2, { host: 'web01' }),
  ])
}, 180_000)

afterAll(() => server?.close())

function each<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

function point(metric: string, step: number, value: number, tags: object): object {
  return { metric, timestamp: START_S + (step * STEP) / 1000, value, tags }
}

async function put(points: readonly object[], path = '/api/put?sync'): Promise<void> {
  const response = await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(points) })
  expect([response.status, await response.text()]).toEqual([204, ''])
}

const source = (of: Partial<OpenTsdbSource> = {}): OpenTsdbSource => ({
  url: server.url,
  version: 3,
  resolution: 1,
  ...of,
})

const panel = (targets: readonly OpenTsdbTarget[], of: Partial<OpenTsdbPanel> = {}): OpenTsdbPanel => ({
  ...RANGE,
  interval: '10s',
  targets,
  ...of,
})

const wildcard = { type: 'wildcard', tagk: 'host', filter: '*', groupBy: true }

describe.each(GENERATIONS)('a panel of generation %s', (generation) => {
  const combinations = VERSIONS.flatMap((version) => RESOLUTIONS.map((resolution) => ({ version, resolution })))

  it.each(
    combinations,
  )('of version $version at resolution $resolution shows all that it asks for', async (settings) => {
    const shown = await askPanel(
      generation,
      source(settings),
      panel([
        {
          refId: 'A',
          metric: 'sys.load',
          aggregator: 'sum',
          downsampleInterval: '1m',
          downsampleFillPolicy: 'none',
          filters: [wildcard],
        },
        {
          refId: 'B',
          metric: 'sys.mem',
          aggregator: 'max',
          disableDownsampling: true,
          tags: { host: 'web01|web02' },
          explicitTags: true,
        },
        { refId: 'C', metric: 'sys.fine', aggregator: 'sum', disableDownsampling: true },
        {
          refId: 'D',
          metric: 'net.bytes',
          aggregator: 'sum',
          disableDownsampling: true,
          shouldComputeRate: true,
          isCounter: true,
        },
      ]),
    )
    const minutes = (first: number) => [
      [START, first],
      [START + 60_000, first + 6],
    ]
    // only F says that it wants milliseconds
    const fineTime = generation === 'F' && settings.resolution === 2 ? START + 500 : START
    // that resets are left out is what only F's version 1 can't say
    const rates =
      generation === 'F' && settings.version === 1 ? [100, expect.closeTo(2 ** 63 / 10, -6), 100] : [100, 100]
    const rateSteps = rates.length === 3 ? [1, 2, 3] : [1, 3]
    // Grafana's alerts have one letter for all queries of a request
    const letter = (refId: string) => (generation === 'B1' ? 'A' : refId)
    const expected = [
      { refId: letter('A'), metric: 'sys.load', tags: { host: 'web01', dc: 'lga' }, points: minutes(2.5) },
      { refId: letter('A'), metric: 'sys.load', tags: { host: 'web02', dc: 'sjc' }, points: minutes(102.5) },
      {
        refId: letter('B'),
        metric: 'sys.mem',
        tags: { host: 'web01' },
        points: each(12, (i) => [START + i * STEP, i / 4]),
      },
      {
        refId: letter('B'),
        metric: 'sys.mem',
        tags: { host: 'web02' },
        points: each(12, (i) => [START + i * STEP, i]),
      },
      { refId: letter('C'), metric: 'sys.fine', tags: { host: 'web01' }, points: [[fineTime, 1.5]] },
      {
        refId: letter('D'),
        metric: 'net.bytes',
        tags: { host: 'web01' },
        points: rates.map((rate, i) => [START + rateSteps[i]! * STEP, rate]),
      },
    ]
    expect(shown).toEqual(expected)
  })

  it('shows what came within the last minutes where its range ends now', async () => {
    const now = Math.floor(Date.now() / 1000)
    const metric = `now.${generation}`
    await put([{ metric, timestamp: now - 30, value: 1, tags: { host: 'web01' } }])
    const range = { from: (now - 300) * 1000, to: (now + 1) * 1000, endsNow: true }
    const shown = await askPanel(generation, source(), panel([{ metric, disableDownsampling: true }], range))
    expect(shown.map(({ points }) => points)).toEqual([[[(now - 30) * 1000, 1]]])
  })

  it('shows nothing where there is nothing, and what is wrong where something is', async () => {
    const later = { from: START + 10_000_000, to: START + 20_000_000 }
    expect(await askPanel(generation, source(), panel([{ metric: 'sys.load' }], later))).toEqual([])
    const wrong = askPanel(generation, source(), panel([{ metric: 'sys.none' }]))
    await expect(wrong).rejects.toThrow(generation === 'F' ? "No such name for 'metrics': 'sys.none'" : 'status: 400')
  })

  it('finds what signs stand for that Go escapes', async () => {
    const filters = [{ type: 'regexp', tagk: 'host', filter: '<a&b>|web01', groupBy: false }]
    const asked = panel([{ metric: 'sys.load', filters }])
    const [first] = panelRequests(generation, source(), asked)
    expect(first?.request.body).toContain(generation === 'F' ? '<a&b>' : '\\u003ca\\u0026b\\u003e')
    const shown = await askPanel(generation, source(), asked)
    expect(shown.map(({ tags }) => tags)).toEqual([{ host: 'web01', dc: 'lga' }])
  })

  it('is answered in gzip, which is all that Go unpacks', async () => {
    const asked = panel([{ metric: 'sys.many', disableDownsampling: true }], { to: START + 480_000 })
    const [first] = panelRequests(generation, source({ version: 4 }), asked)
    const answer = await send(source(), first!.request)
    expect(answer.headers.get('content-encoding')).toBe('gzip')
  })
})

describe('a downsampling', () => {
  const gaps = (downsampleFillPolicy: string | undefined): OpenTsdbPanel =>
    panel(
      [
        {
          metric: 'sys.gaps',
          aggregator: 'sum',
          downsampleInterval: '1m',
          ...(downsampleFillPolicy !== undefined && { downsampleFillPolicy }),
        },
      ],
      { to: START + 300_000 - 1 },
    )
  const minutes = (values: readonly (number | null)[]) => values.map((value, i) => [START + i * 60_000, value])
  const both = [
    [START, 1],
    [START + 240_000, 2],
  ]
  const points = async (generation: Generation, fill: string | undefined, of: Partial<OpenTsdbSource> = {}) =>
    (await askPanel(generation, source(of), gaps(fill))).map((series) => series.points)

  it.each(GENERATIONS)('without a fill policy, however %s says so, shows what there is', async (generation) => {
    expect(await points(generation, undefined)).toEqual([both])
    expect(await points(generation, 'none')).toEqual([both])
    expect(await points(generation, 'zero')).toEqual([minutes([1, 0, 0, 0, 2])])
  })

  it('with gaps shows them in F', async () => {
    expect(await points('F', 'nan')).toEqual([minutes([1, null, null, null, 2])])
    expect(await points('F', 'null')).toEqual([minutes([1, null, null, null, 2])])
    // where the data source serves alerts as well, those of the policy null are left
    const headers = { Prefer: 'nan=omit' }
    expect(await points('F', 'null', { headers })).toEqual([minutes([1, null, null, null, 2])])
    expect(await points('F', 'nan', { headers })).toEqual([both])
  })

  it.each([
    'B1',
    'B2',
  ] as const)('with gaps breaks %s or shows 0, as with OpenTSDB, unless it asks for numbers alone', async (generation) => {
    for (const version of VERSIONS) {
      await expect(points(generation, 'nan', { version })).rejects.toThrow(UnreadableAnswerError)
      expect(await points(generation, 'null', { version })).toEqual([minutes([1, 0, 0, 0, 2])])
      const numbersAlone = { version, headers: { Prefer: 'nan=omit' } }
      expect(await points(generation, 'nan', numbersAlone)).toEqual([both])
      expect(await points(generation, 'null', numbersAlone)).toEqual([minutes([1, 0, 0, 0, 2])])
    }
  })

  it('of half a second is one of 500 ms where Grafana makes it so, and else refused, as by OpenTSDB', async () => {
    const half = panel([{ metric: 'sys.fine', downsampleInterval: '0.5s' }])
    expect(await askPanel('F', source({ resolution: 2 }), half)).toMatchObject([{ points: [[START + 500, 1.5]] }])
    expect(await askPanel('B2', source(), half)).toMatchObject([{ points: [[START, 1.5]] }])
    await expect(askPanel('B1', source(), half)).rejects.toThrow('status: 400')
  })
})

describe('annotations', () => {
  const annotate = (annotation: object) =>
    fetch(`${server.url}/api/annotation`, { method: 'POST', body: JSON.stringify(annotation) })
  const [own, everybodys] = [
    { text: 'disk full', time: START + 20_000 },
    { text: 'power cut', time: START + 30_000 },
  ]

  beforeAll(async () => {
    const response = await fetch(
      `${server.url}/api/query?start=${START_S}&end=${START_S + 1}&m=none:sys.load&show_tsuids`,
    )
    const series: { tsuids: string[] }[] = JSON.parse(await response.text())
    const tsuid = series[0]?.tsuids[0]
    await annotate({ tsuid, startTime: own.time / 1000, description: own.text, notes: 'cleaned' })
    await annotate({ startTime: everybodys.time / 1000, description: everybodys.text })
  })

  it.each(VERSIONS)('of a metric show in every generation that has them, at version %s', async (version) => {
    for (const resolution of RESOLUTIONS) {
      expect(await askAnnotations('F', source({ version, resolution }), 'sys.load', RANGE)).toEqual([own])
      expect(await askAnnotations('B2', source({ version, resolution }), 'sys.load', RANGE)).toEqual([own])
    }
  })

  it('of nothing show where F asks for them, and in B2, which does not ask, where the data source prefers them', async () => {
    expect(await askAnnotations('F', source(), 'sys.load', RANGE, true)).toEqual([everybodys])
    expect(await askAnnotations('B2', source(), 'sys.load', RANGE, true)).toEqual([])
    const headers = { Prefer: 'nan=omit, global-annotations' }
    expect(await askAnnotations('B2', source({ headers }), 'sys.load', RANGE, true)).toEqual([everybodys])
  })
})

describe.each(EDITORS)('the editors of generation %s', (generation) => {
  it.each([undefined, 5])('save and test a data source whose lookup limit is %s', async (lookupLimit) => {
    expect(await saveAndTest(generation, source(lookupLimit === undefined ? {} : { lookupLimit }))).toBe(200)
  })

  it('suggest names', async () => {
    expect(await suggest(generation, source(), 'metrics', 'sys.')).toEqual([
      'sys.fine',
      'sys.gaps',
      'sys.load',
      'sys.many',
      'sys.mem',
    ])
    expect(await suggest(generation, source(), 'metrics', '')).toEqual(expect.arrayContaining(['net.bytes', 'sys.mem']))
    expect(await suggest(generation, source({ lookupLimit: 1 }), 'metrics', 'sys.')).toEqual(['sys.fine'])
    expect(await suggest(generation, source(), 'tagk', '')).toEqual(['dc', 'host'])
    expect(await suggest(generation, source(), 'tagv', 'web')).toEqual(['web01', 'web02', 'web03'])
  })

  it('fill variables with the tags of a metric', async () => {
    expect((await tagNames(generation, source(), 'sys.load')).toSorted()).toEqual(['dc', 'host'])
    expect((await tagValues(generation, source(), 'sys.mem', 'host')).toSorted()).toEqual(['web01', 'web02', 'web03'])
    expect(await tagValues(generation, source(), 'sys.load', 'host', 'dc=sjc')).toEqual(['web02'])
    expect((await tagValues(generation, source(), 'sys.load', 'dc', 'host=web01', 'dc=*')).toSorted()).toEqual(['lga'])
    // a limit of 0 is what a data source sends whose limit nobody ever edited
    const unlimited = source({ lookupLimit: 0 })
    expect(await tagValues(generation, unlimited, 'sys.mem', 'host')).toHaveLength(3)
    expect(await tagValues(generation, source({ lookupLimit: 2 }), 'sys.mem', 'host')).toHaveLength(2)
  })

  it('offer the aggregators and filters that there are', async () => {
    expect(await aggregators(generation, source())).toEqual(
      expect.arrayContaining(['avg', 'none', 'p99', 'sum', 'zimsum']),
    )
    expect(await filterTypes(generation, source())).toEqual([
      'iliteral_or',
      'iwildcard',
      'literal_or',
      'not_iliteral_or',
      'not_literal_or',
      'regexp',
      'wildcard',
    ])
  })
})
