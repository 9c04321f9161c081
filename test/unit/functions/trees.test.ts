import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ENV } from '../../../functions/environment.ts'
import { encodeTsuid } from '../../../lib/codec/tsuid.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import type { Store } from '../../../lib/store/index.ts'
import type { TreeStore } from '../../../lib/store/trees.ts'
import { TreeDefinitions } from '../../../lib/tree/definitions.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'

const timeLeft = (ms: number) => ({ getRemainingTimeInMillis: () => ms })

let dynamo: RunningDynamo
let tend: typeof import('../../../functions/trees.ts')
let store: Store
let trees: TreeStore

beforeAll(async () => {
  dynamo = await startDynamo()
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    [ENV.tsdbTable]: TABLES.data,
    [ENV.uidTable]: TABLES.uid,
    [ENV.metaTable]: TABLES.meta,
    [ENV.treeTable]: TABLES.tree,
    [ENV.logLevel]: 'error',
  })
  tend = await import('../../../functions/trees.ts')
  store = openTestStore({ endpoint: dynamo.endpoint })
  if (store.trees === undefined) throw new Error('The store has no trees')
  trees = store.trees
})

afterAll(() => {
  vi.useRealTimers()
  store.close()
  return dynamo.stop()
})

test('plants what waits and deletes what was emptied, as far as it has time', async () => {
  const definitions = new TreeDefinitions(trees, DEFAULT_LIMITS)
  const tree = await definitions.create({ name: 't', enabled: true })
  await definitions.saveRule(tree.treeId, { level: 0, order: 0, type: 'METRIC' }, false)
  await Promise.all([
    store.uids.assign('metric', ['m']),
    store.uids.assign('tagk', ['host']),
    store.uids.assign('tagv', ['a']),
  ])
  await trees.putWaiting([encodeTsuid(1, [[1, 1]], DEFAULT_UID_WIDTHS)])
  expect(await tend.handler({}, timeLeft(29_000))).toEqual({ planted: 0, cleared: 0 })
  expect(await tend.handler({}, timeLeft(290_000))).toEqual({ planted: 1, cleared: 0 })
  expect((await trees.readBranch({ ...tree, hashes: [] }))?.leaves).toMatchObject([{ name: 'm' }])
  await definitions.remove(tree.treeId, true)
  expect(await tend.handler({}, timeLeft(290_000))).toEqual({ planted: 0, cleared: 0 })
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
  expect(await tend.handler({}, timeLeft(290_000))).toEqual({ planted: 0, cleared: 1 })
  expect(await trees.readBranch({ ...tree, hashes: [] })).toBeUndefined()
})
