import type { BlockPut } from '../store/data.ts'
import type { Store } from '../store/index.ts'
import type { ShelfHour } from '../store/ledger.ts'
import { mapParallel } from '../store/parallel.ts'
import type { EncodedBlock } from './blocks.ts'
import type { PointGroup } from './group.ts'

/**
 * Milliseconds after an hour's end from which a block of it is late: sealing may have read the hour by then. Sealing must
 * not begin earlier.
 */
export const SEAL_GRACE_MS = 5 * 60_000

/**
 * Milliseconds before the cut-off from which on blocks have no place among those of their hour, and sort by time: of late blocks sealing reads
 * all from the earliest on, which then are few. More than putting takes, so that a block with a place is hardly ever late.
 */
const UNPLACED_MS = SEAL_GRACE_MS / 2

const PARALLEL_WRITES = 16
const HOUR_MS = 3_600_000
const DAY_S = 86_400

/** What writing blocks works with. */
export interface BlockWriter {
  readonly store: Pick<Store, 'data' | 'ledger'>
  /** Days until blocks expire; 0: never by themselves, sealing deletes them. */
  readonly blockTtlDays: number
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/**
 * Writes blocks, the ledger's entries before them and the late notes after them.
 *
 * What it costs, in DynamoDB's write units of 1 KB: a block its size, a unit at least; the ledger two units for each shelf and
 * day with hours that this instance sees for the first time; a late note two units for each closed shelf-hour of the pass. Live
 * data touch one hour, so blocks are all that counts. A history sorted by time, as the import sends it, touches few hours a
 * pass. Points strewn over a year touch thousands: then each shelf-hour costs three units and its notes' requests, however
 * few points fall in it. That is the price of never missing a late block; sending points in order of time avoids it.
 */
export async function writeBlocks(
  { store, blockTtlDays, clock }: BlockWriter,
  blocks: readonly EncodedBlock[],
): Promise<void> {
  const { ledger } = store
  const groups = [...new Set(blocks.map(({ group }) => group))]
  const runs = await ledger.openHours(groups)
  const writtenAt = clock()
  const puts = blocks.map(({ group, bytes, shard, firstSequence, lastSequence }) => ({
    key: {
      shelf: group.shelf,
      baseTime: group.baseTime,
      ...(writtenAt < closesAt(group) - UNPLACED_MS ? { place: runs.take(group) } : {}),
      writtenAt,
      shard,
      firstSequence,
      lastSequence,
    },
    bytes,
    ...(blockTtlDays > 0 ? { expiresAtS: Math.floor(writtenAt / 1000) + blockTtlDays * DAY_S } : {}),
  }))
  const keys = await putBlocks(store, puts)
  // The clock is read again: an hour that closed while its blocks were under way may have been sealed without them.
  const now = clock()
  const earliestKeys = new Map<PointGroup, Uint8Array>()
  for (const [i, { group }] of blocks.entries()) {
    const key = keys[i]
    if (key === undefined || now < closesAt(group)) continue
    // One note for all blocks of a group: sealing asks only whether the counter moved, and from which key on.
    const earliest = earliestKeys.get(group)
    if (earliest === undefined || Buffer.compare(key, earliest) < 0) earliestKeys.set(group, key)
  }
  await mapParallel([...earliestKeys], PARALLEL_WRITES, ([{ shelf, baseTime }, key]) =>
    ledger.noteLate(shelf, baseTime, key),
  )
}

/** Milliseconds since 1970 of an hour's cut-off. */
function closesAt({ baseTime }: ShelfHour): number {
  return baseTime * 1000 + HOUR_MS + SEAL_GRACE_MS
}

async function putBlocks({ data, ledger }: BlockWriter['store'], puts: readonly BlockPut[]): Promise<Uint8Array[]> {
  try {
    return await data.putBlocks(puts)
  } catch (error) {
    ledger.endRuns(puts.map(({ key }) => key))
    throw error
  }
}
