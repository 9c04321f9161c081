import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { annotationsOf, readAnswer } from '../../../web/src/model/answer.ts'
import { columnsOf, summaryOf } from '../../../web/src/model/columns.ts'
import { counterparts, earlierRequest, withEarlier } from '../../../web/src/model/compare.ts'
import { csvOf } from '../../../web/src/model/export.ts'
import { seriesNames } from '../../../web/src/model/names.ts'
import { countKeys, graphOfSeries } from '../../../web/src/model/series-link.ts'

describe('columns', () => {
  test('series with the same times stand side by side as they are', () => {
    const series = [
      {
        dps: [
          [1000, 1],
          [2000, 2],
        ] as const,
      },
      {
        dps: [
          [1000, 3],
          [2000, 4],
        ] as const,
      },
    ]
    expect(columnsOf(series)).toEqual({
      times: [1000, 2000],
      values: [
        [1, 2],
        [3, 4],
      ],
    })
  })

  test('where only some series have a point the others have none, and where the server says NaN the line breaks', () => {
    const series = [
      {
        dps: [
          [1000, 1],
          [3000, 'NaN'],
        ] as const,
      },
      {
        dps: [
          [2000, 5],
          [3000, null],
        ] as const,
      },
    ]
    expect(columnsOf(series)).toEqual({
      times: [1000, 2000, 3000],
      values: [
        [1, undefined, null],
        [undefined, 5, null],
      ],
    })
  })

  test('no series give no columns', () => {
    expect(columnsOf([])).toEqual({ times: [], values: [] })
  })

  test('every finite point is in its column at its time, and nothing else is', () => {
    const dps = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.double()), { selector: ([time]) => time })
      .map((points) => points.sort(([a], [b]) => a - b))
    fc.assert(
      fc.property(fc.array(dps, { maxLength: 5 }), (all) => {
        const { times, values } = columnsOf(all.map((points) => ({ dps: points })))
        expect([...times]).toEqual([...new Set(all.flat().map(([time]) => time))].sort((a, b) => a - b))
        for (const [index, points] of all.entries()) {
          const expected = new Map(points.map(([time, value]) => [time, Number.isFinite(value) ? value : null]))
          expect(values[index]).toEqual(times.map((time) => expected.get(time)))
        }
      }),
    )
  })

  test('a summary is of the points that are there', () => {
    expect(summaryOf([undefined, 4, null, -2, 7, undefined])).toEqual({ last: 7, min: -2, avg: 3, max: 7 })
    expect(summaryOf([null, undefined]).last).toBeUndefined()
  })
})

describe('answers', () => {
  const annotation = { tsuid: '01', description: 'deploy', notes: '', startTime: 1356998400, endTime: 0 }

  test('series, cost and names never stored are taken apart', () => {
    const series = { metric: 'a', tags: {}, aggregateTags: [], query: { index: 0 }, dps: [] }
    const unresolved = [{ type: 'metric', name: 'b' }]
    const summary = { rowsPreFilter: 3, blocksRead: 2, bytesRead: 100, readUnits: 4.5, emittedDPs: 7, totalTime: 12.5 }
    expect(readAnswer([series, { unresolved }, { statsSummary: summary }])).toEqual({
      series: [series],
      unresolved,
      cost: { rows: 3, blocks: 2, bytes: 100, readUnits: 4.5, points: 7, ms: 12.5 },
    })
  })

  test('an annotation that several series have, in seconds or milliseconds, is one', () => {
    const other = { ...annotation, startTime: 1356998400000 }
    const base = { metric: 'a', tags: {}, aggregateTags: [], query: { index: 0 }, dps: [] }
    expect(
      annotationsOf([
        { ...base, annotations: [annotation] },
        { ...base, globalAnnotations: [other] },
      ]),
    ).toEqual([other])
  })
})

describe('names of series', () => {
  test('tell what differs: tags, metrics, or all there is of a lone series', () => {
    const tags = (cpu: string) => ({ host: 'web01', cpu })
    expect(
      seriesNames([
        { metric: 'm', tags: tags('0') },
        { metric: 'm', tags: tags('1') },
      ]),
    ).toEqual(['cpu=0', 'cpu=1'])
    expect(
      seriesNames([
        { metric: 'm', tags: { host: 'a' } },
        { metric: 'n', tags: { host: 'a' } },
      ]),
    ).toEqual(['m host=a', 'n host=a'])
    expect(seriesNames([{ metric: 'm', tags: tags('0') }])).toEqual(['m cpu=0 host=web01'])
    expect(seriesNames([{ metric: 'm', tags: {} }])).toEqual(['m'])
  })

  test('tag keys are counted, those of most values first', () => {
    const series = [{ tags: { host: 'a', dc: 'x' } }, { tags: { host: 'b', dc: 'x' } }, { tags: { host: 'c' } }]
    expect(countKeys(series)).toEqual([
      { key: 'host', values: 3, series: 3 },
      { key: 'dc', values: 1, series: 2 },
    ])
  })

  test('a leaf’s graph asks for that series alone', () => {
    const [query] = graphOfSeries('m', { host: 'a' }).queries
    expect(query).toMatchObject({ metric: 'm', explicitTags: true })
    expect(query?.filters).toEqual([{ tagk: 'host', type: 'literal_or', filter: 'a', groupBy: true }])
  })
})

test('CSV has a line a time, quotes what needs it, and no formulas', () => {
  const columns = {
    times: [0, 1500],
    values: [
      [1, undefined],
      [null, -2.5],
    ],
  }
  expect(csvOf(columns, ['a,"b"', '=SUM(A1)'])).toBe(
    'time,"a,""b""",\'=SUM(A1)\r\n1970-01-01T00:00:00.000Z,1,\r\n1970-01-01T00:00:01.500Z,,-2.5\r\n',
  )
})

describe('a comparison with an earlier time', () => {
  const cost = { rows: 1, blocks: 2, bytes: 3, readUnits: 4, points: 5, ms: 6 }
  const series = (cpu: string, time: number) => ({
    metric: 'm',
    tags: { cpu },
    aggregateTags: [],
    query: { index: 0 },
    dps: [[time, 1]] as const,
  })
  const day = 86_400_000
  const answer = withEarlier(
    { series: [series('0', day), series('1', day)], cost, unresolved: [] },
    { series: [series('1', 0), series('2', 0)], cost, unresolved: [] },
    '1d',
    day,
  )

  test('asks for the same a day before', () => {
    const body = {
      start: day,
      end: day + 5,
      timezone: 'UTC',
      msResolution: true,
      showQuery: true,
      showSummary: true,
      globalAnnotations: true,
      skipUnresolved: true,
      queries: [],
    } as const
    expect(earlierRequest(body, day)).toEqual({ ...body, start: 0, end: 5 })
  })

  test('lays the earlier points over the later times, and each series has the place of what it is compared with', () => {
    expect(columnsOf(answer.series).times).toEqual([day])
    expect(counterparts(answer.series)).toEqual([0, 1, 1, 3])
    expect(seriesNames(answer.series)).toEqual(['cpu=0', 'cpu=1', 'cpu=1 (1d before)', 'cpu=2 (1d before)'])
    expect(answer.cost).toEqual({ rows: 2, blocks: 4, bytes: 6, readUnits: 8, points: 10, ms: 6 })
  })
})
