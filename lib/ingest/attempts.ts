import type { Attempt } from '../model/attempt.ts'

/** What to do with a batch: to store its first records, or to reject its first one. `attempt` is to be noted before. */
export interface Step {
  readonly kind: 'store' | 'reject'
  /** Records of the batch that it is for. */
  readonly records: number
  readonly attempt: Attempt
}

/** By how much fewer records are tried after a failure: of 10,000, one is alone after four. */
const NARROWING = 16
/** By how much more records are tried together after a success. */
const WIDENING = 4
/** How often a record is tried alone before it is rejected. */
export const TRIES_ALONE = 3
/**
 * Records that are rejected one after the other without one being stored in between. Where there would be more, it is not the records:
 * a faulty version would take the whole stream to the rejects.
 */
export const REJECTS_IN_A_ROW = 20

/**
 * What to try of a batch.
 * @param before the shard's marker, undefined where there is none
 * @param sequences of the batch's records in their order, at least one
 */
export function planAttempt(before: Attempt | undefined, sequences: readonly bigint[]): Step {
  const first = sequences[0]!
  const last = sequences.at(-1)!
  if (before === undefined || before.last < first || before.first > last) {
    const rejected = before?.rejected ?? 0
    return {
      kind: 'store',
      records: sequences.length,
      attempt: { first, last, records: sequences.length, tries: 1, rejected },
    }
  }
  const again = before.first === first && before.tries > 0
  const records = Math.min(again ? Math.ceil(before.records / NARROWING) : before.records, sequences.length)
  const tries = again && before.records === 1 ? before.tries + 1 : 1
  const attempt = { ...before, first, records }
  if (tries <= TRIES_ALONE) return { kind: 'store', records, attempt: { ...attempt, tries } }
  // Further tries are no longer counted: what can't be rejected waits.
  const kind = before.rejected < REJECTS_IN_A_ROW ? 'reject' : 'store'
  return { kind, records: 1, attempt: { ...attempt, tries: TRIES_ALONE } }
}

/**
 * The marker once the first records of a batch are stored.
 * @param stored how many of the batch's records, at least one
 * @returns undefined: nothing is under suspicion any more
 */
export function afterStoring(attempt: Attempt, sequences: readonly bigint[], stored: number): Attempt | undefined {
  const rest = behind(attempt, sequences, stored)
  if (rest === undefined) return undefined
  return { ...rest, records: attempt.records * WIDENING, rejected: 0 }
}

/** The marker once a batch's first record is rejected. It stays where nothing is left, for the count of those rejected in a row. */
export function afterRejecting(attempt: Attempt, sequences: readonly bigint[]): Attempt {
  const rejected = attempt.rejected + 1
  const rest = behind(attempt, sequences, 1)
  return { ...(rest ?? { ...attempt, tries: 0, why: undefined }), records: NARROWING, rejected }
}

/**
 * The marker where storing stopped for a reason that is none of the records': the store was away. It counts for nothing.
 * @param stored how many of the batch's records were stored before
 */
export function afterStoreAway(attempt: Attempt, sequences: readonly bigint[], stored: number): Attempt {
  const rest = stored === 0 ? undefined : behind(attempt, sequences, stored)
  return rest ?? { ...attempt, tries: attempt.tries - 1 }
}

/** What is under suspicion behind the first records of a batch; undefined: nothing. */
function behind(attempt: Attempt, sequences: readonly bigint[], done: number): Attempt | undefined {
  const lastDone = sequences[done - 1]!
  if (lastDone >= attempt.last) return undefined
  return { ...attempt, first: sequences[done] ?? lastDone + 1n, tries: 0, why: undefined }
}
