import { randomUUID } from 'node:crypto'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UidKind } from '../../lib/model/series.ts'
import { keyOf, openClient } from '../../lib/store/dynamo.ts'
import { nameKey, uidSettingsKey } from '../../lib/store/keys.ts'
import { UidError, UidsExhaustedError, UidWidthsMismatchError } from '../../lib/uid/errors.ts'
import { UidResolver } from '../../lib/uid/resolver.ts'
import { type RunningDynamo, TABLES } from '../helpers/dynamo.ts'
import { dieAfter } from '../helpers/dynamo-faults.ts'
import { range, rotate, sorted, useStores } from './stores.ts'

/**
 * What names and UIDs promise, whatever DynamoDB is behind them and however many processes assign at once.
 * @param start starts one with the four empty tables
 */
export function uidContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`Names and UIDs on ${name}`, () => {
    const { open, openFresh } = useStores(start)

    describe('UIDs', () => {
      it('start at 1, count up, and lead back to their names', async () => {
        const { store, stop } = await openFresh()
        const uids = await store.uids.assign('metric', ['b', 'a', 'b'])
        expect([...uids.values()].sort()).toEqual([1, 2])
        expect(await store.uids.assign('metric', ['c'])).toEqual(new Map([['c', 3]]))
        expect(await store.uids.assign('tagk', ['a'])).toEqual(new Map([['a', 1]]))
        store.uids.dropCaches()
        expect(await store.uids.namesToUids('metric', ['a', 'b', 'c', 'd'])).toEqual(new Map([...uids, ['c', 3]]))
        expect((await store.uids.uidsToNames('metric', [3, 4, 0, -1, 2 ** 40])).get(3)).toBe('c')
        expect((await store.uids.uidsToNames('metric', [4])).size).toBe(0)
        await stop()
      })

      it('lead back to their names wherever who gives them away dies', async () => {
        const { store, endpoint, stop } = await openFresh()
        let steps = 0
        for (let died = true; died; steps++) {
          const client = openClient(endpoint)
          dieAfter(client, steps, true)
          died = await open({ client })
            .uids.assign('tagk', [`name${steps}`])
            .then(
              () => false,
              () => true,
            )
          const given = new Map<number, string>()
          for await (const page of store.uidTable.forwards('tagk'))
            for (const { uid, name } of page) given.set(uid, name)
          expect(await store.uidTable.namesOf('tagk', [...given.keys()])).toEqual(given)
        }
        // Settings, the name, the counter, and both of its mappings.
        expect(steps).toBeGreaterThan(4)
        await stop()
      })

      it('take one request for the counter however many names are new', async () => {
        const { store, stop } = await openFresh()
        await store.uids.assign('tagv', ['first'])
        const before = store.stats.requests
        await store.uids.assign(
          'tagv',
          Array.from({ length: 50 }, (_, i) => `host${i}`),
        )
        // One read of all names, one of the counter, and two writes for each name.
        expect(store.stats.requests - before).toBe(1 + 1 + 2 * 50)
        await stop()
      })

      it('lead back to their names in few requests where many are asked for, deleted names among them', async () => {
        const { store, stop } = await openFresh()
        const names = range(12, (i) => `host${i}`)
        const assigned = await store.uids.assign('tagv', names)
        await store.uidAdmin.remove('tagv', 'host7')
        const uids = new UidResolver({ table: store.uidTable, widths: store.uids.widths, scanFrom: 10 })
        await uids.epoch()
        const before = store.stats.requests
        const back = await uids.uidsToNames('tagv', [...range(12, (i) => i + 1), 1_000_000])
        for (const name of names) expect(back.get(Number(assigned.get(name)))).toBe(name)
        expect(back.size).toBe(12)
        // the counter, a page of names, and by their UIDs the one that was deleted and the one that never was
        expect(store.stats.requests - before).toBe(3)
        expect(await uids.uidsToNames('tagv', [1])).toEqual(new Map([[1, back.get(1)]]))
        expect(store.stats.requests - before).toBe(3)
        await stop()
      })

      it('are read by themselves where there are many more of them', async () => {
        const { store, stop } = await openFresh()
        await store.uids.assign(
          'tagv',
          range(10, (i) => `host${i}`),
        )
        const uids = new UidResolver({ table: store.uidTable, widths: store.uids.widths, scanFrom: 2 })
        await uids.epoch()
        const before = store.stats.requests
        expect((await uids.uidsToNames('tagv', [1, 2])).size).toBe(2)
        // the counter, and two names
        expect(store.stats.requests - before).toBe(2)
        await stop()
      })

      it('are the same for every writer when many assign the same names at once, each leading back to its name', async () => {
        const names = ['__proto__', 'constructor', 'ü', '日本', 'a/b', 'x'.repeat(256), ...range(20, (i) => `name${i}`)]
        const writers = range(8, () => open())
        const answers = await Promise.all(writers.map((store, i) => store.uids.assign('metric', rotate(names, i * 5))))
        for (const answer of answers) expect(sorted(answer)).toEqual(sorted(answers[0]))
        const uids = names.map((each) => answers[0]?.get(each))
        expect(new Set(uids).size).toBe(names.length)
        const back = await open().uids.uidsToNames(
          'metric',
          uids.filter((uid) => typeof uid === 'number'),
        )
        expect(uids.map((uid) => (typeof uid === 'number' ? back.get(uid) : undefined))).toEqual(names)
        for (const store of writers) store.uids.dropCaches()
        expect(sorted(await writers[3]?.uids.namesToUids('metric', names))).toEqual(sorted(answers[0]))
      })

      it('hold for any names, in any split over writers', async () => {
        const name = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
        const batches = fc.array(fc.array(name, { maxLength: 8 }), { minLength: 1, maxLength: 4 })
        await fc.assert(
          fc.asyncProperty(fc.constantFrom<UidKind>('metric', 'tagk', 'tagv'), batches, async (kind, split) => {
            const writers = split.map(() => open())
            const answers = await Promise.all(split.map((batch, i) => (writers[i] ?? open()).uids.assign(kind, batch)))
            const all = [...new Set(split.flat())]
            const stored = await open().uids.namesToUids(kind, all)
            expect([...stored.keys()].sort()).toEqual([...all].sort())
            expect(new Set(stored.values()).size).toBe(all.length)
            for (const answer of answers) for (const [each, uid] of answer) expect(uid).toBe(stored.get(each))
            const back = await open().uids.uidsToNames(kind, stored.values())
            for (const [each, uid] of stored) expect(back.get(uid)).toBe(each)
          }),
          { numRuns: 25 },
        )
      })

      it('are refused for names that no key can hold, and given to the others', async () => {
        const store = open()
        const answer = await store.uids.assign('tagv', ['', 'x'.repeat(1025), '\ud800', 'fine'])
        expect([...answer.values()].map((uid) => uid instanceof UidError)).toEqual([true, true, true, false])
        expect((await store.uids.namesToUids('tagv', ['', 'x'.repeat(1025), '\ud800'])).size).toBe(0)
      })

      it('run out by name when the width is full', async () => {
        const { store, stop } = await openFresh({ uidWidths: { metric: 1, tagk: 1, tagv: 1 } })
        const answer = await store.uids.assign(
          'metric',
          range(300, (i) => `m${i}`),
        )
        const failed = [...answer.values()].filter((uid) => uid instanceof UidsExhaustedError)
        expect(failed).toHaveLength(300 - 255)
        expect(failed[0]?.message).toBe('No metric UIDs are left: 1 bytes hold 255 names')
        expect(await store.uids.assign('metric', ['m0'])).toEqual(new Map([['m0', 1]]))
        await stop()
      })

      it('are refused altogether where the store was made with other widths', async () => {
        await open().uids.assign('metric', ['anything'])
        const other = open({ uidWidths: { metric: 4, tagk: 3, tagv: 4 } })
        await expect(other.uids.assign('metric', ['anything'])).rejects.toThrow(UidWidthsMismatchError)
        await expect(other.uids.namesToUids('metric', ['anything'])).rejects.toThrow('3,3,4')
      })

      it('are cached, absent ones are not', async () => {
        const [reader, writer] = [open(), open()]
        const fresh = randomUUID()
        expect((await reader.uids.namesToUids('tagk', [fresh])).size).toBe(0)
        const assigned = await writer.uids.assign('tagk', [fresh])
        expect(await reader.uids.namesToUids('tagk', [fresh])).toEqual(assigned)
        const before = reader.stats.requests
        await reader.uids.namesToUids('tagk', [fresh])
        await reader.uids.uidsToNames('tagk', [Number(assigned.get(fresh))])
        expect(reader.stats.requests).toBe(before)
      })
    })

    describe('the epoch', () => {
      it('makes caches forget names within a minute of its change', async () => {
        let now = 0
        const { store, endpoint, stop } = await openFresh({ clock: () => now })
        await store.uids.assign('metric', ['renamed'])
        expect(await store.uids.epoch()).toBe(0)
        const client = openClient(endpoint)
        await client.send(
          new PutItemCommand({
            TableName: TABLES.uid,
            Item: { ...keyOf(nameKey('metric', 'renamed')), uid: { N: '7' } },
          }),
        )
        await client.send(
          new PutItemCommand({
            TableName: TABLES.uid,
            Item: { ...keyOf(uidSettingsKey()), widths: { S: '3,3,4' }, epoch: { N: '1' } },
          }),
        )
        client.destroy()
        now = 59_999
        expect((await store.uids.namesToUids('metric', ['renamed'])).get('renamed')).toBe(1)
        now = 60_000
        expect((await store.uids.namesToUids('metric', ['renamed'])).get('renamed')).toBe(7)
        expect(await store.uids.epoch()).toBe(1)
        await stop()
      })
    })

    describe('suggest', () => {
      it('lists names by prefix in order of their bytes, up to a maximum', async () => {
        const { store, stop } = await openFresh()
        const names = ['sys.cpu.user', 'sys.cpu.sys', 'sys.mem', 'sýs', 'Sys', '日本', '日', 'z']
        await store.uids.assign('metric', names)
        expect(await store.uids.suggest('metric', 'sys.', 25)).toEqual(['sys.cpu.sys', 'sys.cpu.user', 'sys.mem'])
        expect(await store.uids.suggest('metric', 'sys.', 2)).toEqual(['sys.cpu.sys', 'sys.cpu.user'])
        expect(await store.uids.suggest('metric', '日', 25)).toEqual(['日', '日本'])
        expect(await store.uids.suggest('metric', 'nothing', 25)).toEqual([])
        expect(await store.uids.suggest('metric', 'x'.repeat(2000), 25)).toEqual([])
        expect(await store.uids.suggest('metric', '', 0)).toEqual([])
        const all = await store.uids.suggest('metric', '', 100)
        expect(all).toEqual([...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
        expect(await store.uids.suggest('tagk', '', 100)).toEqual([])
        await stop()
      })
    })
  })
}
