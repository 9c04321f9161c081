import { randomUUID } from 'node:crypto'
import { type KinesisClient, PutRecordsCommand, type PutRecordsCommandOutput } from '@aws-sdk/client-kinesis'
import { UnavailableError } from '../model/errors.ts'
import { Backoff, isTransient, type RetryPolicy } from '../store/retry.ts'
import { StreamRefusedError } from './stream-errors.ts'

/** Kinesis' limits on one PutRecords. */
const RECORDS_PER_CALL = 500
const BYTES_PER_CALL = 5 * 1024 * 1024
const PARTITION_KEY_BYTES = 36

/** The way in for points: the stream, written in batches and tried again while that may help. */
export class PointStream {
  readonly #client: KinesisClient
  readonly #name: string
  readonly #retry: RetryPolicy
  /** Further attempts since this was made. */
  retries = 0

  /**
   * @param client its own retries should be off: ours know the deadline and which records are left
   * @param name of the stream
   */
  constructor(client: KinesisClient, name: string, retry: RetryPolicy) {
    this.#client = client
    this.#name = name
    this.#retry = retry
  }

  /**
   * Puts records on the stream. Those that Kinesis turns away are tried again, the others are not.
   * @returns for each record why it is not on the stream; undefined where it is. Clients are told it, so it is the kind of failure and
   * not Kinesis' own words, which name the account, the stream and the shard
   * @throws StreamRefusedError where trying again would never help
   */
  async put(records: readonly Uint8Array[]): Promise<(string | undefined)[]> {
    const why: (string | undefined)[] = new Array(records.length).fill('Not sent')
    const backoff = new Backoff('PutRecords', this.#retry)
    let left = records.map((_, i) => i)
    for (;;) {
      for (const call of callsOf(left, records)) await this.#send(call, records, why)
      left = left.filter((i) => why[i] !== undefined)
      const [first] = left
      if (first === undefined) return why
      try {
        await backoff.pause(why[first])
        this.retries++
      } catch (error) {
        if (error instanceof UnavailableError) return why
        throw error
      }
    }
  }

  /** Sends one call and notes what became of each of its records. */
  async #send(call: readonly number[], records: readonly Uint8Array[], why: (string | undefined)[]): Promise<void> {
    let output: PutRecordsCommandOutput
    try {
      output = await this.#client.send(
        new PutRecordsCommand({
          StreamName: this.#name,
          // random keys spread the load over the shards whatever is in the records
          Records: call.map((i) => ({ Data: records[i], PartitionKey: randomUUID() })),
        }),
      )
    } catch (error) {
      if (!isTransient(error)) throw new StreamRefusedError(error)
      for (const i of call) why[i] = kindOf(error)
      return
    }
    call.forEach((i, position) => {
      const result = output.Records?.[position]
      if (result?.SequenceNumber !== undefined && result.ErrorCode === undefined) why[i] = undefined
      else why[i] = result?.ErrorCode ?? 'No result'
    })
  }
}

/** `ECONNREFUSED`, `ThrottlingException`. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/**
 * Cuts records into calls that Kinesis takes.
 * @param left indexes into `records`
 */
export function callsOf(left: readonly number[], records: readonly Uint8Array[]): number[][] {
  const calls: number[][] = []
  let call: number[] = []
  let bytes = 0
  for (const i of left) {
    const more = (records[i]?.length ?? 0) + PARTITION_KEY_BYTES
    if (call.length === RECORDS_PER_CALL || (call.length > 0 && bytes + more > BYTES_PER_CALL)) {
      calls.push(call)
      call = []
      bytes = 0
    }
    call.push(i)
    bytes += more
  }
  if (call.length > 0) calls.push(call)
  return calls
}
