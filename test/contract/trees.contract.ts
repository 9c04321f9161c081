import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { javaHash } from '../../lib/codec/branch-id.ts'
import { encodeTsuid, tsuidToHex } from '../../lib/codec/tsuid.ts'
import { SeriesNoter } from '../../lib/ingest/series-noter.ts'
import { DEFAULT_LIMITS } from '../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import type { StoreConfig } from '../../lib/store/index.ts'
import { childKey, definitionKey, failureKey, leafKey, trashKey, waitingKey } from '../../lib/store/tree-keys.ts'
import { readBranch, readFailures } from '../../lib/tree/branches.ts'
import { TreeDefinitions } from '../../lib/tree/definitions.ts'
import { clearTrash, Gardener } from '../../lib/tree/live.ts'
import type { Tree } from '../../lib/tree/model.ts'
import { compileTree } from '../../lib/tree/place.ts'
import { rebuildTrees } from '../../lib/tree/rebuild.ts'
import { documentedBytes } from '../helpers/docs.ts'
import type { RunningDynamo } from '../helpers/dynamo.ts'
import { contentOf, liveOf, note, ready, seriesOf } from './planted.ts'
import { hex, range, rotate, useStores } from './stores.ts'

const METRIC_LEVELS = { type: 'METRIC', separator: '\\.', level: 1, order: 0 } as const
const BY_DC = { type: 'TAGK', field: 'dc', level: 0, order: 0 } as const

/**
 * What trees promise, whatever DynamoDB is behind them.
 * @param start starts one with the four empty tables
 */
