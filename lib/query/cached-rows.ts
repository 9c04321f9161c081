import { latin1 } from '../codec/bytes.ts'
import { type CacheCounts, noCacheCounts } from '../model/cache-counts.ts'
import type { LedgerHour } from '../store/ledger.ts'
import type { RowStore, StoredRow } from '../store/rows.ts'
import type { RowBlock } from './plan-rows.ts'
import { WeightedCache } from './weighted-cache.ts'

/** Bytes of rows that are kept, about. */
const BYTES_KEPT = 64 * 2 ** 20

/** What a row weighs besides its value, and an hour besides its rows, in bytes, about. */
const ROW_BYTES = 400
const HOUR_BYTES = 500

/**
 * Milliseconds after which an hour is read anew though the ledger says that nothing has changed: so what a read that was not strongly
 * consistent missed after all is not missed for ever, nor what differs in a table that was restored, where leases are counted from what
 * they were then.
 */
const LONGEST_KEPT_MS = 15 * 60_000

/**
 * What tells the rows of an hour as they are from what they were or will be. Rows are written under leases alone, each of which has
 * a greater fence than those before it, so while there is no lease and the fences are the same, the rows are.
 * @param shelves of the hour, as the ledger says
 * @returns undefined where somebody may be writing them
 */
export function rowVersion(shelves: readonly LedgerHour[]): string | undefined {
  if (shelves.some(({ leasedUntil }) => leasedUntil !== 0)) return undefined
  return shelves.map(({ shelf, fence }) => `${shelf}.${fence}`).join()
}

/** What is known of the rows of a metric's hour. */
class HourRows {
  readonly version: string
  /** Milliseconds since 1970. */
  readonly readAt: number
  /** Those that were asked for by series; undefined: there is none. */
  readonly #bySeries = new Map<string, StoredRow | undefined>()
  /** All that there are, where they were read. */
  #all: readonly StoredRow[] | undefined
  #bytes = HOUR_BYTES

  constructor(version: string, readAt: number) {
    this.version = version
    this.readAt = readAt
  }

  get bytes(): number {
    return this.#bytes
  }

  get all(): readonly StoredRow[] | undefined {
    return this.#all
  }

  addAll(rows: readonly StoredRow[]): void {
    this.#all = rows
    for (const row of rows) this.#bytes += row.bytes + ROW_BYTES
  }

  /** @param names of the series that were asked for, the rows' among them */
  add(names: readonly string[], rows: readonly StoredRow[]): void {
    for (const name of names) this.#bySeries.set(name, undefined)
    for (const row of rows) {
      this.#bySeries.set(latin1(row.tsuid), row)
      this.#bytes += row.bytes
    }
    this.#bytes += names.length * ROW_BYTES
  }

