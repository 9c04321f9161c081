import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { EncodedBlock } from '../../../lib/ingest/blocks.ts'
import { SEAL_GRACE_MS, writeBlocks } from '../../../lib/ingest/write-blocks.ts'
import { openClient } from '../../../lib/store/dynamo.ts'
import { StoreUnavailableError } from '../../../lib/store/errors.ts'
import type { Store } from '../../../lib/store/index.ts'
import { type RunningDynamo, startDynamo } from '../../helpers/dynamo.ts'
import { beforeNth } from '../../helpers/dynamo-faults.ts'
import { openTestStore } from '../../helpers/store.ts'

const SHELF = 2

let dynamo: RunningDynamo
let stores: Store[] = []
let baseTime = 1_356_998_400

beforeAll(async () => {
  dynamo = await startDynamo()
})
beforeEach(() => {
  baseTime += 3600
})
afterAll(async () => {
  for (const store of stores) store.close()
  stores = []
  await dynamo.stop()
})

function open(options: Parameters<typeof openTestStore>[0] = {}): Store {
  const store = openTestStore({ endpoint: dynamo.endpoint, ...options })
  stores.push(store)
  return store
}

let made = 0

function block(): EncodedBlock {
  const sequence = BigInt(++made)
  const group = { shelf: SHELF, baseTime, firstRun: 0, endRun: 0 }
  return { group, bytes: Buffer.from(`block ${made}`), shard: 7, firstSequence: sequence, lastSequence: sequence }
}

/** Writes some blocks. @param afterHourMs by the writer's clock, milliseconds after the hour's end */
function write(store: Store, count: number, afterHourMs = -1_800_000): Promise<void> {
  const clock = () => (baseTime + 3600) * 1000 + afterHourMs
  const blocks = Array.from({ length: count }, block)
  return writeBlocks({ store, blockTtlDays: 0, clock }, blocks)
}

/** The places of all blocks of the hour, in the order of their keys. */
async function places() {
  const blocks = await open().data.blocksOf(SHELF, baseTime)
  return blocks.map(({ place }) => place && `${place.run}/${place.number}`)
}

test('blocks have a place in the run of who writes them, one behind the other, also those of one batch', async () => {
  const [one, two] = [open(), open()]
  await write(one, 2)
  await write(two, 1)
  await write(one, 1)
  await write(two, 1)
  expect(await places()).toEqual(['0/0', '0/1', '0/2', '1/0', '1/1'])
})

test('towards the cut-off and behind it they have none, and sort by time', async () => {
  const store = open()
  await write(store, 1, SEAL_GRACE_MS / 2)
  await write(store, 1, SEAL_GRACE_MS / 2 - 1)
  await write(store, 1, SEAL_GRACE_MS)
  await write(store, 1, -1)
  expect(await places()).toEqual(['0/0', '0/1', undefined, undefined])
})

test('after a put that failed the writer begins another run, so that no reader waits for what is missing', async () => {
  const client = openClient(dynamo.endpoint)
  let isAway = false
  beforeNth(client, 'BatchWriteItemCommand', 2, async () => {
    isAway = true
    throw Object.assign(new Error('away'), { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } })
  })
  const store = open({ client, deadlineMs: 1 })
  await write(store, 1)
  await expect(write(store, 2)).rejects.toThrow(StoreUnavailableError)
  expect(isAway).toBe(true)
  await write(store, 2)
  expect(await places()).toEqual(['0/0', '1/0', '1/1'])
})
