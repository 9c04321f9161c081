/** What names a block; the content's hash joins in when it is put. */
export interface BlockKey {
  readonly shelf: number
  /** Seconds since 1970, the hour's start. */
  readonly baseTime: number
  /** Milliseconds since 1970 by the writer's clock. */
  readonly writtenAt: number
  readonly shard: number
  /** Sequence numbers of the first and the last stream record that the block holds points of. */
  readonly firstSequence: bigint
  readonly lastSequence: bigint
}

/** What the ledger says of one hour of one shelf; hours that it does not name hold nothing. */
export interface LedgerHour {
  readonly shelf: number
  /** Seconds since 1970, the hour's start. */
  readonly baseTime: number
  /** How often blocks came after the hour's cut-off. */
  readonly late: number
  /** The sort key of the earliest late block. */
  readonly earliestLate?: Uint8Array
}

export interface BlockPut {
  readonly key: BlockKey
  readonly bytes: Uint8Array
  /** Seconds since 1970 after which the store may forget it; absent: never. */
  readonly expiresAtS?: number
}

export class DataStore {
  /** Stores a block; the same key and bytes again change nothing. Returns its sort key. */
  async putBlock(_key: BlockKey, _bytes: Uint8Array, _expiresAtS?: number): Promise<Uint8Array> {
    throw new Error('coming')
  }

  /** Stores many blocks in few requests; returns their sort keys in the same order. */
  async putBlocks(_blocks: readonly BlockPut[]): Promise<Uint8Array[]> {
    throw new Error('coming')
  }

  /** The bytes of every block of an hour of a shelf, in order of their keys, strongly consistently, all pages. */
  async readBlocks(_shelf: number, _baseTime: number): Promise<Uint8Array[]> {
    throw new Error('coming')
  }

  /** Notes that an hour of a shelf holds blocks; to be called before the first is put. Cached. */
  async openHour(_shelf: number, _baseTime: number): Promise<void> {
    throw new Error('coming')
  }

  /** Counts a block put after its hour's cut-off and keeps the earliest key. Never cached. */
  async noteLate(_shelf: number, _baseTime: number, _blockSk: Uint8Array): Promise<void> {
    throw new Error('coming')
  }

  /**
   * The hours that hold blocks.
   * @param fromDay seconds since 1970 at or in the first day
   * @param toDay seconds since 1970 at or in the last day, inclusive
   * @returns by base time in seconds, ascending, the shelves that hold blocks
   */
  async readLedger(_shelves: readonly number[], _fromDay: number, _toDay: number): Promise<Map<number, LedgerHour[]>> {
    throw new Error('coming')
  }
}
