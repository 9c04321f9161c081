import type { DeleteItemCommandInput, QueryCommandInput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { ByteReader, ByteWriter } from '../codec/bytes.ts'
import { keyOf, numberOf } from './dynamo.ts'
import { dayOf, hourOfDay, ledgerKey } from './keys.ts'
import type { Lease, PendingDay, SealedCounts, ShelfHour } from './ledger.ts'
import { encodeMetricBytes } from './metric-bytes.ts'
import { encodeProgress, type SealProgress } from './seal-progress.ts'

// The updates of ledger items. An item is a shelf's day; what it says of an hour is in attributes that end with the hour.

/** The names of the attributes of one hour. */
export interface HourAttributes {
  readonly late: string
  readonly earliest: string
  readonly sealed: string
  readonly owner: string
  readonly leasedUntil: string
  readonly fence: string
  readonly rounds: string
  readonly ended: string
  readonly rows: string
  readonly blockBytes: string
  readonly rowBytes: string
  readonly cleared: string
  readonly progress: string
  readonly metrics: string
  readonly runs: string
}

/** @param timeS any time of the hour, in seconds */
export function hourAttributes(timeS: number): HourAttributes {
  const hour = String(hourOfDay(timeS)).padStart(2, '0')
  return {
    late: `late${hour}`,
    earliest: `earliestLate${hour}`,
    sealed: `sealed${hour}`,
    owner: `owner${hour}`,
    leasedUntil: `leasedUntil${hour}`,
    fence: `fence${hour}`,
    rounds: `rounds${hour}`,
    ended: `roundEnded${hour}`,
    rows: `rows${hour}`,
    blockBytes: `blockBytes${hour}`,
    rowBytes: `rowBytes${hour}`,
    cleared: `cleared${hour}`,
    progress: `progress${hour}`,
    metrics: `metrics${hour}`,
    runs: `runs${hour}`,
  }
}

function target(table: string, { shelf, baseTime }: ShelfHour) {
  return { TableName: table, Key: keyOf(ledgerKey(shelf, dayOf(baseTime))) }
}

/** Gives back what each hour's runs come to afterwards. @param hours of one shelf and day */
export function openHoursInput(table: string, hours: readonly ShelfHour[]): UpdateItemCommandInput {
  const [first] = hours as readonly [ShelfHour]
  const opened = [...new Set(hours.map(({ baseTime }) => baseTime))]
  return {
    ...target(table, first),
    UpdateExpression: `ADD openHours :hours, ${opened.map((baseTime) => `${hourAttributes(baseTime).runs} :one`).join(', ')}`,
    ExpressionAttributeValues: {
      ':hours': { NS: opened.map((baseTime) => String(hourOfDay(baseTime))) },
      ':one': numberOf(1),
    },
    ReturnValues: 'UPDATED_NEW',
  }
}

export function noteEarliestInput(table: string, hour: ShelfHour, sk: Uint8Array): UpdateItemCommandInput {
  const { late, earliest } = hourAttributes(hour.baseTime)
  const noneYet = `attribute_not_exists(${earliest})`
  const thisIsEarlier = `${earliest} > :sk`
  return {
    ...target(table, hour),
    UpdateExpression: `SET ${earliest} = :sk ADD ${late} :one`,
    ConditionExpression: `${noneYet} OR ${thisIsEarlier}`,
    ExpressionAttributeValues: { ':sk': { B: sk }, ':one': numberOf(1) },
  }
}

export function noteLaterInput(table: string, hour: ShelfHour, sk: Uint8Array): UpdateItemCommandInput {
  const { late, earliest } = hourAttributes(hour.baseTime)
  const anEarlierIsKept = `${earliest} <= :sk`
  return {
    ...target(table, hour),
    UpdateExpression: `ADD ${late} :one`,
    ConditionExpression: anEarlierIsKept,
    ExpressionAttributeValues: { ':sk': { B: sk }, ':one': numberOf(1) },
  }
}

/** Gives back the whole item as it is afterwards, so that what the lease says of the hour is of one moment. */
export function leaseInput(
  table: string,
  hour: ShelfHour,
  { owner, now, until }: { owner: string; now: number; until: number },
): UpdateItemCommandInput {
  const names = hourAttributes(hour.baseTime)
  return {
    ...target(table, hour),
    UpdateExpression: `SET ${names.owner} = :owner, ${names.leasedUntil} = :until ADD ${names.fence} :one`,
    ConditionExpression: `attribute_not_exists(${names.leasedUntil}) OR ${names.leasedUntil} <= :now OR ${names.owner} = :owner`,
    ExpressionAttributeValues: {
      ':owner': { S: owner },
      ':until': numberOf(until),
      ':now': numberOf(now),
      ':one': numberOf(1),
    },
    ReturnValues: 'ALL_NEW',
  }
}

/** The condition that a lease is still the last one given, and not yet ended. */
function isHeld({ owner, fence }: HourAttributes): string {
  return `${owner} = :owner AND ${fence} = :fence`
}

function holder({ owner, fence }: Lease) {
  return { ':owner': { S: owner }, ':fence': numberOf(fence) }
}

/** `sealed` keeps the late counter that the rows cover, so that any note afterwards shows the hour to be late. */
export function markSealedInput(
  table: string,
  lease: Lease,
  counts: SealedCounts,
  now: number,
): UpdateItemCommandInput {
  const names = hourAttributes(lease.baseTime)
  const noneCameMeanwhile = lease.late === 0 ? `attribute_not_exists(${names.late})` : `${names.late} = :late`
  // Late blocks alone say little of what the hour holds: their bytes are added to those of the first round.
  const metrics =
    lease.state === 'open' && counts.metricBytes !== undefined
      ? encodeMetricBytes(counts.metricBytes, counts.blockBytes)
      : undefined
  const set = [
    [names.sealed, ':late'],
    [names.ended, ':now'],
    [names.rows, ':rows'],
    ...(lease.state === 'open' ? [[names.blockBytes, ':blockBytes']] : []),
    ...(metrics === undefined ? [] : [[names.metrics, ':metrics']]),
    [names.rowBytes, ':rowBytes'],
  ].map(([name, value]) => `${name} = ${value}`)
  const add = [`${names.rounds} :one`, ...(lease.state === 'open' ? [] : [`${names.blockBytes} :blockBytes`])]
  return {
    ...target(table, lease),
    UpdateExpression: `SET ${set.join(', ')} ADD ${add.join(', ')} REMOVE ${names.earliest}, ${names.owner}, ${names.leasedUntil}, ${names.progress}`,
    ConditionExpression: `${isHeld(names)} AND ${noneCameMeanwhile}`,
    ExpressionAttributeValues: {
      ...holder(lease),
      ':late': numberOf(lease.late),
      ':now': numberOf(now),
      ':rows': numberOf(counts.rows),
      ':blockBytes': numberOf(counts.blockBytes),
      ':rowBytes': numberOf(counts.rowBytes),
      ...(metrics === undefined ? {} : { ':metrics': { B: metrics } }),
      ':one': numberOf(1),
    },
  }
}

export function postponeInput(table: string, lease: Lease, now: number): UpdateItemCommandInput {
  const names = hourAttributes(lease.baseTime)
  return {
    ...target(table, lease),
    UpdateExpression: `SET ${names.ended} = :now ADD ${names.rounds} :one REMOVE ${names.owner}, ${names.leasedUntil}, ${names.progress}`,
    ConditionExpression: isHeld(names),
    ExpressionAttributeValues: { ...holder(lease), ':now': numberOf(now), ':one': numberOf(1) },
  }
}

/** Keeps the number of the round whose blocks are gone: the next round makes the hour one to be cleared again. */
export function markClearedInput(table: string, lease: Lease): UpdateItemCommandInput {
  const names = hourAttributes(lease.baseTime)
  return {
    ...target(table, lease),
    UpdateExpression: `SET ${names.cleared} = :rounds REMOVE ${names.owner}, ${names.leasedUntil}`,
    ConditionExpression: isHeld(names),
    ExpressionAttributeValues: { ...holder(lease), ':rounds': numberOf(lease.rounds) },
  }
}

export function noteProgressInput(table: string, lease: Lease, progress: SealProgress): UpdateItemCommandInput {
  const names = hourAttributes(lease.baseTime)
  return {
    ...target(table, lease),
    UpdateExpression: `SET ${names.progress} = :progress`,
    ConditionExpression: isHeld(names),
    ExpressionAttributeValues: { ...holder(lease), ':progress': { B: encodeProgress(lease, progress) } },
  }
}

export function releaseInput(table: string, lease: Lease): UpdateItemCommandInput {
  const names = hourAttributes(lease.baseTime)
  return {
    ...target(table, lease),
    UpdateExpression: `REMOVE ${names.owner}, ${names.leasedUntil}`,
    ConditionExpression: isHeld(names),
    ExpressionAttributeValues: holder(lease),
  }
}

/** First byte of the partition keys of the days to seal. */
const PENDING = 0xfd

function pendingPk(shelf: number): Uint8Array {
  return new ByteWriter(3).u8(PENDING).u16(shelf).finish()
}

function pendingKey(shelf: number, day: number) {
  return keyOf({ pk: pendingPk(shelf), sk: new ByteWriter(4).u32(day).finish() })
}

/** The day that a sort key of the days to seal names, in seconds since 1970. */
export function decodePendingSk(sk: Uint8Array): number {
  return new ByteReader(sk, 'key of a day to seal').u32()
}

export function addPendingInput(table: string, shelf: number, day: number): UpdateItemCommandInput {
  return {
    TableName: table,
    Key: pendingKey(shelf, day),
    UpdateExpression: 'ADD notes :one',
    ExpressionAttributeValues: { ':one': numberOf(1) },
  }
}

export function pendingDaysInput(table: string, shelf: number): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :shelf',
    ExpressionAttributeValues: { ':shelf': { B: pendingPk(shelf) } },
    ConsistentRead: true,
  }
}

export function endPendingInput(table: string, { shelf, day, notes }: PendingDay): DeleteItemCommandInput {
  return {
    TableName: table,
    Key: pendingKey(shelf, day),
    ConditionExpression: 'notes = :notes',
    ExpressionAttributeValues: { ':notes': numberOf(notes) },
  }
}
