import type { BlockSource } from '../codec/block.ts'
import { latin1 } from '../codec/bytes.ts'
import { mergePieces, newestOrigin, type Piece } from '../codec/merge.ts'
import type { Row } from '../codec/row.ts'
import { readUid } from '../codec/tsuid.ts'
import { CorruptDataError } from '../model/errors.ts'
import { visiblePoints } from '../model/pick-points.ts'
import { ConditionFailedError } from '../store/errors.ts'
import type { Store } from '../store/index.ts'
import type { HourState, Lease, SealedCounts } from '../store/ledger.ts'
import { chunksOf } from '../store/parallel.ts'
import type { RowId, RowPut } from '../store/rows.ts'
import type { SealProgress } from '../store/seal-progress.ts'
import { bytesByMetric } from './adjust-layout.ts'
import { type Gathered, type GatheredSeries, gatherSeries, groupOf } from './gather-series.ts'

/** Rows that are encoded and written between two looks at the clock. */
const ROWS_AT_A_TIME = 500

/** How much of an hour is worked on at a time. */
export interface SealBounds {
  /** Points in memory, some 25 bytes each, and as many again of the rows in work. */
  readonly points: number
  /** Rows, about, after which it is noted how far the hour is sealed: what is done again where sealing is stopped. */
  readonly rows: number
}

export const DEFAULT_BOUNDS: SealBounds = { points: 8_000_000, rows: 50_000 }

/** What sealing one hour of a shelf came to. */
export interface SealedHour {
  /**
   * `sealed`. `late`: late blocks came meanwhile, so it is to be tried again. `lost`: somebody else has the lease now.
   * `stopped`: time was up; the lease is given back.
   */
  readonly outcome: 'sealed' | 'late' | 'lost' | 'stopped'
  readonly rows: number
  readonly points: number
  readonly blockBytes: number
  readonly rowBytes: number
  /** UIDs of the metrics that it holds. */
  readonly metrics: ReadonlySet<number>
}

/**
 * Turns the blocks of an hour into rows: all of them where the hour was never sealed, else the late ones, merged with the rows
 * that are there. Blocks are left as they are, so that whatever happens on the way, they and the ledger still say all.
 *
 * An hour of more series or points than the bounds allow is divided into groups of series, whose blocks are read again for as many
 * groups as memory holds. What is noted after each group holds as long as no late block is counted: rows that were written
 * under an earlier lease then lack nothing that the count does not show later.
 * @param lease of the hour; ended here
 * @param isTimeUp asked now and then
 * @param clock milliseconds since 1970
 * @throws StoreUnavailableError; the lease then ends by itself
 */
export async function sealHour(
  store: Store,
  lease: Lease,
  isTimeUp: () => boolean,
  clock: () => number,
  bounds: SealBounds = DEFAULT_BOUNDS,
): Promise<SealedHour> {
  const work = new HourWork(store, lease, isTimeUp, clock)
  try {
    const outcome = await work.writeRows(bounds)
    if (outcome !== 'written') return { outcome, ...work.done() }
  } catch (error) {
    if (error instanceof ConditionFailedError) return { outcome: 'lost', ...work.done() }
    throw error
  }
  if (await store.ledger.markSealed(lease, work.sealedCounts(), clock())) return { outcome: 'sealed', ...work.done() }
  await store.ledger.postpone(lease, clock())
  return { outcome: 'late', ...work.done() }
}

/** The sealing of one hour of a shelf under one lease. */
class HourWork {
  readonly #store: Store
  readonly #lease: Lease
  readonly #isTimeUp: () => boolean
  readonly #clock: () => number
  readonly #counts = { rows: 0, points: 0, rowBytes: 0, blockBytes: 0 }
  readonly #pointsByMetric = new Map<number, number>()
  #metrics: ReadonlySet<number> = new Set()
  #progress: SealProgress

  constructor(store: Store, lease: Lease, isTimeUp: () => boolean, clock: () => number) {
    this.#store = store
    this.#lease = lease
    this.#isTimeUp = isTimeUp
    this.#clock = clock
    this.#progress = lease.progress ?? { groups: 1, atOnce: 1, done: 0, rows: 0, rowBytes: 0 }
  }

