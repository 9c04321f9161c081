/** What could not be read or stored, kept whole. */
export interface Reject {
  /** Milliseconds since 1970 at which the stream took the record. */
  readonly arrival: number
  readonly shard: number
  readonly sequence: bigint
  readonly reason: string
  /** The record as it came, or the part of it that is rejected. */
  readonly bytes: Uint8Array
}

export class RejectStore {
  /** Keeps a reject; the same one again changes nothing. */
  async put(_reject: Reject): Promise<void> {
    throw new Error('coming')
  }

  /** The rejects that arrived on a day (any second of it), oldest first. */
  async *list(_day: number): AsyncGenerator<Reject> {
    yield* []
    throw new Error('coming')
  }
}
