import { type BlockSource, decodeBlock } from '../codec/block.ts'
import { mergePieces, newestOrigin, type Piece } from '../codec/merge.ts'
import type { Row } from '../codec/row.ts'
import { readUid } from '../codec/tsuid.ts'
import { CorruptDataError } from '../model/errors.ts'
import { ConditionFailedError } from '../store/errors.ts'
import type { Store } from '../store/index.ts'
import type { HourState, Lease } from '../store/ledger.ts'
import { chunksOf } from '../store/parallel.ts'
import type { RowPut } from '../store/rows.ts'
import { bytesByMetric } from './adjust-layout.ts'

/** Rows that are encoded and written between two looks at the clock. */
const ROWS_AT_A_TIME = 500

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
): Promise<SealedHour> {
  const { shelf, baseTime } = lease
  const blocks = await store.data.readBlocks(shelf, baseTime, lease.state === 'open' ? undefined : lease.earliestLate)
  const counts = { rows: 0, points: 0, rowBytes: 0, blockBytes: blocks.reduce((sum, { length }) => sum + length, 0) }
  const series = [...gatherPieces(blocks).values()]
  const metrics = new Set(series.map(({ tsuid }) => readUid(tsuid, 0, store.uids.widths.metric)))
  try {
    for (const some of chunksOf(series, ROWS_AT_A_TIME)) {
      if (isTimeUp()) {
        await store.ledger.release(lease)
        return { outcome: 'stopped', ...counts, metrics }
      }
      const rows = await mergeRows(store, lease, some)
      counts.rowBytes += await store.rows.putRows(rows, lease.fence)
      counts.rows += rows.length
      for (const { row } of rows) counts.points += row.points.count
    }
  } catch (error) {
    if (error instanceof ConditionFailedError) return { outcome: 'lost', ...counts, metrics }
    throw error
  }
  const metricBytes = bytesByMetric(series, counts.blockBytes, store.uids.widths)
  if (await store.ledger.markSealed(lease, { ...counts, metricBytes }, clock()))
    return { outcome: 'sealed', ...counts, metrics }
  await store.ledger.postpone(lease, clock())
  return { outcome: 'late', ...counts, metrics }
}

/** One series' points of some blocks. */
interface GatheredSeries {
  readonly tsuid: Uint8Array
  readonly pieces: Piece[]
}

function gatherPieces(blocks: readonly Uint8Array[]): Map<string, GatheredSeries> {
  const gathered = new Map<string, GatheredSeries>()
  for (const bytes of blocks) {
    const { series, sources: origins } = decodeBlock(bytes)
    for (const { tsuid, points, sources } of series) {
      const name = nameOf(tsuid)
      let known = gathered.get(name)
      if (known === undefined) {
        known = { tsuid, pieces: [] }
        gathered.set(name, known)
      }
      known.pieces.push({ points, sources, origins })
    }
  }
  return gathered
}

/** The rows as they are to be, of some series of an hour. */
async function mergeRows(store: Store, lease: Lease, series: readonly GatheredSeries[]): Promise<RowPut[]> {
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
  const before = new Map(stored.map((row) => [nameOf(row.tsuid), row]))
  return series.map(({ tsuid, pieces }) => {
    return { tsuid, baseTime, row: mergeRow(pieces, before.get(nameOf(tsuid))?.row, lease.state) }
  })
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

function nameOf(tsuid: Uint8Array): string {
  return Buffer.from(tsuid.buffer, tsuid.byteOffset, tsuid.byteLength).toString('latin1')
}
