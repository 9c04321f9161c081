import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEFAULT_UID_WIDTHS, UID_KINDS } from '../../lib/model/series.ts'
import { checkNames } from '../../lib/uid/fsck.ts'
import { type RunningDynamo, startDynamo } from '../helpers/dynamo.ts'
import { openTestStore } from '../helpers/store.ts'
import type { Assigned, AssignOrder } from '../helpers/uid-assigner.child.ts'
import { range, rotate } from './stores.ts'

const PROCESSES = 3

let dynamo: RunningDynamo
let children: ChildProcess[]

beforeAll(async () => {
  dynamo = await startDynamo()
  const child = join(import.meta.dirname, '../helpers/uid-assigner.child.ts')
  children = range(PROCESSES, () => fork(child, { execArgv: ['--import', 'tsx'] }))
  await Promise.all(children.map((each) => once(each, 'message')))
}, 60_000)

afterAll(async () => {
  for (const child of children) child.kill()
  await dynamo.stop()
})

test('processes that assign the same names at once agree on one UID for each, and the table has no faults', {
  timeout: 120_000,
}, async () => {
  const names = [
    '__proto__',
    'constructor',
    'toString',
    'é',
    '日本語',
    'x'.repeat(256),
    ...range(260, (i) => `name.${i}`),
  ]
  const answers = await Promise.all(
    children.map(async (child, i): Promise<Assigned> => {
      const own = rotate(names, i % 2 === 0 ? 0 : i * 40)
      const order: AssignOrder = { endpoint: dynamo.endpoint, batches: [own.slice(0, 100), own.slice(100)] }
      child.send(order)
      const [assigned] = await once(child, 'message')
      return assigned
    }),
  )
  const store = openTestStore({ shelves: 1, endpoint: dynamo.endpoint })
  for (const kind of UID_KINDS) {
    const [first, ...others] = answers.map((answer) => new Map(answer[kind]))
    const uids = names.map((name) => first?.get(name))
    expect(uids.every((uid) => typeof uid === 'number')).toBe(true)
    expect(new Set(uids).size).toBe(names.length)
    for (const other of others) expect(names.map((name) => other.get(name))).toEqual(uids)
    // what losers of races were given is wasted, and nothing but that
    expect(await store.uidTable.given(kind)).toBeGreaterThanOrEqual(names.length)
    const check = await checkNames(store.uidTable, DEFAULT_UID_WIDTHS, kind, '', Number.POSITIVE_INFINITY)
    expect(check).toEqual({ checked: names.length, faults: [] })
  }
  store.close()
})
