import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { CorruptDataError } from '../model/errors.ts'
import { DEFAULT_UID_WIDTHS, type UidWidths } from '../model/series.ts'
import { UidTable } from '../uid/table.ts'
import { Dynamo } from './dynamo.ts'

/**
 * The UID widths that a store was made with, for who has no configuration of its own.
 * @param table the name of tsdb-uid
 * @param deadlineMs milliseconds within which the request, tried again as need be, must succeed
 * @returns undefined where nothing was stored yet
 * @throws StoreUnavailableError
 */
export async function readStoredWidths(
  client: DynamoDBClient,
  table: string,
  deadlineMs: number,
): Promise<UidWidths | undefined> {
  // The settings lie under a key that has no UID in it, so it does not matter which widths the table is told.
  const uids = new UidTable(new Dynamo({ client, retry: { deadlineMs } }), table, DEFAULT_UID_WIDTHS)
  const settings = await uids.readSettings()
  if (settings === undefined) return undefined
  const [metric, tagk, tagv] = settings.widths.split(',').map(Number)
  const isWidth = (width: number | undefined): width is number => width === 3 || width === 4
  if (!isWidth(metric) || !isWidth(tagk) || !isWidth(tagv)) {
    throw new CorruptDataError('UID settings', `the widths are ${settings.widths}`)
  }
  return { metric, tagk, tagv }
}
