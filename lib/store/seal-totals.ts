import type { GetItemCommandInput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { type Dynamo, type Item, keyOf, numberOf } from './dynamo.ts'

// One item of tsdb that sums up all runs of sealing, so that asking for the figures costs a read and no scan.

/** What all runs of sealing did together, as far as they came to their ends. */
export interface SealSums {
  /** Shelf-hours sealed, and those among them that had been sealed before. */
  readonly hours: number
  readonly lateHours: number
  readonly rows: number
  readonly points: number
  readonly blockBytes: number
  readonly rowBytes: number
  /** Series moved from the series log to the postings. */
  readonly indexed: number
}

/** How the last run left things. */
export interface LastSeal {
  /** Shelf-hours that were due and are not sealed. */
  readonly left: number
  /** Shelf-hours that can't be sealed. */
  readonly failed: number
  /** Hours that hold points and are not sealed yet, those that are not over among them. */
  readonly openNow: number
  /** Hours that are sealed and have points that came later and are not in rows yet. */
  readonly lateNow: number
  /** Milliseconds that the oldest hour, and the oldest late block, wait. */
  readonly lagMs: number
  readonly lateLagMs: number
  /** Milliseconds since 1970. */
  readonly endedAt: number
}

export interface SealTotals {
  readonly sums: SealSums
  readonly last: LastSeal
}

const SUMS = ['hours', 'lateHours', 'rows', 'points', 'blockBytes', 'rowBytes', 'indexed'] as const
const LAST = ['left', 'failed', 'openNow', 'lateNow', 'lagMs', 'lateLagMs', 'endedAt'] as const

/** Names that DynamoDB reserves are among them. */
const NAMES = Object.fromEntries([...SUMS, ...LAST].map((name) => [`#${name}`, name]))

function totalsKey() {
  return keyOf({ pk: Uint8Array.of(0xfc), sk: Uint8Array.of(0) })
}

export function addTotalsInput(table: string, sums: SealSums, last: LastSeal): UpdateItemCommandInput {
  const values = [
    ...SUMS.map((name) => [`:${name}`, numberOf(sums[name])]),
    ...LAST.map((name) => [`:${name}`, numberOf(last[name])]),
  ]
  return {
    TableName: table,
    Key: totalsKey(),
    UpdateExpression: `SET ${LAST.map((name) => `#${name} = :${name}`).join(', ')} ADD ${SUMS.map((name) => `#${name} :${name}`).join(', ')}`,
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: Object.fromEntries(values),
  }
}

export function readTotalsInput(table: string): GetItemCommandInput {
  return { TableName: table, Key: totalsKey() }
}

/** @param item undefined where nothing was sealed yet */
export function totalsOf(item: Item | undefined): SealTotals | undefined {
  if (item === undefined) return undefined
  const at = (name: string) => Number(item[name]?.N ?? 0)
  return {
    sums: {
      hours: at('hours'),
      lateHours: at('lateHours'),
      rows: at('rows'),
      points: at('points'),
      blockBytes: at('blockBytes'),
      rowBytes: at('rowBytes'),
      indexed: at('indexed'),
    },
    last: {
      left: at('left'),
      failed: at('failed'),
      openNow: at('openNow'),
      lateNow: at('lateNow'),
      lagMs: at('lagMs'),
      lateLagMs: at('lateLagMs'),
      endedAt: at('endedAt'),
    },
  }
}

/** What all runs of sealing did, in the tsdb table. */
export class SealTotalsStore {
  readonly #dynamo: Dynamo
  readonly #table: string

  constructor(dynamo: Dynamo, table: string) {
    this.#dynamo = dynamo
    this.#table = table
  }

  /**
   * Adds what a run of sealing did to what all have done.
   * @throws StoreUnavailableError
   */
  async add(sums: SealSums, last: LastSeal): Promise<void> {
    await this.#dynamo.update(addTotalsInput(this.#table, sums, last))
  }

  /**
   * What all runs of sealing did; half a read unit.
   * @returns undefined where there was none yet
   * @throws StoreUnavailableError
   */
  async read(): Promise<SealTotals | undefined> {
    return totalsOf(await this.#dynamo.get(readTotalsInput(this.#table)))
  }
}
