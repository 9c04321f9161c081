import { type EmulatorClient, EmulatorError } from '../emulators/client.ts'
import { eventBytes, PAYLOAD_BYTES, type StreamRecord } from './records.ts'

/** Records asked for before their size is known; each may have 1 MB. */
const FIRST_LIMIT = 20
/** Kinesis' own most. */
const MOST_RECORDS = 10_000

/** Reads the records of one shard in order. */
export class ShardReader {
  readonly #client: EmulatorClient
  readonly #streamName: string
  readonly #shardId: string
  /** The last record read. */
  #after: string | undefined
  #iterator: string | undefined
  #limit = FIRST_LIMIT

  /** @param after sequence number to go on after; from the oldest record on where absent */
  constructor(client: EmulatorClient, streamName: string, shardId: string, after: string | undefined) {
    this.#client = client
    this.#streamName = streamName
    this.#shardId = shardId
    this.#after = after
  }

  /**
   * Reads on.
   * @param most records
   * @returns records, and whether there may be more at once
   */
  async read(most: number): Promise<{ records: readonly StreamRecord[]; more: boolean }> {
    const limit = Math.min(most, this.#limit)
    const { Records: records, NextShardIterator: next } = await this.#getRecords(limit)
    this.#iterator = next
    const last = records.at(-1)
    if (last !== undefined) {
      this.#after = last.SequenceNumber
      // GetRecords answers 10 MB at most; the emulator does not count, so the number of records follows their size.
      const bytes = records.reduce((sum, record) => sum + eventBytes(record), 0)
      this.#limit = Math.max(
        1,
        Math.min(MOST_RECORDS, this.#limit * 4, Math.floor((PAYLOAD_BYTES * records.length) / bytes)),
      )
    }
    return { records, more: records.length === limit }
  }

  async #getRecords(limit: number): Promise<{ Records: StreamRecord[]; NextShardIterator?: string }> {
    const read = async () => {
      this.#iterator ??= await this.#newIterator()
      return this.#client.call<{ Records: StreamRecord[]; NextShardIterator?: string }>('GetRecords', {
        ShardIterator: this.#iterator,
        Limit: limit,
      })
    }
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof EmulatorError) || error.type !== 'ExpiredIteratorException') throw error
      // Five minutes without a read, in a long back-off or on a machine that slept.
      this.#iterator = undefined
      return read()
    }
  }

  async #newIterator(): Promise<string> {
    const { ShardIterator } = await this.#client.call<{ ShardIterator: string }>('GetShardIterator', {
      StreamName: this.#streamName,
      ShardId: this.#shardId,
      ...(this.#after === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: this.#after }),
    })
    return ShardIterator
  }
}
