import type { UidWidths } from '../model/series.ts'
import type { UidResolver } from '../uid/resolver.ts'
import type { AckStore } from './ack.ts'
import type { DataStore } from './data.ts'
import type { LayoutStore } from './layout.ts'
import type { RejectStore } from './rejects.ts'
import type { SeriesLog } from './series-log.ts'

export interface StoreConfig {
  readonly tables: { readonly data: string; readonly uid: string; readonly meta: string }
  readonly uidWidths: UidWidths
  /** Shelves of a new store. */
  readonly shelves: number
  /** Salt buckets of a new store. */
  readonly saltBuckets: number
  /** Days that rejects are kept. @default 30 */
  readonly rejectTtlDays?: number
  /** Milliseconds within which a request, tried again as need be, must succeed. @default 20000 */
  readonly deadlineMs?: number
  /** Where DynamoDB is. @default what the AWS SDK finds (AWS_ENDPOINT_URL_DYNAMODB, region) */
  readonly endpoint?: string
  /** @default Date.now */
  readonly clock?: () => number
}

/** Requests and capacity units since the store was opened. */
export interface StoreStats {
  requests: number
  retries: number
  readUnits: number
  writeUnits: number
}

export interface Store {
  readonly data: DataStore
  readonly layout: LayoutStore
  readonly acks: AckStore
  readonly seriesLog: SeriesLog
  readonly rejects: RejectStore
  readonly uids: UidResolver
  readonly stats: StoreStats
  close(): void
}

export function openStore(_config: StoreConfig): Store {
  throw new Error('coming')
}