  /** What was done under this lease. */
  done() {
    return { ...this.#counts, metrics: this.#metrics }
  }

  /** What was done under this lease and those before it. */
  sealedCounts(): SealedCounts {
    const { blockBytes } = this.#counts
    const { rows, rowBytes } = this.#progress
    return { rows, rowBytes, blockBytes, metricBytes: bytesByMetric(this.#pointsByMetric, blockBytes) }
  }

  /** @returns `stopped` where time was up, and the lease given back; `lost` where it is somebody else's */
  async writeRows(bounds: SealBounds): Promise<'written' | 'stopped' | 'lost'> {
    const whole = this.#progress.groups === 1
    let gathered = await this.#gather(whole ? bounds.points : Number.POSITIVE_INFINITY)
    if (whole) this.#divide(gathered, bounds)
    while (this.#progress.done < this.#progress.groups) {
      const series = gathered.series ?? (await this.#gather(Number.POSITIVE_INFINITY)).series ?? []
      const outcome = await this.#writeGroups(series)
      if (outcome !== 'written') return outcome
      gathered = { ...gathered, series: undefined }
    }
    return 'written'
  }

  /** The series of the groups that are next. */
  async #gather(mostPoints: number): Promise<Gathered> {
    const { shelf, baseTime, state, earliestLate } = this.#lease
    const { groups, atOnce, done } = this.#progress
    const pages = this.#store.data.readBlockPages(shelf, baseTime, state === 'open' ? undefined : earliestLate)
    const wanted = { groups, from: done, to: done + atOnce }
    const gathered = await gatherSeries(pages, this.#store.uids.widths, wanted, mostPoints)
    this.#counts.blockBytes = gathered.blockBytes
    this.#metrics = gathered.metrics
    return gathered
  }

  /** Divides an hour that was read once into groups, all of them in memory or not. */
  #divide({ series, seriesSeen, pointsSeen }: Gathered, bounds: SealBounds): void {
    const byRows = Math.ceil(seriesSeen / bounds.rows)
    // Groups differ in size: with twice as many as would do on average, each is within the bounds but for one huge series.
    const byPoints = series === undefined ? Math.ceil((2 * pointsSeen) / bounds.points) : 1
    const groups = Math.max(1, byRows, byPoints)
    const atOnce = series === undefined ? Math.max(1, Math.floor(groups / byPoints)) : groups
    this.#progress = { ...this.#progress, groups, atOnce }
  }

  /** @param series of the groups that are next, as many as are held at once */
  async #writeGroups(series: readonly GatheredSeries[]): Promise<'written' | 'stopped' | 'lost'> {
    const { groups, atOnce, done } = this.#progress
    const byGroup = new Map<number, GatheredSeries[]>()
    for (const one of series) {
      const group = groupOf(one.tsuid, groups)
      const known = byGroup.get(group)
      if (known === undefined) byGroup.set(group, [one])
      else known.push(one)
    }
    for (let group = done; group < Math.min(done + atOnce, groups); group++) {
      for (const some of chunksOf(byGroup.get(group) ?? [], ROWS_AT_A_TIME)) {
        if (this.#isTimeUp()) {
          await this.#store.ledger.release(this.#lease)
          return 'stopped'
        }
        await this.#write(some)
      }
      this.#progress = { ...this.#progress, done: group + 1 }
      if (groups > 1 && !(await this.#store.ledger.noteProgress(this.#lease, this.#progress))) return 'lost'
    }
    return 'written'
  }

  async #write(series: readonly GatheredSeries[]): Promise<void> {
    const { rows, emptied } = await mergeRows(this.#store, this.#lease, series, this.#clock() / 1000)
    const rowBytes = await this.#store.rows.putRows(rows, this.#lease.fence)
    await this.#store.rows.emptyRows(emptied, this.#lease.fence)
    this.#counts.rowBytes += rowBytes
    this.#counts.rows += rows.length
    const { rows: rowsBefore, rowBytes: bytesBefore } = this.#progress
    this.#progress = { ...this.#progress, rows: rowsBefore + rows.length, rowBytes: bytesBefore + rowBytes }
    for (const { tsuid, row } of rows) {
      this.#counts.points += row.points.count
      const metric = readUid(tsuid, 0, this.#store.uids.widths.metric)
      this.#pointsByMetric.set(metric, (this.#pointsByMetric.get(metric) ?? 0) + row.points.count)
    }
  }
}

/**
 * The rows as they are to be, of some series of an hour. Points whose time has come are left out, and a series that has no others
 * gets no row.
 * @returns `emptied`: the rows that are there and hold points which such points replaced
 */
async function mergeRows(
  store: Store,
  lease: Lease,
  series: readonly GatheredSeries[],
  nowS: number,
): Promise<{ rows: RowPut[]; emptied: RowId[] }> {
  const { baseTime } = lease
  // Where nobody had a lease before, nobody has written rows.
  const stored =
    lease.fence === 1
      ? []
      : await store.rows.readRowsExact(
          [baseTime],
          series.map(({ tsuid }) => tsuid),
          { consistent: true },
        )
  const before = new Map(stored.map((row) => [latin1(row.tsuid), row]))
  const rows: RowPut[] = []
  const emptied: RowId[] = []
  for (const { tsuid, pieces } of series) {
    const row = before.get(latin1(tsuid))?.row
    const { points, newest } = mergeRow(pieces, row, lease.state)
    const seen = visiblePoints(points, nowS)
    if (seen.count > 0) rows.push({ tsuid, baseTime, row: { points: seen, newest } })
    else if (row !== undefined && visiblePoints(row.points, nowS).count > 0) emptied.push({ tsuid, baseTime })
  }
  return { rows, emptied }
}

/** Less than what any record says of itself. */
const BEFORE_ALL: BlockSource = { arrival: Number.NEGATIVE_INFINITY, shard: 0, sequence: 0n }

/**
 * Merges points of blocks with the row that is there. A row says but the newest of its arrivals, and its points count as if all
 * had come with that: what comes later wins, anything else was merged already. Of an hour that was never sealed, the row is
 * what somebody left who was stopped: it may fill gaps, never win over its own blocks.
 */
function mergeRow(pieces: readonly Piece[], row: Row | undefined, state: HourState): Row {
  const all = row === undefined ? pieces : [...pieces, pieceOfRow(row, state === 'open' ? BEFORE_ALL : row.newest)]
  const newest = newestOrigin(row === undefined ? pieces : [...pieces, pieceOfRow(row, row.newest)])
  if (newest === undefined) throw new CorruptDataError('blocks', 'a series has no points')
  return { points: mergePieces(all), newest }
}

function pieceOfRow({ points }: Row, origin: BlockSource): Piece {
  return { points, sources: new Uint32Array(points.count), origins: [origin] }
}
