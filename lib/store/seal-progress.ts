import { ByteReader, ByteWriter } from '../codec/bytes.ts'

/** How far an hour of a shelf is sealed that is too large to be sealed in one go. */
export interface SealProgress {
  /** Groups that its series are divided into, by their hashes modulo this number. */
  readonly groups: number
  /** Groups that are held in memory at a time. */
  readonly atOnce: number
  /** Groups whose rows are written: those from 0 on. */
  readonly done: number
  /** What those groups came to. */
  readonly rows: number
  readonly rowBytes: number
}

/** What the progress holds for: with a late block more, or another round, it is void. */
export interface ProgressBasis {
  readonly late: number
  readonly rounds: number
}

/** As the ledger holds it: varints. */
export function encodeProgress({ late, rounds }: ProgressBasis, progress: SealProgress): Uint8Array {
  const { groups, atOnce, done, rows, rowBytes } = progress
  const writer = new ByteWriter(40).varint(late).varint(rounds).varint(groups).varint(atOnce)
  return writer.varint(done).varint(rows).varint(rowBytes).finish()
}

/**
 * The mirror of encodeProgress.
 * @returns undefined where it is about an hour that has changed since
 * @throws CorruptDataError
 */
export function decodeProgress(bytes: Uint8Array, basis: ProgressBasis): SealProgress | undefined {
  const reader = new ByteReader(bytes, 'progress of sealing')
  const isSame = reader.varint() === basis.late && reader.varint() === basis.rounds
  if (!isSame) return undefined
  const [groups, atOnce, done] = [reader.varint(), reader.varint(), reader.varint()]
  return { groups, atOnce, done, rows: reader.varint(), rowBytes: reader.varint() }
}
