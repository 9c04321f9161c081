import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Consumer, createConsumer } from '../../../lib/ingest/consume.ts'
import { CountedConsumer } from '../../../lib/ingest/consume-counted.ts'
import type { StreamInput } from '../../../lib/ingest/decode-record.ts'
import { parseDeviceMapping } from '../../../lib/ingest/device-mapping.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { openClient } from '../../../lib/store/dynamo.ts'
import type { Store } from '../../../lib/store/index.ts'
import { ARRIVAL_MS, input as inputOf, readable, SHELVES } from '../../helpers/consume.ts'
import { type RunningDynamo, startDynamo, TABLES } from '../../helpers/dynamo.ts'
import { openTestStore } from '../../helpers/store.ts'

const DAY_S = 86_400
let dynamo: RunningDynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(() => dynamo.stop())

const opened: Store[] = []
afterEach(() => {
  for (const store of opened.splice(0)) store.close()
})

/** Each test has a shard of its own. */
let shard = 0
let sequence = 0
const input = (metric: string, time: number): StreamInput => ({
  ...inputOf(sequence++, [[metric, 'a', time, 1]]),
  shard,
})

interface Instance {
  readonly consumer: CountedConsumer
  readonly store: Store
  /** Operations since last asked. */
  operations(): string[]
}

/**
 * @param options.fails what noting series fails with, for batches that have the metric `bad`
 * @param options.holdMs milliseconds that each request takes longer
 * @param options.dead from when on nothing is answered
 */
function instance(options: { now?: number; fails?: Error; holdMs?: number; dead?: Promise<unknown> } = {}): Instance {
  const seen: string[] = []
  let isDead = false
  options.dead?.then(() => {
    isDead = true
  })
  const client = openClient(dynamo.endpoint)
  client.middlewareStack.add(
    (send, context) => async (args) => {
      const { TableName, Key, Item } = args.input as { TableName?: string; Key?: object; Item?: object }
      const isMarker = JSON.stringify(Key ?? Item ?? {}).startsWith('{"pk":{"B":{"0":12,')
      if (TableName === TABLES.meta && isMarker) seen.push(String(context.commandName))
      if (options.holdMs !== undefined && !isMarker) await new Promise((resolve) => setTimeout(resolve, options.holdMs))
      return isDead ? new Promise(() => {}) : send(args)
    },
    { step: 'initialize' },
  )
  const store = openTestStore({ shelves: SHELVES, client })
  opened.push(store)
  const consumer: Consumer = createConsumer({
    store,
    limits: DEFAULT_LIMITS,
    mapping: parseDeviceMapping('{}'),
    blockTtlDays: 0,
    clock: () => options.now ?? ARRIVAL_MS + 1_000,
  })
  const failing: Consumer = {
    ...consumer,
    encoder: consumer.encoder,
    noter: Object.assign(Object.create(consumer.noter), {
      note: async (series: readonly { name?: unknown }[]) => {
        const bad = (await store.uids.namesToUids('metric', ['bad'])).get('bad')
        if (options.fails !== undefined && bad !== undefined && JSON.stringify(series).includes(`"metric":${bad},`)) {
          throw options.fails
        }
        return consumer.noter.note(series as never)
      },
    }),
  }
  return {
    consumer: new CountedConsumer(options.fails === undefined ? consumer : failing),
    store,
    operations: () => seen.splice(0),
  }
}

async function rejectsOf(store: Store): Promise<{ sequence: string; reason: string }[]> {
  const found: { sequence: string; reason: string }[] = []
  for await (const reject of store.rejects.list(ARRIVAL_MS / 1000)) {
    if (reject.shard === shard) found.push({ sequence: String(reject.sequence), reason: reject.reason })
  }
  return found
}

