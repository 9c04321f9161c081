import { describe, expect, it } from 'vitest'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { makeFilter } from '../../../lib/query/filters.ts'
import { parseQueryBody } from '../../../lib/query/request.ts'
import { filterByName, type NameLookup, resolveQuery } from '../../../lib/query/resolve.ts'

const UIDS = new Map(['cpu', 'host', 'dc', 'web01', 'web02', 'db01'].map((name, i) => [name, i + 1]))
const NAMES = new Map([...UIDS].map(([name, uid]) => [uid, name]))

const names: NameLookup = {
  widths: DEFAULT_UID_WIDTHS,
  namesToUids: async (_kind, wanted) =>
    new Map([...wanted].flatMap((name) => (UIDS.has(name) ? [[name, UIDS.get(name) ?? 0] as const] : []))),
  uidsToNames: async (_kind, wanted) => new Map([...wanted].map((uid) => [uid, NAMES.get(uid) ?? ''])),
}

async function resolve(...filters: [tagk: string, type: string, filter: string][]) {
  const query = parseQueryBody('{"start":1,"queries":[{"metric":"cpu","aggregator":"sum"}]}', 9000)
  const [sub] = query.queries
  if (sub === undefined) throw new Error('no sub-query')
  return resolveQuery(names, {
    ...sub,
    filters: filters.map(([tagk, type, filter]) => makeFilter(tagk, type, filter, false)),
  })
}

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
})

describe('filterByName(names, series, resolved)', () => {
  it('looks at names where UIDs say nothing', async () => {
    const series = [4, 5, 6].map((uid) => ({ tags: [[2, uid]] as const, uid }))
    const resolved = await resolve(['host', 'wildcard', 'web*'])
    expect((await filterByName(names, series, resolved)).map(({ uid }) => uid)).toEqual([4, 5])
    expect(await filterByName(names, series, await resolve(['host', 'wildcard', '*']))).toBe(series)
  })
})
