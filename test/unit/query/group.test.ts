import { expect, test } from 'vitest'
import { NO_POINTS } from '../../../lib/query/columns.ts'
import { group } from '../../../lib/query/group.ts'
import type { StoredSeries } from '../../../lib/query/series.ts'

const [HOST, DC, CPU] = [1, 2, 3]

function series(...tags: (readonly [number, number])[]): StoredSeries {
  return { tsuid: new Uint8Array(), tags, points: NO_POINTS }
}

const WEB1 = series([HOST, 1], [DC, 7], [CPU, 9])
const WEB2 = series([HOST, 2], [DC, 7])
const DB = series([HOST, 3], [DC, 8])

test('without tags to group by all series are one group', () => {
  expect(group([WEB1, WEB2, DB], new Set())).toEqual([
    { series: [WEB1, WEB2, DB], tags: [[CPU, 9]], aggregateTags: [HOST, DC] },
  ])
})

test('each combination of values is a group, in order of its first series', () => {
  expect(group([WEB1, DB, WEB2], new Set([DC]))).toEqual([
    {
      series: [WEB1, WEB2],
      tags: [
        [DC, 7],
        [CPU, 9],
      ],
      aggregateTags: [HOST],
    },
    {
      series: [DB],
      tags: [
        [HOST, 3],
        [DC, 8],
      ],
      aggregateTags: [],
    },
  ])
})

test('raw series are a group each', () => {
  expect(group([WEB1, WEB2], undefined).map((one) => one.series)).toEqual([[WEB1], [WEB2]])
})

test('no series make no group', () => {
  expect(group([], new Set())).toEqual([])
})
