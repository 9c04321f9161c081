import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { UidKind, UidWidths } from '../model/series.ts'
import { UidAdmin } from '../uid/admin.ts'
import { UidResolver } from '../uid/resolver.ts'
import { UidTable } from '../uid/table.ts'
import { AckStore } from './ack.ts'
import { AnnotationStore } from './annotations.ts'
import { AttemptStore } from './attempts.ts'
import { DataStore } from './data.ts'
import { DocumentStore } from './documents.ts'
import { type Consumed, Dynamo, openClient } from './dynamo.ts'
import { EmptiedSeries } from './emptied.ts'
import { KairosMetadataStore } from './kairos-metadata.ts'
import { LayoutStore } from './layout-store.ts'
import { Ledger } from './ledger.ts'
import { PostingsStore } from './postings.ts'
import { RejectStore } from './rejects.ts'
import { RowStore } from './rows.ts'
import { SeriesIndex } from './series-index.ts'
import { SeriesLog } from './series-log.ts'
import { TreeStore } from './trees.ts'

/** What a store needs to know. */
export interface StoreConfig {
  /** Names of the tables. */
  readonly tables: {
    readonly data: string
    readonly uid: string
    readonly meta: string
    /** Only for who works on trees. */
    readonly tree?: string | undefined
  }
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
  /** A client to use instead of one for `endpoint`; its own retries should be off. */
  readonly client?: DynamoDBClient
  /** Called for every answered request. */
  readonly onConsumed?: (consumed: Consumed) => void
  /** Told how many UIDs of a kind are given away, whenever some were. */
  readonly onUidsGiven?: (kind: UidKind, given: number) => void
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number
}

/** Answered requests, further attempts and capacity units since the store was opened. */
export interface StoreStats {
  requests: number
  retries: number
  readUnits: number
  writeUnits: number
}

/** The tables behind one door. */
export interface Store {
  readonly data: DataStore
  readonly ledger: Ledger
  readonly rows: RowStore
  readonly layout: LayoutStore
  readonly acks: AckStore
  readonly seriesLog: SeriesLog
  readonly postings: PostingsStore
  /** Series log and postings together. */
  readonly index: SeriesIndex
  readonly rejects: RejectStore
  /** What consumers were about to do, for who comes after them. */
  readonly attempts: AttemptStore
  readonly uids: UidResolver
  /** Names and UIDs as they lie in the table, past every cache. */
  readonly uidTable: UidTable
  readonly uidAdmin: UidAdmin
  /** What people wrote about series and names. */
  readonly documents: DocumentStore
  readonly annotations: AnnotationStore
  /** Notes of series whose last point was deleted. */
  readonly emptied: EmptiedSeries
  /** What KairosDB's clients keep beside the points. */
  readonly kairosMetadata: KairosMetadataStore
  /** Undefined where no table for them is configured. */
  readonly trees: TreeStore | undefined
  readonly stats: Readonly<StoreStats>
  /** Closes idle connections. */
  close(): void
}

const DEFAULT_DEADLINE_MS = 20_000
const DEFAULT_REJECT_TTL_DAYS = 30

/**
 * Opens a store; no request is made yet.
 * @example
 * const store = openStore({ tables: { data: 'tsdb', uid: 'tsdb-uid', meta: 'tsdb-meta' }, uidWidths: DEFAULT_UID_WIDTHS,
 *   shelves: 4, saltBuckets: 1 })
 * const uids = await store.uids.assign('metric', ['sys.cpu.user'])
 */
export function openStore(config: StoreConfig): Store {
  const stats: StoreStats = { requests: 0, retries: 0, readUnits: 0, writeUnits: 0 }
  const dynamo = new Dynamo({
    client: config.client ?? openClient(config.endpoint),
    retry: { deadlineMs: config.deadlineMs ?? DEFAULT_DEADLINE_MS },
    onConsumed: (consumed) => {
      stats.requests++
      stats.readUnits += consumed.readUnits
      stats.writeUnits += consumed.writeUnits
      config.onConsumed?.(consumed)
    },
    onRetry: () => {
      stats.retries++
    },
  })
  const { tables, uidWidths, shelves, saltBuckets, clock = Date.now } = config
  const uidTable = new UidTable(dynamo, tables.uid, uidWidths, clock)
  const uids = new UidResolver({
    table: uidTable,
    widths: uidWidths,
    clock,
    ...(config.onUidsGiven && { onGiven: config.onUidsGiven }),
  })
  const seriesLog = new SeriesLog(dynamo, tables.meta, uidWidths, clock)
  const postings = new PostingsStore(dynamo, tables.meta, uidWidths)
  const layout = new LayoutStore(dynamo, tables.meta, { shelves, saltBuckets }, clock)
  return {
    data: new DataStore(dynamo, tables.data),
    ledger: new Ledger(dynamo, tables.data),
    rows: new RowStore(dynamo, tables.data, uidWidths, layout, clock),
    layout,
    acks: new AckStore(dynamo, tables.meta, clock),
    seriesLog,
    postings,
    index: new SeriesIndex(seriesLog, postings, uidWidths),
    rejects: new RejectStore(dynamo, tables.meta, config.rejectTtlDays ?? DEFAULT_REJECT_TTL_DAYS, clock),
    attempts: new AttemptStore(dynamo, tables.meta, clock),
    uids,
    uidTable,
    uidAdmin: new UidAdmin(uidTable, uids),
    documents: new DocumentStore(dynamo, tables.meta),
    annotations: new AnnotationStore(dynamo, tables.meta, uidWidths),
    emptied: new EmptiedSeries(dynamo, tables.data, uidWidths),
    kairosMetadata: new KairosMetadataStore(dynamo, tables.meta),
    trees: tables.tree === undefined ? undefined : new TreeStore(dynamo, tables.tree, uidWidths, clock),
    stats,
    close: () => dynamo.close(),
  }
}
