import { type SealReport, seal } from '../lib/ingest/seal.ts'
import { sealableFrom } from '../lib/ingest/seal-due.ts'
import type { SealedHour } from '../lib/ingest/seal-hour.ts'
import { parseTime } from '../lib/query/times.ts'
import type { ShelfHour } from '../lib/store/ledger.ts'
import { UsageError } from './errors.ts'
import { counted, grouped, type Io } from './io.ts'
import { openTables, type TablesOptions } from './tables.ts'

/** What `tsdb seal` was asked to do. */
export interface SealCommand extends TablesOptions {
  /** Any time of the one hour to seal, as queries write times. */
  readonly hour?: string | undefined
  /** Only hours that are over by then. */
  readonly until?: string | undefined
}

const HOUR_S = 3600

/** An hour of very many series takes minutes; who is killed meanwhile blocks it for this long. */
const LEASE_MS = 15 * 60_000

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
  const { store, isNew, close } = await openTables(command)
  try {
    if (isNew) {
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
    close()
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
