import { readFile } from 'node:fs/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type SealReport, seal } from '../lib/ingest/seal.ts'
import { sealableFrom } from '../lib/ingest/seal-due.ts'
import type { SealedHour } from '../lib/ingest/seal-hour.ts'
import { parseTime } from '../lib/query/times.ts'
import { openClient } from '../lib/store/dynamo.ts'
import { openStore, type Store } from '../lib/store/index.ts'
import type { ShelfHour } from '../lib/store/ledger.ts'
import { readStoredWidths } from '../lib/store/stored-widths.ts'
import { NothingRunningError, UsageError } from './errors.ts'
import { counted, grouped, type Io } from './io.ts'

/** What `tsdb seal` was asked to do. */
export interface SealCommand {
  /** Data folder of the `npm start` whose tables are meant. */
  readonly data: string
  /** Whether the tables are in AWS instead. */
  readonly aws: boolean
  /** The stack's name, which the tables' begin with. */
  readonly name: string
  /** Any time of the one hour to seal, as queries write times. */
  readonly hour?: string | undefined
  /** Only hours that are over by then. */
  readonly until?: string | undefined
}

const HOUR_S = 3600

/** An hour of very many series takes minutes; who is killed meanwhile blocks it for this long. */
const LEASE_MS = 15 * 60_000

/** Milliseconds within which a request must succeed: a person waits. */
const DEADLINE_MS = 20_000

/** Where some hours were left. */
const EXIT_LEFT = 1

/**
 * Seals by hand what the schedule would seal in its time: late hours need not wait. Prints a line for each shelf's hour and a last
 * one for all.
 * @param now milliseconds since 1970
 * @returns the exit status: 0, or 1 where hours that are due are not sealed
 * @throws UsageError for times that are none, or an hour that can't be sealed yet
 * @throws NothingRunningError where no `npm start` has the data folder
 * @throws StoreUnavailableError, StoreRefusedError
 */
export async function sealByHand(command: SealCommand, io: Io, now = Date.now()): Promise<number> {
  const range = rangeOf(command, now)
  const client = command.aws ? openClient() : await openLocalClient(command.data)
  try {
    const store = await open(command.name, client)
    if (store === undefined) {
      io.stdout.write('Nothing is stored yet\n')
      return 0
    }
    const report = await seal(store, {
      until: Number.POSITIVE_INFINITY,
      leaseMs: LEASE_MS,
      backOff: false,
      blocks: 'unknown',
      range,
      onHour: (hour, sealed) => io.stdout.write(`${describeHour(hour, sealed)}\n`),
    })
    for (const { shelf, baseTime, why } of report.failures) {
      io.stderr.write(`${timeText(baseTime)} shelf ${shelf}: ${why}\n`)
    }
    io.stdout.write(`${describeReport(report)}\n`)
    return report.left > 0 || report.failures.length > 0 ? EXIT_LEFT : 0
  } finally {
    client.destroy()
  }
}

/** @returns the base times to seal, in seconds since 1970 */
function rangeOf({ hour, until }: SealCommand, now: number): { from: number; to: number } {
  if (hour !== undefined && until !== undefined) throw new UsageError('--hour and --until exclude each other')
  if (hour !== undefined) {
    const timeS = Math.floor(parseTime(hour, now) / 1000)
    const from = timeS - (timeS % HOUR_S)
    if (now < sealableFrom(from)) {
      const seconds = Math.ceil((sealableFrom(from) - now) / 1000)
      throw new UsageError(`The hour ${timeText(from)} can't be sealed before ${grouped(seconds)} s have passed`)
    }
    return { from, to: from + HOUR_S }
  }
  // Hours that are over by then start an hour earlier at the latest.
  const to = until === undefined ? Number.POSITIVE_INFINITY : Math.floor(parseTime(until, now) / 1000) - HOUR_S + 1
  return { from: 0, to }
}

/** @returns undefined where there is no store yet */
async function open(name: string, client: DynamoDBClient): Promise<Store | undefined> {
  const tables = { data: name, uid: `${name}-uid`, meta: `${name}-meta` }
  const uidWidths = await readStoredWidths(client, tables.uid, DEADLINE_MS)
  if (uidWidths === undefined) return undefined
  // Where blocks and rows lie, the store knows; a layout of our own would be for a new one.
  return openStore({ tables, uidWidths, shelves: 1, saltBuckets: 1, client, deadlineMs: DEADLINE_MS })
}

/** A client for the emulator of the instance that runs on a data folder. */
async function openLocalClient(dataDir: string): Promise<DynamoDBClient> {
  const endpoint = await runningEndpoint(dataDir)
  if (endpoint === undefined) throw new NothingRunningError(dataDir)
  return new DynamoDBClient({
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  })
}

/** Where the emulator is, as `npm start` leaves word of it in its data folder. */
async function runningEndpoint(dataDir: string): Promise<string | undefined> {
  let text: string
  try {
    text = await readFile(`${dataDir}/running.json`, 'utf8')
  } catch {
    return undefined
  }
  const running: unknown = JSON.parse(text)
  if (typeof running !== 'object' || running === null || !('dynamoEndpoint' in running)) return undefined
  return typeof running.dynamoEndpoint === 'string' ? running.dynamoEndpoint : undefined
}

const OUTCOMES: Readonly<Record<SealedHour['outcome'], string>> = {
  sealed: 'sealed',
  late: 'not sealed, points came meanwhile',
  lost: 'not sealed, taken over by another',
  stopped: 'not sealed, time was up',
}

function describeHour({ shelf, baseTime }: ShelfHour, sealed: SealedHour): string {
  const { outcome, rows, points, blockBytes, rowBytes } = sealed
  const done = `${counted(rows, 'row')}, ${counted(points, 'point')}, ${grouped(blockBytes)} -> ${grouped(rowBytes)} bytes`
  return `${timeText(baseTime)} shelf ${shelf}: ${OUTCOMES[outcome]}: ${done}`
}

function describeReport({ hours, rows, points, left, failures }: SealReport): string {
  const unsealed = left + failures.length
  const rest = unsealed === 0 ? '' : `; ${grouped(unsealed)} left`
  return `Sealed ${counted(hours, 'shelf-hour')}: ${counted(rows, 'row')}, ${counted(points, 'point')}${rest}`
}

/** A time as the commands read it, in UTC: 2026/11/22-05:00. */
function timeText(timeS: number): string {
  return new Date(timeS * 1000)
    .toISOString()
    .slice(0, 16)
    .replace('T', '-')
    .replace(/^(\d+)-(\d+)-(\d+)/, '$1/$2/$3')
}
