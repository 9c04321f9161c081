import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { EmulatorClient } from '../../../../local/emulators/client.ts'
import { type Emulator, startEmulator } from '../../../../local/emulators/emulator.ts'
import { provideStream } from '../../../../local/emulators/provision.ts'
import type { FunctionPool, PoolOutcome } from '../../../../local/functions/pool.ts'
import { createLog } from '../../../../local/log.ts'
import { memoryState, openState } from '../../../../local/state.ts'
import { Backpressure } from '../../../../local/stream/backpressure.ts'
import { type MappingParts, RunningMapping } from '../../../../local/stream/mapping.ts'
import { Trimmer } from '../../../../local/stream/trimmer.ts'
import type { MappingModel, StreamModel } from '../../../../local/template/index.ts'
import { tinyFunction } from '../functions/bundle.ts'
import { mappingModel } from './records.ts'

let kinesis: Emulator
let client: EmulatorClient
let streams = 0

beforeAll(async () => {
  kinesis = await startEmulator('kinesis')
  client = new EmulatorClient('kinesis', kinesis.endpoint)
})

afterAll(async () => {
  client.close()
  await kinesis.close()
})

const PASSED: PoolOutcome = { kind: 'answer', payload: '{"batchItemFailures":[]}' }

/** A stream of its own, with a mapping that hears of puts, to a function in this process. */
async function scene(
  answer: (texts: string[]) => PoolOutcome | Promise<PoolOutcome>,
  options: { mapping?: Partial<MappingModel>; shardCount?: number } & Partial<MappingParts> = {},
) {
  const { mapping: changes, shardCount = 1, windowMs = 20, ...parts } = options
  const name = `points-${++streams}`
  const stream: StreamModel = {
    logicalId: 'Stream',
    name,
    arn: `arn:aws:kinesis:local:000000000000:stream/${name}`,
    shards: shardCount,
    retentionHours: 168,
  }
  const log = createLog('silent')
  const shards = await provideStream(client, stream, log)
  const batches: string[][] = []
  const { pool: model } = await tinyFunction('export const handler = () => 1')
  const pool: Pick<FunctionPool, 'call' | 'model'> = {
    model: model.model,
    call: async (event) => {
      const texts = textsOf(event)
      batches.push(texts)
      return answer(texts)
    },
  }
  const trimmer = parts.trimmer ?? new Trimmer(kinesis.trim)
  const mapping = mappingModel({ streamArn: stream.arn, ...changes })
  const start = async (again: Partial<MappingParts> = {}) => {
    const running = await RunningMapping.start(mapping, {
      client,
      stream,
      shards,
      // The mapping uses these two members.
      pool: pool as FunctionPool,
      state: memoryState(),
      trimmer,
      backpressure: new Backpressure(() => undefined),
      queue: undefined,
      dataDir: undefined,
      windowMs,
      log,
      ...parts,
      ...again,
    })
    kinesis.onRecords = (put) => {
      if (put === name) running.nudge()
    }
    onTestFinished(async () => {
      trimmer.stop()
      await running.stop()
    })
    return running
  }
  return { name, stream, shards, batches, start, trimmer }
}

/** The records' data as texts, of an event. */
function textsOf(event: unknown): string[] {
  const { Records } = event as { Records: { kinesis: { data: string } }[] }
  return Records.map((record) => Buffer.from(record.kinesis.data, 'base64').toString())
}

async function put(stream: string, ...texts: string[]): Promise<void> {
  await client.call('PutRecords', {
    StreamName: stream,
    Records: texts.map((text) => ({ Data: Buffer.from(text).toString('base64'), PartitionKey: text.slice(0, 100) })),
  })
}

async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tsdb-stream-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  return dir
}

test('what is put before the start and after it is delivered in order', async () => {
  const { name, batches, start } = await scene(() => PASSED)
  await put(name, 'a', 'b')
  const running = await start()
  await put(name, 'c')
  await put(name, 'd')
  await running.drain()
  expect(batches.flat()).toEqual(['a', 'b', 'c', 'd'])
})

test('what comes within a window is one batch', async () => {
  const { name, batches, start } = await scene(() => PASSED, { windowMs: 500 })
  await start()
  for (const text of ['a', 'b', 'c']) await put(name, text)
  await until(() => batches.length > 0)
  expect(batches).toEqual([['a', 'b', 'c']])
})

test('a batch that is full does not wait for its window', async () => {
  const { name, batches, start } = await scene(() => PASSED, { windowMs: 60_000, mapping: { batchSize: 2 } })
  await start()
  await put(name, 'a', 'b', 'c')
  await until(() => batches.length === 1)
  expect(batches).toEqual([['a', 'b']])
})

