import type { Store } from '../store/index.ts'
import type { LedgerHour } from '../store/ledger.ts'

/**
 * Milliseconds that anybody may work on what they read of the ledger or put before: the longest a function runs, and what clocks
 * may differ. Whoever read that an hour's points are in its blocks has looked there by then; whoever put a block has noted it as
 * late, or died, and then its points come again in another.
 */
const LONGEST_WORK_MS = 16 * 60_000

/** Whether an hour's blocks can be deleted: its points are in rows, and everybody knows. */
export function isClearable({ state, cleared, roundEndedAt }: LedgerHour, now: number): boolean {
  return state === 'sealed' && !cleared && now >= roundEndedAt + LONGEST_WORK_MS
}

/**
 * Deletes the blocks of a sealed hour. Those that somebody may have put since it was sealed, and may yet be about to note as
 * late, stay: then, and where a late block was noted meanwhile, the hour is not marked as cleared and its turn comes again.
 * @param hour that isClearable
 * @param owner as for a lease
 * @param leaseMs milliseconds
 * @param clock milliseconds since 1970
 * @returns blocks deleted
 * @throws StoreUnavailableError
 */
export async function clearBlocks(
  { data, ledger }: Pick<Store, 'data' | 'ledger'>,
  hour: LedgerHour,
  { owner, leaseMs, clock }: { owner: string; leaseMs: number; clock: () => number },
): Promise<number> {
  const lease = await ledger.lease(hour, owner, clock(), leaseMs)
  if (lease === undefined) return 0
  if (!isClearable(lease, clock())) {
    await ledger.release(lease)
    return 0
  }
  const before = clock() - LONGEST_WORK_MS
  const blocks = await data.blocksOf(lease.shelf, lease.baseTime)
  const old = blocks.filter(({ writtenAt }) => writtenAt < before)
  await data.deleteBlocks(old)
  if (old.length === blocks.length) await ledger.markCleared(lease)
  else await ledger.release(lease)
  return old.length
}