export function treesContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`Trees on ${name}`, () => {
    const { openFresh } = useStores(start)

    const fresh = async (changes: Partial<StoreConfig> = {}) => {
      const { store, stop } = await openFresh(changes)
      const trees = ready(store)
      return { store: trees, definitions: new TreeDefinitions(trees.trees, DEFAULT_LIMITS), stop }
    }

    const makeTree = async (definitions: TreeDefinitions, fields: Partial<Tree> = {}) => {
      const { treeId } = await definitions.create({ name: 't', enabled: true, storeFailures: true, ...fields })
      await definitions.saveRules(treeId, [BY_DC, METRIC_LEVELS], false)
      return definitions.get(treeId)
    }

    it('keep what several clients change of one at once, and give each new one an id of its own', async () => {
      const { store, definitions, stop } = await fresh()
      const other = new TreeDefinitions(store.trees, DEFAULT_LIMITS)
      const made = await Promise.all(range(5, (i) => (i % 2 === 0 ? definitions : other).create({ name: `t${i}` })))
      expect(made.map(({ treeId }) => treeId).sort()).toEqual([1, 2, 3, 4, 5])
      await Promise.all([
        definitions.save(1, { description: 'd' }, false),
        other.save(1, { notes: 'n' }, false),
        definitions.saveRule(1, BY_DC, false),
        other.saveRule(1, METRIC_LEVELS, false),
      ])
      const { description, notes, rules } = await definitions.get(1)
      expect({ description, notes, rules: rules.map(({ type }) => type) }).toEqual({
        description: 'd',
        notes: 'n',
        rules: ['TAGK', 'METRIC'],
      })
      await definitions.remove(5, true)
      expect((await definitions.create({ name: 'again' })).treeId).toBe(5)
      await stop()
    })

    it('are not put back as they were by who read them before they were deleted and made anew', async () => {
      const { store, definitions, stop } = await fresh()
      await definitions.create({ name: 'old' })
      const [read] = await store.trees.readDefinitions()
      await definitions.remove(1, true)
      await definitions.create({ name: 'new' })
      expect(await store.trees.putDefinition(1, '{"name":"old"}', read?.version)).toBe(false)
      expect((await definitions.get(1)).name).toBe('new')
      await stop()
    })

    it('know a change from none, and replace what is not named', async () => {
      const { definitions, stop } = await fresh()
      const { treeId } = await makeTree(definitions)
      expect(await definitions.save(treeId, {}, false)).toBeUndefined()
      expect(await definitions.saveRule(treeId, BY_DC, false)).toBeUndefined()
      expect(await definitions.saveRule(treeId, { level: 0, order: 0, notes: 'n' }, false)).toMatchObject({
        field: 'dc',
        notes: 'n',
      })
      expect(await definitions.saveRule(treeId, BY_DC, true)).toMatchObject({ field: 'dc', notes: '' })
      expect(await definitions.save(treeId, { name: 'only' }, true)).toMatchObject({ name: 'only', enabled: false })
      expect((await definitions.get(treeId)).rules).toHaveLength(2)
      await stop()
    })

    it.each([
      [{ level: 0, order: 9 }, 'Missing rule type'],
      [{ level: 0, order: 9, type: 'TAGK' as const }, 'Missing field name required for TAGK rule'],
      [
        { level: 0, order: 9, type: 'TAGK_CUSTOM' as const, field: 'dc' },
        'Missing custom field name required for TAGK_CUSTOM rule',
      ],
      [{ level: 0, order: 9, type: 'METRIC' as const, regex: '(' }, "Bad regular expression '('"],
      [{ level: 0, order: 9, type: 'METRIC' as const, separator: '(?=x)' }, 'look-ahead'],
    ])('refuse the rule %j: %s', async (rule, why) => {
      const { definitions, stop } = await fresh()
      const { treeId } = await makeTree(definitions)
      await expect(definitions.saveRule(treeId, rule, false)).rejects.toThrow(why)
      await expect(definitions.saveRules(treeId, [METRIC_LEVELS, rule], true)).rejects.toThrow(why)
      expect((await definitions.get(treeId)).rules).toHaveLength(2)
      await stop()
    })

    it('stay within their limits', async () => {
      const { store, definitions, stop } = await fresh()
      const { treeId } = await makeTree(definitions)
      const few = new TreeDefinitions(store.trees, { treeRules: 2, treeBytes: 700 })
      await expect(few.saveRule(treeId, { ...BY_DC, order: 1 }, false)).rejects.toThrow('treeRules allows 2')
      await expect(few.saveRule(treeId, { ...BY_DC, notes: 'x'.repeat(700) }, false)).rejects.toThrow(
        'treeBytes allows 700',
      )
      await stop()
    })

    it('show branches, leaves, collisions and what did not match', async () => {
      const { store, definitions, stop } = await fresh()
      const tree = await makeTree(definitions, { strictMatch: true })
      const [first, second] = await seriesOf(store, [
        ['sys.cpu', 'ams', 'web01'],
        ['sys.cpu', 'ams', 'web02'],
      ])
      const [strange] = await store.uids.assign('tagk', ['rack'])
      const lonely = encodeTsuid(1, [[Number(strange?.[1]), 1]], DEFAULT_UID_WIDTHS)
      await new Gardener(liveOf(store)).plantNew([second!, first!, lonely])
      const hashes = ['ams', 'sys'].map(javaHash)
      expect(await readBranch(store, tree, hashes)).toEqual({
        leaves: [
          { metric: 'sys.cpu', tags: { dc: 'ams', host: 'web01' }, tsuid: tsuidToHex(first!), displayName: 'cpu' },
        ],
        branches: null,
        path: { '0': 'ROOT', '1': 'ams', '2': 'sys' },
        displayName: 'sys',
        treeId: 1,
        branchId: `0001${hex(hashBytes(hashes)).toUpperCase()}`,
        depth: 2,
      })
      expect(await readFailures(store.trees, 'collision', tree)).toEqual({ [tsuidToHex(second!)]: tsuidToHex(first!) })
      const why = {
        [tsuidToHex(lonely)]: 'TSUID failed to match one or more rule levels, will not add it: [1:0:0:TAGK]',
      }
      expect(await readFailures(store.trees, 'notMatched', tree)).toEqual(why)
      expect(await readFailures(store.trees, 'notMatched', tree, [first!])).toEqual({})
      expect(await readFailures(store.trees, 'notMatched', tree, [lonely])).toEqual(why)
      await expect(readBranch(store, tree, [javaHash('lga')])).rejects.toThrow(
        "Unable to locate branch '00010001A246' for tree '1'",
      )
      await stop()
    })

    it('are the same however and by whomever series are planted, and when it is done again', {
      timeout: 120_000,
    }, async () => {
      const { store, definitions, stop } = await fresh()
      // Aa and BB have one hash: as a branch and as a leaf either could be shown.
      const word = fc.constantFrom('Aa', 'BB', 'x', 'y.Aa', 'y.BB', 'y.x.z')
      const all = fc.uniqueArray(
        fc.tuple(word, fc.constantFrom('Aa', 'BB', 'lga'), fc.constantFrom('h1', 'h2', 'h3')),
        {
          minLength: 1,
          maxLength: 12,
          selector: (names) => names.join(' '),
        },
      )
      await fc.assert(
        fc.asyncProperty(
          all,
          fc.nat(11),
          fc.integer({ min: 1, max: 4 }),
          fc.boolean(),
          async (names, by, batch, strictMatch) => {
            const tsuids = await seriesOf(store, names)
            const whole = await makeTree(definitions, { strictMatch })
            await new Gardener(liveOf(store)).plantNew(tsuids)
            const expected = await contentOf(store, whole)
            await definitions.remove(whole.treeId, false)
            const live = await definitions.get(whole.treeId)
            expect(await contentOf(store, live)).toMatchObject({ paths: [], collisions: {} })
            const batches = range(Math.ceil(names.length / batch), (i) =>
              rotate(tsuids, by).slice(i * batch, (i + 1) * batch),
            )
            // several at once, each with what it remembers, and one of them twice
            const gardeners = range(3, () => new Gardener(liveOf(store)))
            await Promise.all([...batches, tsuids.slice(0, 3)].map((some, i) => gardeners[i % 3]!.plantNew(some)))
            expect(await contentOf(store, live)).toEqual(expected)
            await gardeners[0]!.plantNew(tsuids)
            expect(await contentOf(store, live)).toEqual(expected)
            await definitions.remove(whole.treeId, true)
          },
        ),
        { numRuns: 8 },
      )
      await stop()
    })

    it('rebuilt from what there is are the same, in however many parts', { timeout: 60_000 }, async () => {
      const { store, definitions, stop } = await fresh()
      const names = range(40, (i) => [`m${i % 7}.x`, i % 3 === 0 ? 'ams' : 'lga', `h${i}`] as const)
      const tsuids = await seriesOf(store, names)
      await note(store, tsuids)
      const tree = await makeTree(definitions)
      await new Gardener(liveOf(store)).plantNew(tsuids)
      const expected = await contentOf(store, tree)
      await definitions.remove(tree.treeId, false)
      const rebuilt = await definitions.get(tree.treeId)
      let cursor: string | undefined
      let [series, matched, parts] = [0, 0, 0]
      do {
        const part = await rebuildTrees(store, [compileTree(rebuilt)], cursor, () => true)
        series += part.series
        matched += part.matched
        parts++
        expect(part.metricsDone).toBeLessThanOrEqual(part.metrics)
        cursor = part.cursor
      } while (cursor !== undefined)
      expect({ series, matched }).toEqual({ series: 40, matched: 40 })
      expect(parts).toBe(7)
      expect(await contentOf(store, rebuilt)).toEqual(expected)
      const again = await rebuildTrees(store, [compileTree(rebuilt)], undefined, () => false)
      expect(again).toMatchObject({ series: 40, matched: 40, cursor: undefined, metricsDone: 7, metrics: 7 })
      expect(await contentOf(store, rebuilt)).toEqual(expected)
      await expect(rebuildTrees(store, [], 'x', () => false)).rejects.toThrow('Invalid cursor: x')
      await stop()
    })

    it('get many new series later, and none of them twice', async () => {
      const { store, definitions, stop } = await fresh()
      const tree = await makeTree(definitions)
      const tsuids = await seriesOf(
        store,
        range(30, (i) => [`m${i}.x`, 'ams', 'h'] as const),
      )
      const gardener = new Gardener(liveOf(store), 10)
      await gardener.plantNew(tsuids)
      expect(await contentOf(store, tree)).toMatchObject({ paths: [] })
      expect(await gardener.plantWaiting(() => true)).toBe(0)
      expect(await gardener.plantWaiting(() => false)).toBe(30)
      expect(await gardener.plantWaiting(() => false)).toBe(0)
      await new Gardener(liveOf(store)).plantNew(tsuids)
      expect(await contentOf(store, tree)).toMatchObject({ paths: { length: 2 + 60 } })
      await stop()
    })

    it('get a series again whose consumer died before it was noted as known', async () => {
      const { store, definitions, stop } = await fresh()
      const tree = await makeTree(definitions)
      const [tsuid] = await seriesOf(store, [['m.x', 'ams', 'h']])
      const gardener = new Gardener(liveOf(store))
      const planted: number[] = []
      const log = {
        readItems: (metric: number) => store.seriesLog.readItems(metric),
        // the first consumer dies here
        appendAll: async (entries: Parameters<typeof store.seriesLog.appendAll>[0]) => {
          if (planted.length === 1) throw new Error('killed')
          await store.seriesLog.appendAll(entries)
        },
      }
      const consume = async () => {
        const noter = new SeriesNoter(log, store.postings, async (tsuids) => {
          await gardener.plantNew(tsuids)
          planted.push(tsuids.length)
        })
        await noter.note([
          [
            { tsuid: tsuid!, metric: 1, hash: 0, noted: undefined },
            { firstDay: 1, lastDay: 1 },
          ],
        ])
      }
      await expect(consume()).rejects.toThrow('killed')
      expect(await contentOf(store, tree)).toMatchObject({ paths: { length: 3 + 1 } })
      await consume()
      await consume()
      expect(planted).toEqual([1, 1])
      expect(await contentOf(store, tree)).toMatchObject({ paths: { length: 3 + 1 } })
      await stop()
    })

    it('that are off or have no rules get nothing, and cost one request for new series', async () => {
      const requests: string[] = []
      const { store, definitions, stop } = await fresh({ onConsumed: ({ operation }) => requests.push(operation) })
      const off = await makeTree(definitions, { enabled: false })
      const bare = await definitions.create({ name: 'bare', enabled: true })
      const tsuids = await seriesOf(store, [['m', 'ams', 'h']])
      requests.length = 0
      await new Gardener(liveOf(store)).plantNew(tsuids)
      await new Gardener(liveOf(store)).plantNew([])
      expect(requests).toEqual(['Query'])
      for (const tree of [off, bare]) expect(await contentOf(store, tree)).toMatchObject({ paths: [] })
      await stop()
    })

    it('are planted with reads alone where all is there', async () => {
      const requests: string[] = []
      const { store, definitions, stop } = await fresh({ onConsumed: ({ operation }) => requests.push(operation) })
      await makeTree(definitions)
      const tsuids = await seriesOf(
        store,
        range(50, (i) => [`m${i}`, 'ams', 'h'] as const),
      )
      const gardener = new Gardener(liveOf(store))
      await gardener.plantNew(tsuids)
      requests.length = 0
      await gardener.plantNew(tsuids)
      expect(requests).toEqual(['Query', 'BatchGetItem'])
      await stop()
    })

    it('that were emptied are deleted later, and nothing else is', async () => {
      const { store, definitions, stop } = await fresh()
      const [old, kept] = [await makeTree(definitions), await makeTree(definitions)]
      const tsuids = await seriesOf(
        store,
        range(60, (i) => [`m${i}.x`, 'ams', `h${i % 2}`] as const),
      )
      await new Gardener(liveOf(store)).plantNew(tsuids)
      const before = await contentOf(store, kept)
      await definitions.remove(old.treeId, true)
      // noted by somebody who died before the tree was emptied
      await store.trees.putTrash(kept)
      const later = Date.now() + 3_600_000
      expect(await clearTrash(store.trees, Date.now(), () => false)).toBe(0)
      expect(await clearTrash(store.trees, later, () => true)).toBe(0)
      expect(await clearTrash(store.trees, later, () => false)).toBe(1)
      expect(await clearTrash(store.trees, later, () => false)).toBe(0)
      expect(await store.trees.readBranch({ ...old, hashes: [] })).toBeUndefined()
      expect(await store.trees.readBranch({ ...old, hashes: ['ams', 'm1'].map(javaHash) })).toBeUndefined()
      expect(await contentOf(store, kept)).toEqual(before)
      await stop()
    })

    it('lie under the documented keys', () => {
      const tree = { treeId: 1, generation: 1_356_998_425_000 }
      const parent = { ...tree, hashes: [javaHash('dal')] }
      const tsuid = encodeTsuid(1, [[1, 1]], DEFAULT_UID_WIDTHS)
      const keys = [
        definitionKey(1),
        childKey(parent, javaHash('myapp')),
        leafKey(parent, javaHash('myapp')),
        failureKey('collision', tree, tsuid),
        failureKey('notMatched', tree, tsuid),
        trashKey(tree),
        waitingKey(1_356_998_425_000, Buffer.from('page')),
      ]
      expect(keys.map(({ pk, sk }) => hex(pk) + hex(sk)).join('')).toBe(
        hex(documentedBytes('format/tables.md', 'keys of tsdb-tree')),
      )
    })
  })
}

function hashBytes(hashes: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * hashes.length)
  hashes.forEach((hash, i) => {
    bytes.writeUInt32BE(hash, 4 * i)
  })
  return bytes
}
