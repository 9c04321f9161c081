import { LOG_LEVELS, type LogLevel, readConfig } from './config.ts'

/** What a log line may say. Never bodies, tokens or headers: log lines outlive them and are read by more people. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Writes one JSON line to stdout where `level` is at least TSDB_LOG_LEVEL. */
export function log(level: LogLevel, message: string, fields: LogFields = {}): void {
  if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(readConfig().logLevel)) return
  console.log(JSON.stringify({ level, time: new Date().toISOString(), message, ...fields }))
}
