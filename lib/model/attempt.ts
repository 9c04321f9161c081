/**
 * What a shard's marker says: these records were to be stored together, and so far nobody noted how that ended. Where the same
 * records come again, whoever had them crashed, ran out of memory or time, or failed.
 */
export interface Attempt {
  /** Sequence number of the first record that was tried. */
  readonly first: bigint
  /** Sequence number of the last record under suspicion; those tried may be fewer. */
  readonly last: bigint
  /** Records to try together. */
  readonly records: number
  /** How often they were begun; 0: it is their turn. */
  readonly tries: number
  /** Records that were rejected since one was last stored. */
  readonly rejected: number
  /** What the last failure said, where it could say something. */
  readonly why?: string | undefined
}
