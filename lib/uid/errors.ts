import { TsdbError } from '../model/errors.ts'
import type { UidKind, UidWidths } from '../model/series.ts'

/** When a name can't get a UID. */
export class UidError extends TsdbError {}

/** When all UIDs of a kind are given away. */
export class UidsExhaustedError extends UidError {
  constructor(kind: UidKind, width: number) {
    super('uid.exhausted', 400, `No ${kind} UIDs are left: ${width} bytes hold ${256 ** width - 1} names`, {
      details: `Fewer distinct ${kind} names, or a new store with a greater uidWidth for ${kind}, make room`,
    })
  }
}

/** When a name can't be a key of the store: empty, longer than a key may be, or not well-formed Unicode. */
export class UnstorableNameError extends UidError {
  constructor(kind: UidKind, why: string) {
    super('uid.unstorableName', 400, `A ${kind} name can't be stored: it ${why}`)
  }
}

/** When another writer gave the name a UID first: carries the winner, which is the one to use. */
export class UidAlreadyAssignedError extends UidError {
  readonly winner: number

  constructor(kind: UidKind, name: string, winner: number) {
    super('uid.alreadyAssigned', 409, `The ${kind} ${name} already has the UID ${winner}`)
    this.winner = winner
  }
}

/** When the counter gave away a UID that already stands for another name: the counter was set back. */
export class UidTakenError extends UidError {
  constructor(kind: UidKind, uid: number) {
    super('uid.taken', 500, `The ${kind} UID ${uid} already stands for another name`, {
      details: 'The counter in tsdb-uid is behind the UIDs in use; was a part of the table restored?',
    })
  }
}

/** When the store was made with other UID widths than the configuration says. */
export class UidWidthsMismatchError extends TsdbError {
  /** @param stored and @param configured bytes of metric, tagk and tagv UIDs, as `3,3,4` */
  constructor(stored: string, configured: string) {
    super('uid.widths', 500, `The store's UID widths are ${stored}, the configuration says ${configured}`, {
      details: 'Widths are fixed when a store is first used; configure what the store has, or start a new store',
    })
  }
}

/** Widths as errors and the store write them: metric, tagk, tagv. */
export function widthsText(widths: UidWidths): string {
  return `${widths.metric},${widths.tagk},${widths.tagv}`
}