  /** The rows of some series; undefined where it is not known of all whether there is one. */
  of(names: readonly string[]): StoredRow[] | undefined {
    if (this.#all !== undefined && this.#bySeries.size === 0) {
      for (const row of this.#all) this.#bySeries.set(latin1(row.tsuid), row)
    }
    const rows: StoredRow[] = []
    for (const name of names) {
      const row = this.#bySeries.get(name)
      if (row !== undefined) rows.push(row)
      else if (this.#all === undefined && !this.#bySeries.has(name)) return undefined
    }
    return rows
  }
}

/**
 * Reads rows, and keeps them, encoded, for the next query: dashboards ask for the same hours again and again. Whoever asks has read the
 * ledger, strongly consistently, and says which version of the rows it speaks of; those of any other are read anew.
 */
export class CachedRows {
  /** Hours of metrics, not requests. */
  readonly cacheCounts: CacheCounts = noCacheCounts()
  readonly #rows: Pick<RowStore, 'readRowsExact' | 'readRowsRange'>
  readonly #clock: () => number
  readonly #hours: WeightedCache<string, HourRows>

  /**
   * @param clock milliseconds since 1970
   * @param bytesKept of rows @default 64 MB
   */
  constructor(
    rows: Pick<RowStore, 'readRowsExact' | 'readRowsRange'>,
    clock: () => number,
    bytesKept: number = BYTES_KEPT,
  ) {
    this.#rows = rows
    this.#clock = clock
    this.#hours = new WeightedCache(bytesKept)
  }

  /**
   * The rows that a block of a plan asks for, in no order.
   * @param metric UID
   * @param versions rowVersion by base time in seconds, of the ledger as it was read for this query
   * @param onRead told of the bytes of rows as they come; what it throws ends the reading
   * @throws StoreUnavailableError
   */
  async read(
    metric: number,
    block: RowBlock,
    versions: ReadonlyMap<number, string | undefined>,
    onRead: (bytes: number) => void,
  ): Promise<StoredRow[]> {
    return block.read === 'exact'
      ? this.#readExact(metric, block, versions, onRead)
      : this.#readRange(metric, block, versions, onRead)
  }

  async #readExact(
    metric: number,
    { baseTimes, tsuids = [], consistent }: RowBlock,
    versions: ReadonlyMap<number, string | undefined>,
    onRead: (bytes: number) => void,
  ): Promise<StoredRow[]> {
    const names = tsuids.map(latin1)
    const found: StoredRow[] = []
    const missing: number[] = []
    for (const baseTime of baseTimes) {
      const kept = this.#kept(metric, baseTime, versions)?.of(names)
      if (kept === undefined) missing.push(baseTime)
      else addRows(found, kept)
    }
    onRead(bytesOf(found))
    this.#count(baseTimes.length - missing.length, missing.length)
    if (missing.length === 0) return found
    const readAt = this.#clock()
    const read = await this.#rows.readRowsExact(missing, tsuids, { consistent, onRead })
    const byHour = new Map(missing.map((baseTime): [number, StoredRow[]] => [baseTime, []]))
    for (const row of read) byHour.get(row.baseTime)?.push(row)
    for (const [baseTime, rows] of byHour) {
      const version = versions.get(baseTime)
      if (version === undefined) continue
      const hour = this.#kept(metric, baseTime, versions) ?? new HourRows(version, readAt)
      hour.add(names, rows)
      this.#keep(metric, baseTime, hour)
    }
    addRows(found, read)
    return found
  }

  async #readRange(
    metric: number,
    { baseTimes, consistent }: RowBlock,
    versions: ReadonlyMap<number, string | undefined>,
    onRead: (bytes: number) => void,
  ): Promise<StoredRow[]> {
    const found: StoredRow[] = []
    for (const baseTime of baseTimes) {
      const kept = this.#kept(metric, baseTime, versions)?.all
      this.#count(kept === undefined ? 0 : 1, kept === undefined ? 1 : 0)
      if (kept !== undefined) onRead(bytesOf(kept))
      addRows(found, kept ?? (await this.#readHour(metric, baseTime, consistent, versions.get(baseTime), onRead)))
    }
    return found
  }

  async #readHour(
    metric: number,
    baseTime: number,
    consistent: boolean,
    version: string | undefined,
    onRead: (bytes: number) => void,
  ): Promise<StoredRow[]> {
    const readAt = this.#clock()
    const rows = await this.#rows.readRowsRange(metric, baseTime, { consistent, onRead })
    if (version === undefined) return rows
    const hour = new HourRows(version, readAt)
    hour.addAll(rows)
    this.#keep(metric, baseTime, hour)
    return rows
  }

  #kept(metric: number, baseTime: number, versions: ReadonlyMap<number, string | undefined>): HourRows | undefined {
    const hour = this.#hours.get(`${metric}/${baseTime}`)
    if (hour === undefined || hour.version !== versions.get(baseTime)) return undefined
    return this.#clock() - hour.readAt < LONGEST_KEPT_MS ? hour : undefined
  }

  #keep(metric: number, baseTime: number, hour: HourRows): void {
    this.#hours.set(`${metric}/${baseTime}`, hour, hour.bytes)
  }

  #count(hits: number, misses: number): void {
    this.cacheCounts.hits += hits
    this.cacheCounts.misses += misses
  }
}

function addRows(to: StoredRow[], rows: readonly StoredRow[]): void {
  for (const row of rows) to.push(row)
}

function bytesOf(rows: readonly StoredRow[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes, 0)
}
