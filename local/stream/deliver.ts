import type { PoolOutcome } from '../functions/pool.ts'
import type { MappingModel } from '../template/index.ts'
import type { StreamRecord } from './records.ts'

/** Why records were given up; the words are Lambda's. */
export type GivenUp = 'RetryAttemptsExhausted' | 'MaximumRecordAgeExceeded'

/** What delivering a batch needs from outside. */
export interface DeliveryPort {
  /** Calls the function with these records. */
  call(records: readonly StreamRecord[]): Promise<PoolOutcome>
  /** Everything up to and with this record is dealt with. */
  checkpoint(last: StreamRecord): Promise<void>
  /** Hands records to the on-failure destination. */
  giveUp(records: readonly StreamRecord[], why: GivenUp, calls: number): Promise<void>
  /** Waits; returns early where the poller is being stopped. */
  rest(ms: number): Promise<void>
  /** Milliseconds since 1970. */
  now(): number
  /** Whether to stop where the batch stands; what has no checkpoint comes again at the next start. */
  stopped(): boolean
}

/** Consecutive records that are called for together, and how often that failed so far. */
interface Part {
  readonly records: readonly StreamRecord[]
  readonly failures: number
}

const FIRST_REST_MS = 100
const LONGEST_REST_MS = 10_000

/**
 * Delivers a batch as Lambda's event source mapping does: in order, with retries and back-off, from the lowest failed record
 * on, in halves where the mapping bisects, until every record is dealt with or given up.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 * @param batch records of one shard in order
 */
export async function deliver(
  batch: readonly StreamRecord[],
  mapping: MappingModel,
  port: DeliveryPort,
): Promise<void> {
  // The part to be called for next lies last.
  const parts: Part[] = [{ records: batch, failures: 0 }]
  for (let part = parts.pop(); part !== undefined && !port.stopped(); part = parts.pop()) {
    const { failures } = part
    const records = await dropTooOld(part, mapping, port)
    const last = records.at(-1)
    if (last === undefined) continue

    const outcome = await port.call(records)
    if (port.stopped() && outcome.kind !== 'answer') return
    const failedFrom = firstFailed(outcome, records, mapping)
    if (failedFrom === records.length) {
      await port.checkpoint(last)
      continue
    }
    const before = records[failedFrom - 1]
    if (before !== undefined) {
      // It got on, if not through: what is left starts afresh.
      await port.checkpoint(before)
      parts.push({ records: records.slice(failedFrom), failures: 0 })
      await port.rest(backOffMs(0))
      continue
    }
    if (outcome.kind === 'throttled') {
      parts.push({ records, failures })
    } else if (mapping.bisectOnError && outcome.kind !== 'answer' && records.length > 1) {
      // Splitting does not count as a retry.
      const middle = Math.ceil(records.length / 2)
      parts.push({ records: records.slice(middle), failures }, { records: records.slice(0, middle), failures })
    } else if (mapping.maxRetries >= 0 && failures >= mapping.maxRetries) {
      await port.giveUp(records, 'RetryAttemptsExhausted', failures + 1)
      await port.checkpoint(last)
      continue
    } else {
      parts.push({ records, failures: failures + 1 })
    }
    await port.rest(backOffMs(failures))
  }
}

/** Gives up the records that are older than the mapping allows, and returns the rest. */
async function dropTooOld(part: Part, mapping: MappingModel, port: DeliveryPort): Promise<readonly StreamRecord[]> {
  const { records } = part
  if (mapping.maxRecordAgeSeconds < 0) return records
  const oldest = port.now() / 1000 - mapping.maxRecordAgeSeconds
  const young = records.findIndex((record) => record.ApproximateArrivalTimestamp >= oldest)
  const tooOld = young < 0 ? records : records.slice(0, young)
  const last = tooOld.at(-1)
  if (last !== undefined) {
    await port.giveUp(tooOld, 'MaximumRecordAgeExceeded', part.failures)
    await port.checkpoint(last)
  }
  return records.slice(tooOld.length)
}

/**
 * The index of the first record that is not dealt with: 0 for a batch that failed as a whole, the batch's length for one that
 * passed.
 */
function firstFailed(outcome: PoolOutcome, records: readonly StreamRecord[], mapping: MappingModel): number {
  if (outcome.kind !== 'answer') return 0
  if (!mapping.reportItemFailures) return records.length
  const answer: unknown = JSON.parse(outcome.payload)
  if (typeof answer !== 'object' || answer === null || !('batchItemFailures' in answer)) return records.length
  const failures = answer.batchItemFailures ?? []
  if (!Array.isArray(failures)) return 0
  let lowest = records.length
  for (const failure of failures) {
    const index = records.findIndex((record) => record.SequenceNumber === failure?.itemIdentifier)
    // A record that was not in the batch: Lambda takes the whole batch for failed.
    if (index < 0) return 0
    lowest = Math.min(lowest, index)
  }
  return lowest
}

/** Exponential, with jitter over its upper half, so that shards don't retry in step. */
function backOffMs(failures: number): number {
  const most = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** failures)
  return most / 2 + (Math.random() * most) / 2
}
