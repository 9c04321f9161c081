import type { GetItemCommandInput, PutItemCommandInput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { ByteReader, ByteWriter } from '../codec/bytes.ts'
import { bytesAt } from './attributes.ts'
import { type Item, type ItemKey, keyOf } from './dynamo.ts'

// Which days of a shelf have hours that were sealed: a coarse list beside the ledger, for queries of many years. A day is added to
// it before it is taken off the list of days to seal, so that a reader of that list and then of this one finds every day.

const DAY_S = 86_400

/** Days of one item: with all of them in it, it takes one read unit. */
const DAYS_A_SPAN = 512
const SPAN_S = DAYS_A_SPAN * DAY_S

/** The last day whose hours have base times of 4 bytes, in seconds since 1970. */
export const LAST_DAY_S = 0xffffffff - (0xffffffff % DAY_S)

/** First byte of the partition keys. */
const DAY_LIST = 0xfb

/** A shelf's day; the day in seconds since 1970. */
export interface ShelfDay {
  readonly shelf: number
  readonly day: number
}

function spanKey(shelf: number, spanStart: number): ItemKey {
  return { pk: new ByteWriter(3).u8(DAY_LIST).u16(shelf).finish(), sk: new ByteWriter(4).u32(spanStart).finish() }
}

/** The item that says that the lists name every day: stores that were there before the lists have to be gone through once. */
function completeKey(): ItemKey {
  return { pk: Uint8Array.of(DAY_LIST), sk: Uint8Array.of(0) }
}

/** The keys of all items about some shelves' days from `fromS` to `toS`, seconds since 1970; before that and behind the last there are none. */
export function dayListKeys(shelves: readonly number[], fromS: number, toS: number): ItemKey[] {
  const keys = [completeKey()]
  const first = Math.max(0, fromS)
  for (let span = first - (first % SPAN_S); span <= Math.min(toS, LAST_DAY_S); span += SPAN_S) {
    for (const shelf of new Set(shelves)) keys.push(spanKey(shelf, span))
  }
  return keys
}

/**
 * The days that items of dayListKeys name.
 * @returns undefined where the lists are not complete
 * @throws CorruptDataError
 */
export function daysOf(items: readonly Item[]): ShelfDay[] | undefined {
  const spans = items.filter(({ days }) => days !== undefined)
  if (spans.length === items.length) return undefined
  return spans.flatMap((item) => {
    const pk = new ByteReader(bytesAt(item, 'pk'), 'key of a list of days')
    pk.u8()
    const shelf = pk.u16()
    const start = new ByteReader(bytesAt(item, 'sk'), 'key of a list of days').u32()
    return (item.days?.NS ?? []).map((day) => ({ shelf, day: start + Number(day) * DAY_S }))
  })
}

/** @param days of one shelf and one span */
export function listDaysInput(table: string, days: readonly ShelfDay[]): UpdateItemCommandInput {
  const [{ shelf, day }] = days as readonly [ShelfDay]
  const span = day - (day % SPAN_S)
  return {
    TableName: table,
    Key: keyOf(spanKey(shelf, span)),
    UpdateExpression: 'ADD #days :days',
    ExpressionAttributeNames: { '#days': 'days' },
    ExpressionAttributeValues: { ':days': { NS: days.map((each) => String((each.day - span) / DAY_S)) } },
  }
}

/** The days of each shelf and span. */
export function bySpan(days: readonly ShelfDay[]): ShelfDay[][] {
  const spans = new Map<string, ShelfDay[]>()
  for (const each of days) {
    const name = `${each.shelf}/${Math.floor(each.day / SPAN_S)}`
    const known = spans.get(name)
    if (known === undefined) spans.set(name, [each])
    else known.push(each)
  }
  return [...spans.values()]
}

export function markCompleteInput(table: string): PutItemCommandInput {
  return { TableName: table, Item: keyOf(completeKey()) }
}

export function isCompleteInput(table: string): GetItemCommandInput {
  return { TableName: table, Key: keyOf(completeKey()), ConsistentRead: true }
}
