import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { TableModel } from '../template/index.ts'
import { type EmulatorClient, EmulatorError } from './client.ts'

/** From the end of a sweep to the next. DynamoDB itself takes up to some days to delete what has expired. */
const BETWEEN_SWEEPS_MS = 60 * 60 * 1000
const UNTIL_FIRST_SWEEP_MS = 60 * 1000
/** A sweep rests this many times as long as it works, so that it takes at most a few per cent of the emulator. */
const REST_FACTOR = 30

type Item = Record<string, Record<string, unknown>>

/**
 * Deletes the items of a table whose TTL attribute says that they have expired, page by page with rests between.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html: a number of seconds since 1970; items
 * without it, with another type, or more than five years past are kept.
 * @param now milliseconds since 1970
 * @returns how many were deleted
 */
export async function sweepExpired(
  client: EmulatorClient,
  table: TableModel,
  now: number,
  options: { restFactor?: number; signal?: AbortSignal; pageItems?: number } = {},
): Promise<number> {
  const { restFactor = REST_FACTOR, signal, pageItems } = options
  if (table.ttlAttribute === undefined) return 0
  const nowS = Math.floor(now / 1000)
  const expired = {
    ExpressionAttributeNames: { '#ttl': table.ttlAttribute },
    ExpressionAttributeValues: { ':now': { N: String(nowS) }, ':oldest': { N: String(nowS - FIVE_YEARS_S) } },
  }
  const keyNames = Object.fromEntries(table.keys.map((key, index) => [`#k${index}`, key.name]))
  let deleted = 0
  let start: Item | undefined
  do {
    const began = performance.now()
    const page: { Items: Item[]; LastEvaluatedKey?: Item } = await client.call('Scan', {
      TableName: table.name,
      FilterExpression: '#ttl < :now AND #ttl > :oldest',
      ProjectionExpression: Object.keys(keyNames).join(', '),
      ExpressionAttributeNames: { ...expired.ExpressionAttributeNames, ...keyNames },
      ExpressionAttributeValues: expired.ExpressionAttributeValues,
      ...(start !== undefined && { ExclusiveStartKey: start }),
      ...(pageItems !== undefined && { Limit: pageItems }),
    })
    for (const key of page.Items) {
      if (await deleteExpired(client, table.name, key, expired)) deleted++
    }
    start = page.LastEvaluatedKey
    if (start !== undefined) await sleep((performance.now() - began) * restFactor, undefined, signal && { signal })
  } while (start !== undefined)
  return deleted
}

const FIVE_YEARS_S = 5 * 365 * 24 * 60 * 60

/** The condition holds off the sweep where the item was written anew in between. */
async function deleteExpired(client: EmulatorClient, table: string, key: Item, expired: object): Promise<boolean> {
  try {
    await client.call('DeleteItem', {
      TableName: table,
      Key: key,
      ConditionExpression: '#ttl < :now AND #ttl > :oldest',
      ...expired,
    })
    return true
  } catch (error) {
    if (error instanceof EmulatorError && error.type === 'ConditionalCheckFailedException') return false
    throw error
  }
}

/**
 * Sweeps the tables again and again, until told to stop.
 * @returns stops it and waits for it
 */
export function keepSweeping(client: EmulatorClient, tables: readonly TableModel[], log: Log): () => Promise<void> {
  const stop = new AbortController()
  const rest = (ms: number) => sleep(ms, undefined, { signal: stop.signal, ref: false })
  const run = async () => {
    await rest(UNTIL_FIRST_SWEEP_MS)
    for (;;) {
      for (const table of tables) {
        try {
          const deleted = await sweepExpired(client, table, Date.now(), { signal: stop.signal })
          if (deleted > 0) log.debug(`deleted ${deleted} expired items of ${table.name}`)
        } catch (error) {
          if (stop.signal.aborted) throw error
          log.error(`The expired items of ${table.name} stay until the next sweep: ${messageOf(error)}`)
        }
      }
      await rest(BETWEEN_SWEEPS_MS)
    }
  }
  // It ends by being aborted and in no other way.
  const running = run().catch(() => undefined)
  return async () => {
    stop.abort()
    await running
  }
}
