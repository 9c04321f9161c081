import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { openClient } from '../lib/store/dynamo.ts'
import { BENCH_TABLES } from './emulators.ts'

/** What an item of the tables is. */
export const ITEM_KINDS = [
  'blocks',
  'rows',
  'ledger',
  'days to seal',
  'layout',
  'series index',
  'names',
  'other',
] as const
export type ItemKind = (typeof ITEM_KINDS)[number]

/** Capacity units as DynamoDB's answers say them. */
export interface Units {
  writes: number
  reads: number
  requests: number
}

export type UnitsByKind = Record<ItemKind, Units>

export function noUnits(): UnitsByKind {
  const entries = ITEM_KINDS.map((kind) => [kind, { writes: 0, reads: 0, requests: 0 }] as const)
  return Object.fromEntries(entries) as UnitsByKind
}

/** Adds up what every request of a client consumes, by what kind of item it is about. */
export class UnitMeter {
  readonly client: DynamoDBClient
  #units = noUnits()

  constructor(endpoint: string) {
    this.client = openClient(endpoint)
    this.client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          const answer = await next(args)
          const consumed = (answer.output as { ConsumedCapacity?: Capacity | Capacity[] }).ConsumedCapacity
          const units = this.#units[kindOf(args.input as Input)]
          units.requests++
          for (const each of [consumed ?? []].flat()) {
            if (/Get|Query/.test(commandName ?? '')) units.reads += each.CapacityUnits ?? 0
            else units.writes += each.CapacityUnits ?? 0
          }
          return answer
        },
      { step: 'initialize', name: 'meter' },
    )
  }

  /** What was consumed since this was last asked. */
  take(): UnitsByKind {
    const taken = this.#units
    this.#units = noUnits()
    return taken
  }
}

interface Capacity {
  readonly CapacityUnits?: number
}

type Attributes = Readonly<Record<string, { readonly B?: Uint8Array }>>

/** The parts of requests that say which items they are about; a request is about one kind. */
interface Input {
  readonly TableName?: string
  readonly Key?: Attributes
  readonly Item?: Attributes
  readonly ExpressionAttributeValues?: Attributes
  readonly RequestItems?: Readonly<
    Record<
      string,
      readonly { PutRequest?: { Item: Attributes }; DeleteRequest?: { Key: Attributes } }[] | { Keys: Attributes[] }
    >
  >
}

function kindOf(input: Input): ItemKind {
  const [batchTable, batch] = Object.entries(input.RequestItems ?? {})[0] ?? []
  const first = batch !== undefined && 'Keys' in batch ? { Key: batch.Keys[0] } : { Write: batch?.[0] }
  const key = input.Key ?? input.Item ?? first.Key ?? first.Write?.PutRequest?.Item ?? first.Write?.DeleteRequest?.Key
  // Of a query, the partition key is the first value.
  const pk = key?.pk?.B ?? Object.values(input.ExpressionAttributeValues ?? {})[0]?.B
  const table = input.TableName ?? batchTable
  if (table === BENCH_TABLES.uid) return 'names'
  if (table === BENCH_TABLES.meta)
    return pk?.[0] === 1 ? 'layout' : pk?.[0] === 2 || pk?.[0] === 5 ? 'series index' : 'other'
  if (pk === undefined) return 'other'
  if (pk[0] === 0xff) return 'blocks'
  if (pk[0] === 0xfe) return 'ledger'
  if (pk[0] === 0xfd) return 'days to seal'
  return (pk[0] ?? 0xf0) < 0xf0 ? 'rows' : 'other'
}
