/** A point of a synchronous put that was not stored. */
export interface AckError {
  /** The point's index in the put request. */
  readonly index: number
  readonly message: string
}

/** What became of the points of one part (one stream record) of a synchronous put, or of all its parts. */
export interface Ack {
  /** Points stored and readable. */
  readonly stored: number
  readonly errors: readonly AckError[]
}

export class AckStore {
  /** Leaves the acknowledgement of one part of a put; it expires after an hour. */
  async write(_id: Uint8Array, _part: { index: number; count: number }, _ack: Ack): Promise<void> {
    throw new Error('coming')
  }

  /** The acknowledgement of all parts of a put together; undefined until each is there. */
  async read(_id: Uint8Array): Promise<Ack | undefined> {
    throw new Error('coming')
  }
}
