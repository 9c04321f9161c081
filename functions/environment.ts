/** Names of the environment variables that infra sets and the functions read, in one place so that they can't drift. */
export const ENV = {
  tsdbTable: 'TSDB_TABLE',
  uidTable: 'TSDB_UID_TABLE',
  metaTable: 'TSDB_META_TABLE',
  treeTable: 'TSDB_TREE_TABLE',
  /** Where functions add up what they count. */
  countersTable: 'TSDB_COUNTERS_TABLE',
  /** The function's own name: put, consume ... */
  functionName: 'TSDB_FUNCTION',
  streamName: 'TSDB_STREAM',
  /** `metric,tagk,tagv` widths in bytes: `3,3,4`. */
  uidWidths: 'TSDB_UID_WIDTHS',
  saltBuckets: 'TSDB_SALT_BUCKETS',
  /** Shelves a new store starts with; later the layout history in the store governs. */
  shelves: 'TSDB_SHELVES',
  /** Days until blocks expire; 0: sealing deletes them. */
  blockTtlDays: 'TSDB_BLOCK_TTL_DAYS',
  /** Days until rejects expire. */
  rejectTtlDays: 'TSDB_REJECT_TTL_DAYS',
  /** Milliseconds that put waits for the acknowledgement of ?sync. */
  syncTimeoutMs: 'TSDB_SYNC_TIMEOUT_MS',
  /** `true`: DELETE /api/query deletes points. */
  allowDelete: 'TSDB_ALLOW_DELETE',
  /** rw, ro or wo: what the API lets be done at all. */
  mode: 'TSDB_MODE',
  /** Origins whose pages browsers may ask for, with commas between them; `*`: all. */
  corsOrigins: 'TSDB_CORS_ORIGINS',
  /** JSON object that overrides fields of Limits. */
  limits: 'TSDB_LIMITS',
  /** JSON object: how device messages become points (lib/ingest/device.ts). */
  deviceMapping: 'TSDB_DEVICE_MAPPING',
  /** debug, info, warn or error. */
  logLevel: 'TSDB_LOG_LEVEL',
} as const

/**
 * Reads a variable that a function can't work without.
 * @throws Error naming the variable where it is not set
 */
export function requireEnv(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`The environment variable ${name} is not set`)
  return value
}
