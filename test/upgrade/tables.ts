import { type AttributeValue, BatchWriteItemCommand, paginateScan } from '@aws-sdk/client-dynamodb'
import { openClient } from '../../lib/store/dynamo.ts'
import { chunksOf } from '../../lib/store/parallel.ts'

/** An attribute as it is kept in a file: DynamoDB's JSON, bytes in base64. */
export type KeptValue =
  | { readonly B: string }
  | { readonly S: string }
  | { readonly N: string }
  | { readonly NS: readonly string[] }
  | { readonly L: readonly KeptValue[] }
export type KeptItem = Readonly<Record<string, KeptValue>>
/** All items of tables, by name. */
export type KeptTables = Readonly<Record<string, readonly KeptItem[]>>

/** Reads all of some tables, in the order of their keys. @throws Error for an attribute of a type that none had so far */
export async function readTables(endpoint: string, names: readonly string[]): Promise<KeptTables> {
  const client = openClient(endpoint)
  const tables: Record<string, KeptItem[]> = {}
  for (const name of names) {
    const items: KeptItem[] = []
    for await (const { Items } of paginateScan({ client }, { TableName: name, ConsistentRead: true })) {
      for (const item of Items ?? []) items.push(mapped(item, keptValue))
    }
    tables[name] = items.sort((a, b) => (JSON.stringify([a.pk, a.sk]) < JSON.stringify([b.pk, b.sk]) ? -1 : 1))
  }
  client.destroy()
  return tables
}

/** Puts items into tables. */
export async function writeTables(endpoint: string, tables: KeptTables): Promise<void> {
  const client = openClient(endpoint)
  for (const [name, items] of Object.entries(tables)) {
    for (const some of chunksOf(items, 25)) {
      const requests = some.map((item) => ({ PutRequest: { Item: mapped(item, attributeOf) } }))
      const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: requests } }))
      if (Object.keys(UnprocessedItems ?? {}).length > 0) throw new Error(`${name} took not all of its items`)
    }
  }
  client.destroy()
}

function mapped<A, B>(item: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, map(value)]))
}

function keptValue(value: AttributeValue): KeptValue {
  if (value.B !== undefined) return { B: Buffer.from(value.B).toString('base64') }
  if (value.S !== undefined) return { S: value.S }
  if (value.N !== undefined) return { N: value.N }
  if (value.NS !== undefined) return { NS: [...value.NS].sort((a, b) => Number(a) - Number(b)) }
  if (value.L !== undefined) return { L: value.L.map(keptValue) }
  throw new Error(`An attribute of a type that is not kept yet: ${Object.keys(value)}`)
}

function attributeOf(value: KeptValue): AttributeValue {
  if ('B' in value) return { B: Buffer.from(value.B, 'base64') }
  if ('NS' in value) return { NS: [...value.NS] }
  if ('L' in value) return { L: value.L.map(attributeOf) }
  return 'S' in value ? { S: value.S } : { N: value.N }
}
