import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeTsuid } from '../../lib/codec/tsuid.ts'
import { foldSeriesLog } from '../../lib/ingest/index-series.ts'
import { uidMetaId } from '../../lib/meta/uid-meta.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { deleteName } from '../../lib/search/delete-names.ts'
import { type LookupBudget, LookupTooLargeError, lookUp } from '../../lib/search/lookup.ts'
import { documentKey, indexKeys } from '../../lib/store/documents.ts'
import { openClient } from '../../lib/store/dynamo.ts'
import type { Store } from '../../lib/store/index.ts'
import { documentedBytes } from '../helpers/docs.ts'
import { startDynamo } from '../helpers/dynamo.ts'
import { beforeNth, dieAfter } from '../helpers/dynamo-faults.ts'
import { toHex } from '../helpers/hex.ts'
import { range, useStores } from './stores.ts'

const { open, openFresh } = useStores(startDynamo)
const budget: LookupBudget = { maxResults: 1000, until: Number.POSITIVE_INFINITY, clock: Date.now }

/** Makes series known, some of them in the postings and the rest in the log. */
async function addSeries(
  store: Store,
  series: readonly { metric: string; tags: Record<string, string> }[],
): Promise<void> {
  const uids = async (kind: 'metric' | 'tagk' | 'tagv', names: string[]) => {
    const assigned = await store.uids.assign(kind, names)
    return (name: string) => Number(assigned.get(name))
  }
  const metrics = await uids(
    'metric',
    series.map(({ metric }) => metric),
  )
  const tagks = await uids(
    'tagk',
    series.flatMap(({ tags }) => Object.keys(tags)),
  )
  const tagvs = await uids(
    'tagv',
    series.flatMap(({ tags }) => Object.values(tags)),
  )
  for (const [i, { metric, tags }] of series.entries()) {
    const pairs = Object.entries(tags).map(([tagk, tagv]) => [tagks(tagk), tagvs(tagv)] as [number, number])
    const tsuid = encodeTsuid(
      metrics(metric),
      pairs.sort(([a], [b]) => a - b),
      DEFAULT_UID_WIDTHS,
    )
    await store.seriesLog.append(metrics(metric), [tsuid])
    if (i === Math.floor(series.length / 2)) {
      for (const uid of new Set(series.slice(0, i + 1).map((one) => metrics(one.metric)))) {
        await foldSeriesLog({ seriesLog: store.seriesLog, postings: store.postings, widths: DEFAULT_UID_WIDTHS }, uid, {
          foldSeries: 1,
        })
      }
    }
  }
}

