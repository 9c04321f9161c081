import type { UidKind, UidWidths } from '../model/series.ts'
import type { UidError } from './errors.ts'

/** Names <-> UIDs. */
export class UidResolver {
  readonly widths: UidWidths
  constructor(widths: UidWidths) {
    this.widths = widths
  }

  /** The UIDs of those names that have one; reads only. */
  async namesToUids(_kind: UidKind, _names: Iterable<string>): Promise<Map<string, number>> {
    throw new Error('coming')
  }

  /** The names of those UIDs that have one. */
  async uidsToNames(_kind: UidKind, _uids: Iterable<number>): Promise<Map<number, string>> {
    throw new Error('coming')
  }

  /** Every name's UID, new ones assigned; or why it can't have one. */
  async assign(_kind: UidKind, _names: Iterable<string>): Promise<Map<string, number | UidError>> {
    throw new Error('coming')
  }

  /** Up to `max` names that start with `prefix`, in order of their UTF-8 bytes. */
  async suggest(_kind: UidKind, _prefix: string, _max: number): Promise<string[]> {
    throw new Error('coming')
  }

  /** The epoch of renames and deletes, looked up at most once a minute: whoever caches UIDs drops them when it changes. */
  async epoch(): Promise<number> {
    throw new Error('coming')
  }

  /** Forgets everything cached. */
  dropCaches(): void {}
}
