import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { keyOf, openClient } from '../../lib/store/dynamo.ts'
import { counterKey, nameKey, uidKey } from '../../lib/store/keys.ts'
import { checkNames } from '../../lib/uid/fsck.ts'
import { type RunningDynamo, TABLES } from '../helpers/dynamo.ts'
import { beforeNth, dieAfter, loseAnswers } from '../helpers/dynamo-faults.ts'
import { range, useStores } from './stores.ts'

/**
 * What renaming, deleting and checking names promise.
 * @param start starts a DynamoDB with the four empty tables
 */
export function uidAdminContract(name: string, start: () => Promise<RunningDynamo>): void {
  describe(`Looking after names on ${name}`, () => {
    const { open, openFresh, endpoint } = useStores(start)

    it('assigns only names that have no UID and break no rule, and says why not', async () => {
      const { store, stop } = await openFresh()
      await store.uids.assign('metric', ['old'])
      const answer = await store.uidAdmin.assign('metric', ['new', 'old', 'bad name', '', 'y'.repeat(300), 'new'], 256)
      expect(Object.fromEntries(answer)).toEqual({
        new: 2,
        old: 'Name already exists with UID: 000001',
        'bad name': 'Invalid metric ("bad name"): illegal character:  ',
        '': 'Invalid metric: empty string',
        ['y'.repeat(300)]: 'Invalid metric: 300 bytes, nameBytes allows 256',
      })
      await stop()
    })

    it('gives a UID another name, for others within a minute, and the old name is a new name then', async () => {
      let now = 1_000_000
      const { store, endpoint: at, stop } = await openFresh({ clock: () => now })
      const other = open({ endpoint: at, clock: () => now })
      await store.uids.assign('tagk', ['hots'])
      expect((await other.uids.namesToUids('tagk', ['hots'])).get('hots')).toBe(1)
      await store.uidAdmin.rename('tagk', 'hots', 'host', 256)
      expect(await store.uids.uidsToNames('tagk', [1])).toEqual(new Map([[1, 'host']]))
      expect(await store.uids.namesToUids('tagk', ['hots', 'host'])).toEqual(new Map([['host', 1]]))
      expect((await other.uids.namesToUids('tagk', ['hots'])).get('hots')).toBe(1)
      now += 60_000
      expect(await other.uids.namesToUids('tagk', ['hots', 'host'])).toEqual(new Map([['host', 1]]))
      expect((await other.uids.assign('tagk', ['hots'])).get('hots')).toBe(2)
      await stop()
    })

    it('refuses to rename what is unknown, taken or no name, and changes nothing then', async () => {
      const { store, stop } = await openFresh()
      await store.uids.assign('metric', ['a', 'b'])
      const rename = (from: string, to: string) => store.uidAdmin.rename('metric', from, to, 256)
      await expect(rename('nosuch', 'c')).rejects.toThrow('Name("nosuch") does not exist')
      await expect(rename('a', 'b')).rejects.toThrow('new name already assigned ID=000002')
      await expect(rename('a', 'a')).rejects.toThrow('new name already assigned ID=000001')
      await expect(rename('a', 'no way')).rejects.toThrow('illegal character')
      expect(await store.uidTable.uidsOf('metric', ['a', 'b', 'c'])).toEqual(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      )
      expect(await store.uids.epoch()).toBe(0)
      await stop()
    })

    it('finishes a rename that died after any request when it is asked for again, without a name ever lost', async () => {
      for (let requests = 1; ; requests++) {
        const { store, endpoint: at, stop } = await openFresh()
        await store.uids.assign('metric', ['from'])
        const client = openClient(at)
        const faults = dieAfter(client, requests, true)
        const dying = open({ client, deadlineMs: 100 })
        const died = await dying.uidAdmin.rename('metric', 'from', 'to', 256).then(
          () => false,
          () => true,
        )
        const names = await store.uidTable.uidsOf('metric', ['from', 'to'])
        expect(new Set(names.values()), `after ${requests} requests`).toEqual(new Set([1]))
        expect(['from', 'to']).toContain((await store.uidTable.namesOf('metric', [1])).get(1))
        if (names.has('from')) await store.uidAdmin.rename('metric', 'from', 'to', 256)
        expect(await store.uidTable.uidsOf('metric', ['from', 'to'])).toEqual(new Map([['to', 1]]))
        expect(await checkNames(store.uidTable, DEFAULT_UID_WIDTHS, 'metric', '', 10)).toEqual({
          checked: 1,
          faults: [],
        })
        await stop()
        if (!died) {
          expect(faults.made()).toBeGreaterThan(5)
          break
        }
      }
    })

    it('lets one of two renames at once win', async () => {
      const { store, endpoint: at, stop } = await openFresh()
      await store.uids.assign('metric', ['m'])
      const outcomes = await Promise.allSettled([
        open({ endpoint: at }).uidAdmin.rename('metric', 'm', 'one', 256),
        open({ endpoint: at }).uidAdmin.rename('metric', 'm', 'two', 256),
      ])
      const forwards = await store.uidTable.uidsOf('metric', ['m', 'one', 'two'])
      expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true)
      expect(forwards.size).toBe(1)
      expect((await checkNames(store.uidTable, DEFAULT_UID_WIDTHS, 'metric', '', 10)).faults).toEqual([])
      await stop()
    })

    it.each([
      ['UpdateItemCommand', 1],
      ['UpdateItemCommand', 2],
      ['DeleteItemCommand', 1],
      ['UpdateItemCommand', 3],
    ])('leaves a name that leads to the UID where it is given back before the %s %i of a rename', async (command, n) => {
      const { store, endpoint: at, stop } = await openFresh()
      await store.uids.assign('metric', ['from'])
      const client = openClient(at)
      beforeNth(client, command, n, () => store.uidAdmin.rename('metric', 'to', 'from', 256).catch(() => undefined))
      await open({ client }).uidAdmin.rename('metric', 'from', 'to', 256)
      const shown = (await store.uidTable.namesOf('metric', [1])).get(1) ?? ''
      expect((await store.uidTable.uidsOf('metric', ['from', 'to'])).get(shown)).toBe(1)
      await stop()
    })

    it('keeps a name that a rename there deleted while one back had claimed it', async () => {
      const { store, endpoint: at, stop } = await openFresh()
      await store.uids.assign('metric', ['from'])
      const [there, back] = [openClient(at), openClient(at)]
      let wentOn = () => {}
      const claimed = new Promise<void>((resolve) => {
        wentOn = resolve
      })
      let renamed: Promise<unknown> = Promise.resolve()
      // the one back has claimed the name and not changed the reverse yet when the one there deletes the name's forward
      beforeNth(there, 'DeleteItemCommand', 1, async () => {
        const isThere = new Promise<void>((resolve) => {
          beforeNth(back, 'UpdateItemCommand', 1, async () => {
            resolve()
            await claimed
          })
        })
        renamed = open({ client: back }).uidAdmin.rename('metric', 'to', 'from', 256)
        await isThere
      })
      await open({ client: there }).uidAdmin.rename('metric', 'from', 'to', 256)
      wentOn()
      await renamed
      expect(await store.uidTable.uidsOf('metric', ['from', 'to'])).toEqual(new Map([['from', 1]]))
      expect((await store.uidTable.namesOf('metric', [1])).get(1)).toBe('from')
      await stop()
    })

    it('renames although answers get lost', async () => {
      const client = openClient(endpoint())
      const store = open({ client })
      await store.uids.assign('tagv', ['lost'])
      loseAnswers(client)
      await store.uidAdmin.rename('tagv', 'lost', 'found', 256)
      expect([...(await open().uids.namesToUids('tagv', ['lost', 'found'])).keys()]).toEqual(['found'])
    })

    it('deletes a name but not what its UID leads to, and never gives the UID again', async () => {
      const { store, stop } = await openFresh()
      await store.uids.assign('metric', ['gone'])
      expect(await store.uidAdmin.remove('metric', 'gone')).toBe(1)
      await expect(store.uidAdmin.remove('metric', 'gone')).rejects.toThrow('Name("gone") does not exist')
      expect(await store.uids.suggest('metric', '', 10)).toEqual([])
      expect(await store.uids.uidsToNames('metric', [1])).toEqual(new Map([[1, 'gone']]))
      expect((await store.uids.assign('metric', ['gone'])).get('gone')).toBe(2)
      await stop()
    })

    it('says how many UIDs are used and left', async () => {
      const { store, stop } = await openFresh()
      const names = range(20, (i) => `n${i}`)
      for (const kind of ['metric', 'tagk', 'tagv'] as const) await store.uids.assign(kind, names)
      expect(await store.uidAdmin.usage()).toEqual([
        { kind: 'metric', used: 20, available: 2 ** 24 - 1 - 20 },
        { kind: 'tagk', used: 20, available: 2 ** 24 - 1 - 20 },
        { kind: 'tagv', used: 20, available: 2 ** 32 - 1 - 20 },
      ])
      await stop()
    })

    it('finds names that lead nowhere or elsewhere and a counter that was set back, page by page', async () => {
      const { store, endpoint: at, stop } = await openFresh()
      await store.uids.assign(
        'tagk',
        range(30, (i) => `k${String(i).padStart(4, '0')}`),
      )
      const check = (after: string) => checkNames(store.uidTable, DEFAULT_UID_WIDTHS, 'tagk', after, 20)
      const first = await check('')
      expect(first).toMatchObject({ checked: 20, faults: [], next: 'k0019' })
      expect(await check('k0019')).toEqual({ checked: 10, faults: [] })
      const client = openClient(at)
      const uidOf = async (name: string) => (await store.uidTable.uidsOf('tagk', [name])).get(name) ?? 0
      const lost = await uidOf('k0001')
      await client.send(new DeleteItemCommand({ TableName: TABLES.uid, Key: keyOf(uidKey('tagk', lost, 3)) }))
      const double = await uidOf('k0003')
      await client.send(
        new PutItemCommand({
          TableName: TABLES.uid,
          Item: { ...keyOf(nameKey('tagk', 'k0002')), uid: { N: String(double) } },
        }),
      )
      const faults = (await check('')).faults.map((fault) => `${fault.name}: ${fault.fault}`)
      expect(faults).toEqual(['k0001: The UID leads to no name', 'k0002: The UID leads to k0003'])
      await client.send(
        new PutItemCommand({ TableName: TABLES.uid, Item: { ...keyOf(counterKey('tagk')), given: { N: '10' } } }),
      )
      expect((await check('')).faults.some(({ fault }) => fault.startsWith('The counter is at 10'))).toBe(true)
      client.destroy()
      await stop()
    })

    it('reads only the names that it suggests, however many there are', async () => {
      const { store, stop } = await openFresh()
      await store.uids.assign(
        'metric',
        range(200, (i) => `sys.${String(i).padStart(3, '0')}`),
      )
      const before = { ...store.stats }
      expect(await store.uids.suggest('metric', 'sys.1', 25)).toHaveLength(25)
      expect(store.stats.requests - before.requests).toBe(1)
      // units grow with what is read: 25 names of some 20 bytes are one
      expect(store.stats.readUnits - before.readUnits).toBeLessThanOrEqual(1)
      await stop()
    })
  })
}