describe('a lookup', () => {
  const series = range(24, (i) => ({
    metric: `m${i % 3}`,
    tags: { host: `h${i % 6}`, ...(i % 2 === 0 ? { dc: `d${i % 4}` } : {}), n: `n${i}` },
  }))

  it('finds what a plain filter finds, in the log and in the postings, whatever is asked', async () => {
    const { store, stop } = await openFresh()
    await addSeries(store, series)
    const pair = fc.record({
      key: fc.constantFrom(undefined, 'host', 'dc', 'n'),
      value: fc.constantFrom(undefined, 'h0', 'h1', 'd0', 'd2', 'n7'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(undefined, 'm0', 'm1'),
        fc.array(pair, { maxLength: 3 }),
        async (metric, tags) => {
          const found = await lookUp(store, { metric, tags, limit: 0, startIndex: 0 }, budget)
          const expected = series.filter(
            (one) => (metric === undefined || one.metric === metric) && meets(one.tags, tags),
          )
          expect(found.map(({ tags: { n } }) => n).sort()).toEqual(expected.map(({ tags: { n } }) => n).sort())
        },
      ),
      { numRuns: 60 },
    )
    await stop()
  })

  /** Pairs of one key are alternatives, and so are those of any key; all keys must be met. */
  function meets(
    tags: Record<string, string>,
    pairs: readonly { key: string | undefined; value: string | undefined }[],
  ): boolean {
    const keys = new Set(pairs.map(({ key }) => key))
    return [...keys].every((key) => {
      const values = pairs.filter((one) => one.key === key).map(({ value }) => value)
      const held = key === undefined ? Object.values(tags) : tags[key] === undefined ? [] : [tags[key]]
      if (key === undefined) {
        const named = values.filter((value) => value !== undefined)
        return named.length === 0 || named.some((value) => held.includes(value))
      }
      return held.length > 0 && (values.includes(undefined) || values.some((value) => value === held[0]))
    })
  }

  it('answers as many as asked, and pages that are together all, each once', async () => {
    const { store, stop } = await openFresh()
    await addSeries(store, series)
    const page = (startIndex: number) =>
      lookUp(store, { metric: undefined, tags: [{ key: 'host', value: undefined }], limit: 7, startIndex }, budget)
    const pages = await Promise.all([0, 7, 14, 21, 28].map(page))
    expect(pages.map(({ length }) => length)).toEqual([7, 7, 7, 3, 0])
    expect(new Set(pages.flat().map(({ tsuid }) => tsuid)).size).toBe(24)
    await stop()
  })

  it('reads no more pages of postings than the answer takes', async () => {
    const { store, stop } = await openFresh()
    const metric = Number((await store.uids.assign('metric', ['big'])).get('big'))
    await store.uids.assign('tagk', ['host'])
    await store.uids.assign('tagv', ['h'])
    const tsuids = range(60_000, (i) =>
      encodeTsuid(metric, [[1, ((i * 2_654_435_761) % 2 ** 32) + 1]], DEFAULT_UID_WIDTHS),
    )
    await store.seriesLog.append(metric, tsuids)
    await foldSeriesLog({ seriesLog: store.seriesLog, postings: store.postings, widths: DEFAULT_UID_WIDTHS }, metric, {
      foldSeries: 1,
    })
    const readUnits = async (take: number) => {
      const before = store.stats.readUnits
      let found = 0
      for await (const some of store.index.stream(metric, [])) {
        found += some.length
        if (found >= take) break
      }
      expect(found).toBeGreaterThanOrEqual(take)
      return store.stats.readUnits - before
    }
    const [few, all] = [await readUnits(100), await readUnits(60_000)]
    expect(few).toBeLessThan(20)
    expect(all).toBeGreaterThan(5 * few)
    await stop()
  })

  it('without a metric is given up in time, and says so', async () => {
    const { store, stop } = await openFresh()
    await addSeries(store, series.slice(0, 3))
    const late = { ...budget, until: 0 }
    await expect(lookUp(store, { metric: undefined, tags: [], limit: 9, startIndex: 0 }, late)).rejects.toThrow(
      LookupTooLargeError,
    )
    await expect(lookUp(store, { metric: 'm0', tags: [], limit: 9, startIndex: 0 }, late)).resolves.toHaveLength(1)
    await stop()
  })

  it('keeps names that a series uses from being deleted', async () => {
    const { store, stop } = await openFresh()
    await addSeries(store, [{ metric: 'used', tags: { k: 'v' } }])
    for (const kind of ['metric', 'tagk', 'tagv'] as const) await store.uids.assign(kind, ['unused'])
    await expect(deleteName(store, 'metric', 'used', budget)).rejects.toThrow('is used by the series')
    await expect(deleteName(store, 'tagk', 'k', budget)).rejects.toThrow('is used by the series')
    await expect(deleteName(store, 'tagv', 'v', budget)).rejects.toThrow('is used by the series')
    await expect(deleteName(store, 'tagv', 'nosuch', budget)).rejects.toThrow('does not exist')
    for (const kind of ['metric', 'tagk', 'tagv'] as const) {
      expect(await deleteName(store, kind, 'unused', budget)).toBe(2)
      expect(await store.uids.suggest(kind, 'unused', 1)).toEqual([])
    }
    await stop()
  })
})

describe('documents', () => {
  const id = uidMetaId('tagv', 1)

  it('lie under the documented keys', () => {
    const { pk, sk } = documentKey('uidmeta', id)
    const [index] = indexKeys('uidmeta', id, { displayName: 'A box' })
    const keys = [pk, sk, index?.pk ?? new Uint8Array(), index?.sk ?? new Uint8Array()]
    expect(keys.map(toHex).join('')).toBe(toHex(documentedBytes('format/tables.md', 'keys of a document')))
  })

  it('lose no change of many at once', async () => {
    const store = open()
    const names = range(8, (i) => `f${i}`)
    await Promise.all(
      names.map((name) => open().documents.change('tsmeta', id, (before) => ({ ...before, [name]: name }))),
    )
    const document = (await store.documents.read('tsmeta', [id])).get(toHex(id))
    expect(Object.keys(document ?? {}).sort()).toEqual(names)
  })

  it('are not put back as they were by who read them before they were deleted and made anew', async () => {
    const { store, endpoint, stop } = await openFresh()
    await store.documents.change('tsmeta', id, () => ({ notes: 'old' }))
    const client = openClient(endpoint)
    beforeNth(client, 'PutItemCommand', 1, async () => {
      await store.documents.change('tsmeta', id, () => undefined)
      await store.documents.change('tsmeta', id, () => ({ displayName: 'new' }))
    })
    const changed = await open({ client }).documents.change('tsmeta', id, (before) => ({ ...before, units: 'ms' }))
    expect(changed).toEqual({ displayName: 'new', units: 'ms' })
    await stop()
  })

  it('are found by a text that comes back while who took it away is still at it', async () => {
    const { store, endpoint, stop } = await openFresh()
    await store.documents.change('tsmeta', id, () => ({ notes: 'a' }))
    const client = openClient(endpoint)
    // what the index no longer needs goes last
    beforeNth(client, 'DeleteItemCommand', 1, () => store.documents.change('tsmeta', id, () => ({ notes: 'a' })))
    await open({ client }).documents.change('tsmeta', id, () => ({ notes: 'b' }))
    expect((await store.documents.read('tsmeta', [id])).get(toHex(id))).toEqual({ notes: 'a' })
    const found: Uint8Array[] = []
    for await (const page of store.documents.search('tsmeta', 'notes', 'a', true)) found.push(...page)
    expect(found.map(toHex)).toEqual([toHex(id)])
    await stop()
  })

  it('are found by every text they hold and by none they held, wherever a change died', async () => {
    for (let requests = 1; ; requests++) {
      const { store, endpoint, stop } = await openFresh()
      await store.documents.change('tsmeta', id, () => ({ notes: 'Before', custom: { __proto__x: 'é' } }))
      const client = openClient(endpoint)
      const faults = dieAfter(client, requests, false)
      await open({ client, deadlineMs: 100 })
        .documents.change('tsmeta', id, () => ({ notes: 'after', units: 'ms' }))
        .catch(() => undefined)
      const document = (await store.documents.read('tsmeta', [id])).get(toHex(id))
      const found = async (field: string, text: string, whole: boolean) => {
        const ids: Uint8Array[] = []
        for await (const page of store.documents.search('tsmeta', field, text, whole)) ids.push(...page)
        return ids.map(toHex)
      }
      const [held] = [document?.notes]
      expect(['Before', 'after']).toContain(held)
      expect(await found('notes', String(held).toUpperCase(), true)).toEqual([toHex(id)])
      expect(await found('notes', String(held).slice(0, 3), false)).toEqual([toHex(id)])
      expect(await found('notes', String(held).slice(0, 3), true)).toEqual([])
      if (faults.made() < requests) {
        expect(await found('custom.__proto__x', '', false)).toEqual([])
        await stop()
        return
      }
      await stop()
    }
  })
})
