import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { LocalServer } from '../../local/server.ts'
import { runTsdb } from '../helpers/cli.ts'
import { batchOf, input } from '../helpers/consume.ts'
import { startTestServer } from '../helpers/server.ts'

const HOUR_S = 1_699_999_200
let dataDir: string
let server: LocalServer
let client: KinesisClient

beforeAll(async () => {
  dataDir = await mkdtemp(`${tmpdir()}/tsdb-rejects-`)
  server = await startTestServer({ dataDir, batchWindowMs: 20, logLevel: 'silent' })
  client = new KinesisClient({
    endpoint: server.kinesisEndpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler(),
  })
})
afterAll(async () => {
  client.destroy()
  await server.close()
  await rm(dataDir, { recursive: true })
})
beforeEach(async () => {
  await rejects('drop', '--all')
})

const rejects = (command: string, ...args: string[]) => runTsdb(['rejects', command, '--data', dataDir, ...args])

async function send(record: string | Uint8Array): Promise<void> {
  const Data = typeof record === 'string' ? Buffer.from(record) : record
  await client.send(new PutRecordCommand({ StreamName: server.streamName, Data, PartitionKey: 'one' }))
}

/** Waits until so many rejects are listed. */
async function listed(count: number): Promise<{ ids: string[]; text: string }> {
  for (;;) {
    const { stdout } = await rejects('list')
    const ids = [...stdout.matchAll(/^[0-9a-f]{12}(?= )/gm)].map(([id]) => id)
    if (ids.length === count) return { ids, text: stdout }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('an empty list says so', async () => {
  expect(await rejects('list')).toEqual({ status: 0, stdout: '0 rejects\n', stderr: '' })
})

test('lists rejects with time, size and reason, and shows where one comes from and what it holds', async () => {
  await send('no points at all')
  const { ids, text } = await listed(1)
  expect(text).toMatch(/^[0-9a-f]{12} 20\d\d-\d\d-\d\dT[\d:.]+Z +16 {2}\S.*$/m)
  const shown = await rejects('show', ids[0]?.slice(0, 5) ?? '')
  expect(shown.status).toBe(0)
  expect(shown.stdout).toMatch(/^source {3}shard \d+, sequence number \d+$/m)
  expect(shown.stdout).toMatch(/^size {5}16 bytes, text$/m)
  expect(shown.stdout).toMatch(/^reason {3}\S/m)
  expect(shown.stdout).toContain('\n\nno points at all\n')
  expect((await rejects('show', ids[0] ?? '', '--raw')).stdout).toBe('no points at all')
})

test('shows the points of a packed record as JSON', async () => {
  const { bytes } = input(0, [['m', 'a', HOUR_S * 1000, 1n]])
  expect(batchOf([['m', 'a', HOUR_S * 1000, 1n]]).points.count).toBe(1)
  // Of a version that nobody can read yet, it is shown as it is.
  await send(bytes.slice(0, bytes.length - 3))
  const { ids } = await listed(1)
  expect((await rejects('show', ids[0] ?? '')).stdout).toContain('packed, but not readable; in base64')
})

test('sends rejects again: what is still bad comes back, what was mended is stored, and of neither is one kept twice', async () => {
  const good = { metric: 'retried', timestamp: HOUR_S, value: 7, tags: { host: 'a' } }
  await send(JSON.stringify([good, { ...good, timestamp: HOUR_S + 1, value: 'not a number', tags: {} }]))
  const { ids } = await listed(1)
  expect(await rejects('retry', ...ids)).toMatchObject({
    status: 0,
    stdout: `${ids[0]}: on the stream again\n1 reject sent again\n`,
  })
  const again = await listed(1)
  expect(again.ids).not.toEqual(ids)
  const answer = await fetch(`${server.url}/api/query?start=${HOUR_S}&end=${HOUR_S + 60}&m=none:retried`)
  expect(await answer.json()).toMatchObject([{ dps: { [HOUR_S]: 7 } }])
  expect((await rejects('retry', '--all')).stdout).toContain('1 reject sent again')
})

test('drops one, or all', async () => {
  for (const record of ['bad one', 'bad two', 'bad three']) await send(record)
  const { ids } = await listed(3)
  expect((await rejects('drop', ids[1] ?? '')).stdout).toBe('1 reject deleted\n')
  expect((await listed(2)).ids).toEqual([ids[0], ids[2]])
  expect((await rejects('drop', '--all')).stdout).toBe('2 rejects deleted\n')
  expect((await rejects('list')).stdout).toBe('0 rejects\n')
})

test('a record of many chunks comes back whole, and is dropped whole', async () => {
  // Random text packs badly: more than the 350,000 bytes of a chunk.
  const text = Buffer.from(crypto.getRandomValues(new Uint8Array(65_536))).toString('hex')
  const large = Array.from({ length: 6 }, (_, i) => text.slice(i) + text.slice(0, i)).join('')
  await send(large)
  const { ids } = await listed(1)
  expect((await rejects('show', ids[0] ?? '', '--raw')).stdout).toBe(large)
  expect((await rejects('drop', ids[0] ?? '')).status).toBe(0)
})

test('refuses ids that are none, neither ids nor --all, and both', async () => {
  expect(await rejects('show', 'ffffffffffff')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/There is no reject ffffffffffff/),
  })
  expect(await rejects('drop')).toMatchObject({ status: 2, stderr: expect.stringMatching(/by --all/) })
  expect(await rejects('retry', 'abc', '--all')).toMatchObject({ status: 2, stderr: expect.stringMatching(/by --all/) })
  expect(await runTsdb(['rejects', 'retry', '--aws', '--all'])).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/--stream NAME/),
  })
})
