import { describe, expect, it } from 'vitest'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { BadQueryError } from '../../../lib/query/errors.ts'
import { makeFilter } from '../../../lib/query/filters.ts'
import type { SubQuery } from '../../../lib/query/model.ts'
import { parseQueryBody } from '../../../lib/query/request.ts'
import { filterByName, type NameLookup, resolveKnown, resolveQuery } from '../../../lib/query/resolve.ts'

const UIDS = new Map(['cpu', 'host', 'dc', 'web01', 'web02', 'db01'].map((name, i) => [name, i + 1]))
const NAMES = new Map([...UIDS].map(([name, uid]) => [uid, name]))

const names: NameLookup = {
  widths: DEFAULT_UID_WIDTHS,
  namesToUids: async (_kind, wanted) =>
    new Map([...wanted].flatMap((name) => (UIDS.has(name) ? [[name, UIDS.get(name) ?? 0] as const] : []))),
  uidsToNames: async (_kind, wanted) => new Map([...wanted].map((uid) => [uid, NAMES.get(uid) ?? ''])),
}

type Filter = [tagk: string, type: string, filter: string]

function subQuery(fields: object, filters: Filter[] = []): SubQuery {
  const text = JSON.stringify({ start: 1, queries: [{ metric: 'cpu', aggregator: 'sum', ...fields }] })
  const [sub] = parseQueryBody(text, 9000).queries
  if (sub === undefined) throw new Error('no sub-query')
  return { ...sub, filters: filters.map(([tagk, type, filter]) => makeFilter(tagk, type, filter, false)) }
}

const resolve = (...filters: Filter[]) => resolveQuery(names, subQuery({}, filters))

describe('resolveQuery(names, query)', () => {
  it('tells the index which values each tag may have', async () => {
    const resolved = await resolve(['host', 'literal_or', 'web01|web02'], ['dc', 'wildcard', '*'])
    expect(resolved.constraints).toEqual([{ tagk: 2, tagvs: new Set([4, 5]) }, { tagk: 3 }])
  })

  it('tells the index what all filters on one tag take', async () => {
    const resolved = await resolve(
      ['host', 'literal_or', 'web01|web02'],
      ['host', 'literal_or', 'web02|db01'],
      ['host', 'not_literal_or', 'db01'],
    )
    expect(resolved.constraints).toEqual([{ tagk: 2, tagvs: new Set([5]) }])
    expect((await resolve(['host', 'not_literal_or', 'web01'])).constraints).toEqual([{ tagk: 2 }])
    expect((await resolve()).constraints).toEqual([])
  })

  it.each([
    [{ metric: 'nosuch' }, [], "No such name for 'metrics': 'nosuch'"],
    [{}, [['nosuch', 'wildcard', '*']], "No such name for 'tagk': 'nosuch'"],
    [{}, [['nosuch', 'literal_or', 'web01|web99']], "No such name for 'tagv': 'web99'"],
    [{}, [['host', 'not_literal_or', 'web99']], "No such name for 'tagv': 'web99'"],
  ] satisfies [
    object,
    Filter[],
    string,
  ][])('refuses %j %j, since a name was never stored', async (fields, filters, message) => {
    await expect(resolveQuery(names, subQuery(fields, filters))).rejects.toThrow(message)
  })

  it('refuses a regular expression that is wrong before it looks anything up', async () => {
    await expect(resolve(['nosuch', 'regexp', '['])).rejects.toThrow("Bad regular expression '['")
  })
})

describe('resolveQuery(names, query) of TSUIDs', () => {
  const HOST_1 = '000001' + '000002' + '00000004'
  const HOST_2 = '000001' + '000002' + '00000005'
  const DC_TOO = '000001' + '000002' + '00000005' + '000003' + '00000006'
  const byTsuid = (...tsuids: string[]) => resolveQuery(names, subQuery({ tsuids }))

  it('wants exactly those series, in one group, of the metric that they name', async () => {
    const resolved = await byTsuid(HOST_1, DC_TOO)
    expect(resolved).toMatchObject({ metric: 1, metricName: 'cpu', groupBy: new Set(), filterTagks: [] })
    const tags = [
      [[2, 4]],
      [[2, 5]],
      [
        [2, 5],
        [3, 6],
      ],
      [
        [2, 4],
        [3, 6],
      ],
    ] as [number, number][][]
    expect(tags.map(resolved.wanted)).toEqual([true, false, true, false])
  })

  it('tells the index the values of the tags that all of them have', async () => {
    expect((await byTsuid(HOST_1, HOST_2)).constraints).toEqual([{ tagk: 2, tagvs: new Set([4, 5]) }])
    expect((await byTsuid(DC_TOO)).constraints).toHaveLength(2)
    expect((await byTsuid(HOST_1, DC_TOO)).constraints).toHaveLength(1)
  })

  it.each([
    [['000001']],
    [['00000100000200000']],
    [[`${HOST_1}00`]],
    [[HOST_1, HOST_1.replace('000001', '000002')]],
  ])('refuses %j, which are no series of one metric', async (tsuids) => {
    await expect(async () => byTsuid(...tsuids)).rejects.toThrow(BadQueryError)
  })
})

describe('resolveKnown(names, query)', () => {
  it('passes over values that were never stored, as no series can have them', async () => {
    const { query, unresolved } = await resolveKnown(names, subQuery({}, [['host', 'literal_or', 'web01|web99']]))
    expect(unresolved).toEqual([{ kind: 'tagv', name: 'web99', index: 0 }])
    expect(query?.constraints).toEqual([{ tagk: 2, tagvs: new Set([4]) }])
    expect(query?.wanted([[2, 4]])).toBe(true)
    const others = await resolveKnown(names, subQuery({}, [['host', 'not_literal_or', 'web99']]))
    expect(others.query?.wanted([[2, 4]])).toBe(true)
  })

  it('has nothing to ask for where the metric or a tag key was never stored', async () => {
    const { query, unresolved } = await resolveKnown(names, subQuery({ metric: 'nosuch' }, [['rack', 'wildcard', '*']]))
    expect(query).toBeUndefined()
    expect(unresolved).toEqual([
      { kind: 'metric', name: 'nosuch', index: 0 },
      { kind: 'tagk', name: 'rack', index: 0 },
    ])
  })
})

describe('filterByName(names, series, resolved, budget)', () => {
  const budget = { time: () => undefined }

  it('looks at names where UIDs say nothing', async () => {
    const series = [4, 5, 6].map((uid) => ({ tags: [[2, uid]] as const, uid }))
    const resolved = await resolve(['host', 'wildcard', 'web*'])
    expect((await filterByName(names, series, resolved, budget)).map(({ uid }) => uid)).toEqual([4, 5])
    expect(await filterByName(names, series, await resolve(['host', 'wildcard', '*']), budget)).toBe(series)
  })

  it('looks at the time for each name, as a regular expression may take long for one', async () => {
    const series = [4, 5, 6].map((uid) => ({ tags: [[2, uid]] as const, uid }))
    let looks = 0
    const ending = {
      time: () => {
        if (++looks === 3) throw new Error('time is up')
      },
    }
    const resolved = await resolve(['host', 'regexp', '(?:(a|b){30}){30}'])
    await expect(filterByName(names, series, resolved, ending)).rejects.toThrow('time is up')
  })
})
