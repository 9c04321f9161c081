import type { QueryCommandInput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { bytesAt, numberAt } from './attributes.ts'
import { type Dynamo, type Item, keyOf, numberOf, TTL_ATTRIBUTE } from './dynamo.ts'

// tsdb-counters: what the instances of all functions count, added up. Nothing else is in that table, so that who counts need not be
// able to write anything that matters.
//
//     key of totals      pk 0x01    sk name of the function
//     key of snapshots   pk 0x02    sk seconds since 1970 as 4 bytes, big endian, then the name of the function
//
// Each figure is an attribute of its own name; `at` is the time of the last addition in milliseconds since 1970, `slot` the start of
// the last snapshot in seconds, `since` the time of the first addition.

const TOTALS = Uint8Array.of(0x01)
const SNAPSHOTS = Uint8Array.of(0x02)

/** Seconds from one snapshot of a function's totals to the next. */
export const SNAPSHOT_S = 300
/** Seconds that snapshots are kept. */
export const SNAPSHOTS_KEPT_S = 8 * 86_400

/** Attributes that are no figures. */
const OWN = new Set(['pk', 'sk', 'at', 'since', 'slot', TTL_ATTRIBUTE])

export type Figures = Readonly<Record<string, number>>

/** What all instances of a function counted. */
export interface FunctionCounts {
  readonly function: string
  /** Milliseconds since 1970 at which some of it was added last; of a snapshot, when it was taken. */
  readonly at: number
  /** Milliseconds since 1970 of the first addition. */
  readonly since: number
  readonly figures: Figures
}

/** What functions count, of all of their instances. */
export class CounterStore {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #clock: () => number

  /** @param clock milliseconds since 1970 */
  constructor(dynamo: Dynamo, table: string, clock: () => number = Date.now) {
    this.#dynamo = dynamo
    this.#table = table
    this.#clock = clock
  }

  /**
   * Adds to the figures of a function: a write unit, and two more for the first addition in five minutes, which takes a snapshot.
   * An addition whose answer is lost and that is made again counts twice.
   * @param sums added to what is there
   * @param latest set in the place of what is there
   * @throws StoreUnavailableError
   */
  async add(name: string, sums: Figures, latest: Figures): Promise<void> {
    const now = this.#clock()
    const item = await this.#dynamo.update(addInput(this.#table, name, sums, { ...latest, at: now, since: now }))
    const slot = Math.floor(now / 1000 / SNAPSHOT_S) * SNAPSHOT_S
    if (slot <= Number(item.slot?.N ?? 0)) return
    // Two at once take the same one twice.
    await this.#dynamo.update(snapshotInput(this.#table, slot, countsOf(name, item)))
    await this.#dynamo.update(addInput(this.#table, name, {}, { slot }))
  }

  /**
   * What each function counted since the store began; half a read unit.
   * @throws StoreUnavailableError, CorruptDataError
   */
  async read(): Promise<FunctionCounts[]> {
    const input = { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': { B: TOTALS } } }
    const items = await this.#items(input)
    return items.map((item) => countsOf(Buffer.from(bytesAt(item, 'sk')).toString('utf8'), item))
  }

  /**
   * The snapshots of a time, oldest first: of each function one every five minutes, if it did something.
   * @param fromS seconds since 1970
   * @throws StoreUnavailableError, CorruptDataError
   */
  async snapshots(fromS: number, toS: number): Promise<FunctionCounts[]> {
    const items = await this.#items({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: {
        ':pk': { B: SNAPSHOTS },
        ':from': { B: snapshotSk(fromS, '') },
        ':to': { B: snapshotSk(toS, '') },
      },
    })
    return items.map((item) => countsOf(Buffer.from(bytesAt(item, 'sk')).subarray(4).toString('utf8'), item))
  }

  async #items(input: Omit<QueryCommandInput, 'TableName'>): Promise<Item[]> {
    const items: Item[] = []
    for await (const page of this.#dynamo.query({ TableName: this.#table, ...input })) items.push(...page)
    return items
  }
}

function snapshotSk(seconds: number, name: string): Buffer {
  const sk = Buffer.alloc(4 + Buffer.byteLength(name))
  sk.writeUInt32BE(seconds)
  sk.write(name, 4)
  return sk
}

function addInput(table: string, name: string, sums: Figures, latest: Figures): UpdateItemCommandInput {
  return updateInput(table, { pk: TOTALS, sk: Buffer.from(name) }, sums, latest)
}

function snapshotInput(
  table: string,
  slot: number,
  { function: name, at, since, figures }: FunctionCounts,
): UpdateItemCommandInput {
  const latest = { ...figures, at, since, [TTL_ATTRIBUTE]: slot + SNAPSHOTS_KEPT_S }
  return updateInput(table, { pk: SNAPSHOTS, sk: snapshotSk(slot, name) }, {}, latest)
}

/** The time of the first addition stays. */
const FIRST = '#since = if_not_exists(#since, :since)'

function updateInput(
  table: string,
  key: { readonly pk: Uint8Array; readonly sk: Uint8Array },
  sums: Figures,
  latest: Figures,
): UpdateItemCommandInput {
  const [sumNames, latestNames] = [Object.keys(sums), Object.keys(latest)]
  const clauses = [
    `SET ${latestNames.map((name) => (name === 'since' ? FIRST : `#${name} = :${name}`)).join(', ')}`,
    ...(sumNames.length > 0 ? [`ADD ${sumNames.map((name) => `#${name} :${name}`).join(', ')}`] : []),
  ]
  const all = Object.entries({ ...sums, ...latest })
  return {
    TableName: table,
    Key: keyOf(key),
    UpdateExpression: clauses.join(' '),
    ExpressionAttributeNames: Object.fromEntries(all.map(([name]) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(all.map(([name, value]) => [`:${name}`, numberOf(value)])),
    ReturnValues: 'ALL_NEW',
  }
}

function countsOf(name: string, item: Item): FunctionCounts {
  const figures = Object.entries(item).filter(([attribute]) => !OWN.has(attribute))
  return {
    function: name,
    at: numberAt(item, 'at'),
    since: numberAt(item, 'since'),
    figures: Object.fromEntries(figures.map(([attribute, { N }]) => [attribute, Number(N)])),
  }
}
