import { StoreUnavailableError } from '../lib/store/errors.ts'
import { LOG_LEVELS, type LogLevel, readConfig } from './config.ts'

/** What a log line may say. Never bodies, tokens or headers: log lines outlive them and are read by more people. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * Logs one object where `level` is at least TSDB_LOG_LEVEL. Lambda's JSON log format adds the time, the level and the
 * request's id, and keeps the object an object; a line made into JSON here would end up as a string within JSON.
 */
export function log(level: LogLevel, message: string, fields: LogFields = {}): void {
  if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(readConfig().logLevel)) return
  console[level]({ message, ...fields })
}

/** Logs why the store is away, which a client is not told: AWS's own words name tables, accounts and addresses. */
export function logUnavailable(error: unknown): void {
  if (!(error instanceof StoreUnavailableError)) return
  log('warn', 'the store is away', { cause: error.message, details: error.details })
}
