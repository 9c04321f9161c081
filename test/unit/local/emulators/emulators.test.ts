import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { EmulatorClient } from '../../../../local/emulators/client.ts'
import { startEmulator } from '../../../../local/emulators/emulator.ts'
import { provideStream, provideTable } from '../../../../local/emulators/provision.ts'
import { createLog } from '../../../../local/log.ts'
import type { StreamModel, TableModel } from '../../../../local/template/index.ts'

const LOG = createLog('silent')
const TABLE: TableModel = {
  logicalId: 'Data',
  name: 'tsdb',
  keys: [
    { name: 'pk', type: 'B', role: 'HASH' },
    { name: 'sk', type: 'B', role: 'RANGE' },
  ],
  ttlAttribute: undefined,
}
const STREAM: StreamModel = { logicalId: 'Stream', name: 'points', arn: 'arn', shards: undefined, retentionHours: 168 }
const ITEM = { pk: { B: 'AQ==' }, sk: { B: 'Ag==' }, value: { S: 'kept' } }

async function start(kind: 'dynamo' | 'kinesis', path?: string) {
  const emulator = await startEmulator(kind, path)
  const client = new EmulatorClient(kind, emulator.endpoint)
  const stop = async () => {
    client.close()
    await emulator.close()
  }
  return { emulator, client, stop }
}

async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tsdb-emulator-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  return dir
}

test('tables and their items outlive a restart; making them again changes nothing', async () => {
  const path = await tempDir()
  const first = await start('dynamo', path)
  await provideTable(first.client, TABLE)
  await first.client.call('PutItem', { TableName: TABLE.name, Item: ITEM })
  await first.stop()

  const second = await start('dynamo', path)
  onTestFinished(second.stop)
  await provideTable(second.client, TABLE)
  const found = await second.client.call('GetItem', { TableName: TABLE.name, Key: { pk: ITEM.pk, sk: ITEM.sk } })
  expect(found).toEqual({ Item: ITEM })
})

test('a table with other keys than the template’s is refused', async () => {
  const { client, stop } = await start('dynamo')
  onTestFinished(stop)
  await provideTable(client, TABLE)
  const other: TableModel = { ...TABLE, keys: [{ name: 'id', type: 'S', role: 'HASH' }] }
  await expect(provideTable(client, other)).rejects.toThrow(/table tsdb has other keys than the template/)
})

test('streams and their records outlive a restart; another number of shards is refused', async () => {
  const path = await tempDir()
  const first = await start('kinesis', path)
  const shards = await provideStream(first.client, STREAM, LOG)
  await first.client.call('PutRecord', { StreamName: 'points', Data: 'AA==', PartitionKey: 'p' })
  await first.stop()

  const second = await start('kinesis', path)
  onTestFinished(second.stop)
  expect(await provideStream(second.client, STREAM, LOG)).toEqual(shards)
  await expect(provideStream(second.client, { ...STREAM, shards: 7 }, LOG)).rejects.toThrow(
    /has 2 shards, the template says 7/,
  )
  const summary = await second.client.call('DescribeStreamSummary', { StreamName: 'points' })
  expect(summary).toMatchObject({ StreamDescriptionSummary: { RetentionPeriodHours: 168 } })
})

test('every put on a stream is told', async () => {
  const { emulator, client, stop } = await start('kinesis')
  onTestFinished(stop)
  await provideStream(client, STREAM, LOG)
  const told = new Promise((resolve) => {
    emulator.onRecords = resolve
  })
  await client.call('PutRecords', { StreamName: 'points', Records: [{ Data: 'AA==', PartitionKey: 'p' }] })
  expect(await told).toBe('points')
})

test('puts on a stream are turned away while told so, with the error by which Kinesis says that it is too much', async () => {
  const { emulator, client, stop } = await start('kinesis')
  onTestFinished(stop)
  await provideStream(client, STREAM, LOG)
  const put = () => client.call('PutRecords', { StreamName: 'points', Records: [{ Data: 'AA==', PartitionKey: 'p' }] })
  emulator.refusePuts('points', true)
  const refused = { type: 'ProvisionedThroughputExceededException' }
  await vi.waitFor(() => expect(put()).rejects.toMatchObject(refused), 10_000)
  // reading goes on
  await client.call('DescribeStream', { StreamName: 'points' })
  emulator.refusePuts('points', false)
  await vi.waitFor(async () => expect(await put()).toMatchObject({ FailedRecordCount: 0 }), 10_000)
})

test('a client that goes away in the middle of a body does not end the emulator', async () => {
  const { emulator, client, stop } = await start('dynamo')
  onTestFinished(stop)
  const socket = connect(Number(new URL(emulator.endpoint).port), '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"half')
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.resetAndDestroy()
  await new Promise((resolve) => setTimeout(resolve, 50))
  await provideTable(client, TABLE)
})

test('a refused call names AWS’s error', async () => {
  const { client, stop } = await start('dynamo')
  onTestFinished(stop)
  await expect(client.call('DescribeTable', { TableName: 'nothing' })).rejects.toMatchObject({
    name: 'EmulatorError',
    type: 'ResourceNotFoundException',
  })
})

test.each([
  ['dynamo', { TableName: 'tsdb', Item: ITEM }, 'PutItem', 'dynamodb', 'table/tsdb'],
  ['kinesis', { StreamName: 'points', Data: 'AA==', PartitionKey: 'p' }, 'PutRecord', 'kinesis', 'stream/points'],
] as const)('%s holds who is known to their role, and tells of what it refuses', async (kind, input, operation, service, resource) => {
  const { emulator, client, stop } = await start(kind)
  onTestFinished(stop)
  if (kind === 'dynamo') await provideTable(client, TABLE)
  else await provideStream(client, STREAM, LOG)
  const told = new Promise<string>((resolve) => {
    emulator.onRefused = resolve
  })
  emulator.hold([{ accessKeyId: 'tsdb-Query', arn: 'arn:aws:sts::0:assumed-role/role/tsdb-Query', statements: [] }])
  // The runner's own.
  await client.call(operation, input)
  const held = new EmulatorClient(kind, emulator.endpoint, 'tsdb-Query')
  onTestFinished(() => held.close())
  const message = `User: arn:aws:sts::0:assumed-role/role/tsdb-Query is not authorized to perform: ${service}:${operation} on resource: arn:aws:${service}:local:000000000000:${resource} because no identity-based policy allows the ${service}:${operation} action`
  await expect(held.call(operation, input)).rejects.toMatchObject({
    type: 'AccessDeniedException',
    message: `${operation}: AccessDeniedException: ${message}`,
  })
  expect(await told).toBe(message)
})