test('records of one shard are never delivered at the same time, those of different shards may be', async () => {
  const running = new Map<string, number>()
  let most = 0
  const { name, batches, start } = await scene(
    async (texts) => {
      const shard = texts[0]?.slice(0, 1) ?? ''
      running.set(shard, (running.get(shard) ?? 0) + 1)
      most = Math.max(most, ...running.values())
      await new Promise((resolve) => setTimeout(resolve, 5))
      running.set(shard, (running.get(shard) ?? 0) - 1)
      return PASSED
    },
    { mapping: { batchSize: 1 } },
  )
  await put(name, ...Array.from({ length: 10 }, (_, n) => `s${n}`))
  await (await start()).drain()
  expect(most).toBe(1)
  expect(batches.flat()).toEqual(Array.from({ length: 10 }, (_, n) => `s${n}`))
})

test('all shards are read', async () => {
  const { name, batches, start } = await scene(() => PASSED, { shardCount: 3 })
  const texts = Array.from({ length: 50 }, (_, n) => `record ${n}`)
  await put(name, ...texts)
  await (await start()).drain()
  expect(batches.length).toBeGreaterThanOrEqual(3)
  expect(new Set(batches.flat())).toEqual(new Set(texts))
})

test('large records are delivered in batches below Lambda’s limit', async () => {
  const { name, batches, start } = await scene((texts) => (texts.length <= 4 ? PASSED : { kind: 'timeout' }))
  const large = (letter: string) => letter.repeat(1_000_000)
  await put(name, large('a'), large('b'), large('c'))
  await put(name, large('d'), large('e'), large('f'))
  await (await start()).drain()
  expect(batches.flat().map((text) => text.slice(0, 1))).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

test('a restart goes on after the last checkpoint and delivers what had none again', async () => {
  const dataDir = await tempDir()
  const state = await openState(dataDir)
  let away = false
  const { name, batches, start } = await scene(() =>
    away ? { kind: 'error', name: 'Error', message: 'away' } : PASSED,
  )
  const first = await start({ state })
  await put(name, 'a', 'b')
  await first.drain()
  away = true
  await put(name, 'c')
  await until(() => batches.flat().includes('c'))
  await first.stop()
  await state.close()

  away = false
  batches.length = 0
  const reopened = await openState(dataDir)
  onTestFinished(() => reopened.close())
  await put(name, 'd')
  const second = await start({ state: reopened })
  await second.drain()
  await second.stop()
  expect(batches).toEqual([['c', 'd']])
})

test('what is given up goes to the queue’s file with its records, and the shard goes on', async () => {
  const dataDir = await tempDir()
  const queue = { logicalId: 'Failed', name: 'failed', arn: 'arn:aws:sqs:local:000000000000:failed' }
  const bad = (texts: string[]): PoolOutcome =>
    texts.includes('bad') ? { kind: 'error', name: 'Error', message: 'bad' } : PASSED
  const { name, batches, start } = await scene(bad, { mapping: { maxRetries: 0, bisectOnError: true }, dataDir, queue })
  await put(name, 'a', 'bad', 'c')
  await (await start()).drain()
  expect(batches).toContainEqual(['c'])
  const lines = (await readFile(`${dataDir}/queues/failed.jsonl`, 'utf8')).trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 1 },
      KinesisBatchInfo: { shardId: 'shardId-000000000000', batchSize: 1 },
      records: [{ Data: Buffer.from('bad').toString('base64') }],
    },
  ])
})

test('what turns puts away hears how old what was dealt with is, and that nothing is left', async () => {
  const heard: string[] = []
  const backpressure = Object.assign(new Backpressure(() => undefined), {
    delivered: (_: string, arrivedMs: number) => heard.push(Date.now() - arrivedMs < 60_000 ? 'young' : 'old'),
    caughtUp: () => heard.push('nothing left'),
  })
  const { name, start } = await scene(() => PASSED, { backpressure })
  await put(name, 'a')
  const running = await start()
  await running.drain()
  expect(heard.slice(0, 2)).toEqual(['young', 'nothing left'])
})

test('what is dealt with is deleted from the stream, and what comes later is still delivered', async () => {
  const { name, batches, start, shards, trimmer } = await scene(() => PASSED)
  const running = await start()
  await put(name, 'a', 'b')
  await running.drain()
  const onStream = async () => {
    const { ShardIterator } = await client.call<{ ShardIterator: string }>('GetShardIterator', {
      StreamName: name,
      ShardId: shards[0]?.id,
      ShardIteratorType: 'TRIM_HORIZON',
    })
    return (await client.call<{ Records: object[] }>('GetRecords', { ShardIterator })).Records.length
  }
  expect(await onStream()).toBe(2)
  trimmer.trimNow()
  await until(async () => (await onStream()) === 0)
  await put(name, 'c')
  await running.drain()
  expect(batches.flat()).toEqual(['a', 'b', 'c'])
})

/** Waits until something is so; the test's own time limit is the end of patience. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}