describe('what counting costs', () => {
  test('an instance looks and notes for its first batch, and nothing for those after it', async () => {
    shard++
    const { consumer, operations, store } = instance()
    await consumer.consume([input('good', 1_000 * DAY_S * 1000)])
    expect(operations()).toEqual(['GetItemCommand', 'PutItemCommand'])
    expect(await store.attempts.read(shard)).toBeUndefined()
    operations()
    for (let i = 0; i < 3; i++) await consumer.consume([input('good', 1_000 * DAY_S * 1000)])
    expect(operations()).toEqual([])
  })

  test('records that wait for more than a minute are looked after, too', async () => {
    shard++
    const options = { now: ARRIVAL_MS + 1_000 }
    const { consumer, operations } = instance(options)
    await consumer.consume([input('good', 1_001 * DAY_S * 1000)])
    operations()
    options.now += 61_000
    await consumer.consume([input('good', 1_001 * DAY_S * 1000)])
    expect(operations()).toEqual(['GetItemCommand', 'PutItemCommand'])
  })
})

test('a record that dies with each instance is rejected alone, and those around it are stored', async () => {
  shard++
  const day = 1_010 * DAY_S
  const records = ['good', 'good', 'bad', 'good'].map((metric, i) => input(metric, (day + i) * 1000))
  const killer = records[2]?.sequence
  const { store } = instance()
  let next = 0
  let calls = 0
  while (next < records.length) {
    expect(calls++).toBeLessThan(20)
    const batch = records.slice(next)
    // Once an instance decodes the killer, nothing that it asks for is answered any more.
    let die: (how: 'dead') => void = () => {}
    const dead = new Promise<'dead'>((resolve) => {
      die = resolve
    })
    const dying = instance({ dead })
    const trap = (record: StreamInput): StreamInput => ({
      ...record,
      get bytes() {
        if (new Error().stack?.includes('decodeRecord')) die('dead')
        return record.bytes
      },
    })
    const trapped = batch.map((record) => (record.sequence === killer ? trap(record) : record))
    const result = await Promise.race([dead, dying.consumer.consume(trapped)])
    if (result === 'dead') continue
    next = result.next === undefined ? records.length : records.findIndex(({ sequence }) => sequence === result.next)
  }
  const [reject, ...others] = await rejectsOf(store)
  expect(others).toEqual([])
  expect(reject).toEqual({
    sequence: killer,
    reason: expect.stringMatching(/failed 3 times with this record alone; it crashed, or ran out of memory or time/),
  })
  expect([...(await readable(store, day, day)).keys()].sort()).toEqual(
    [0, 1, 3].map((i) => `good a ${(day + i) * 1000}`).sort(),
  )
  expect(await store.attempts.read(shard)).toBeUndefined()
})

test('a record that makes its consumer fail is rejected with what it failed with, also by an instance that did well before', async () => {
  shard++
  const day = 1_020 * DAY_S
  const fails = new TypeError('series is not iterable')
  const { consumer, store } = instance({ fails })
  await store.uids.assign('metric', ['bad'])
  await consumer.consume([input('good', day * 1000)])
  const records = [input('bad', day * 1000), input('good', (day + 1) * 1000)]
  let errors = 0
  for (let next = 0; next < records.length; ) {
    try {
      const result = await consumer.consume(records.slice(next))
      next = result.next === undefined ? records.length : records.findIndex(({ sequence }) => sequence === result.next)
    } catch (error) {
      expect(error).toBe(fails)
      expect(errors++).toBeLessThan(10)
    }
  }
  expect(await rejectsOf(store)).toEqual([
    { sequence: records[0]?.sequence, reason: expect.stringContaining('TypeError: series is not iterable') },
  ])
  expect((await readable(store, day, day)).size).toBe(2)
})

test('a store that is too slow for a call is no fault of the records', async () => {
  shard++
  const { consumer, store } = instance({ holdMs: 40 })
  const record = input('good', 1_030 * DAY_S * 1000)
  for (let i = 0; i < 5; i++) {
    const result = await new CountedConsumer(slowConsumer(store)).consume([record], 10)
    expect(result.failed).toMatchObject({ from: record.sequence, cause: { code: 'store.slow' } })
  }
  expect(await store.attempts.read(shard)).toMatchObject({ tries: 0 })
  expect((await consumer.consume([record])).points).toBe(1)
  expect(await rejectsOf(store)).toEqual([])
})

function slowConsumer(store: Store): Consumer {
  return createConsumer({ store, limits: DEFAULT_LIMITS, mapping: parseDeviceMapping('{}'), blockTtlDays: 0 })
}
