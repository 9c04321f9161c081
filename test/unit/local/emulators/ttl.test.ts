import { afterAll, beforeAll, expect, test } from 'vitest'
import { EmulatorClient } from '../../../../local/emulators/client.ts'
import { type Emulator, startEmulator } from '../../../../local/emulators/emulator.ts'
import { provideTable } from '../../../../local/emulators/provision.ts'
import { sweepExpired } from '../../../../local/emulators/ttl.ts'
import type { TableModel } from '../../../../local/template/index.ts'

const TABLE: TableModel = {
  logicalId: 'Meta',
  name: 'tsdb-meta',
  keys: [
    { name: 'pk', type: 'B', role: 'HASH' },
    { name: 'sk', type: 'B', role: 'RANGE' },
  ],
  ttlAttribute: 'ttl',
}
const NOW_S = 1_763_790_300
const base64 = (text: string) => ({ B: Buffer.from(text).toString('base64') })

let dynamo: Emulator
let client: EmulatorClient

beforeAll(async () => {
  dynamo = await startEmulator('dynamo')
  client = new EmulatorClient('dynamo', dynamo.endpoint)
  await provideTable(client, TABLE)
})

afterAll(async () => {
  client.close()
  await dynamo.close()
})

async function write(name: string, ttl?: object): Promise<void> {
  const Item = { pk: base64(name), sk: base64('s'), value: { S: name }, ...(ttl && { ttl }) }
  await client.call('PutItem', { TableName: TABLE.name, Item })
}

async function names(): Promise<string[]> {
  const { Items } = await client.call<{ Items: { value: { S: string } }[] }>('Scan', { TableName: TABLE.name })
  return Items.map((item) => item.value.S).sort()
}

test('what has expired is deleted, on every page, and nothing else', async () => {
  for (let n = 0; n < 20; n++) await write(`expired ${n}`, { N: String(NOW_S - 1 - n) })
  await write('expires now', { N: String(NOW_S) })
  await write('lives on', { N: String(NOW_S + 60) })
  await write('never expires')
  await write('text', { S: '1' })
  await write('years past, as DynamoDB leaves it', { N: '1' })

  expect(await sweepExpired(client, TABLE, NOW_S * 1000, { restFactor: 0, pageItems: 3 })).toBe(20)
  const left = ['expires now', 'lives on', 'never expires', 'text', 'years past, as DynamoDB leaves it']
  expect(await names()).toEqual(left)
  expect(await sweepExpired(client, TABLE, NOW_S * 1000)).toBe(0)
})

test('a table without a TTL is left alone', async () => {
  await write('old', { N: String(NOW_S - 1) })
  expect(await sweepExpired(client, { ...TABLE, ttlAttribute: undefined }, NOW_S * 1000)).toBe(0)
  expect(await names()).toContain('old')
})
