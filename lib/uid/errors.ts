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

/** When a name is longer than a key of the store can be. */
export class NameTooLongError extends UidError {
  constructor(kind: UidKind, bytes: number, allowed: number) {
    super('uid.nameTooLong', 400, `A ${kind} name of ${bytes} bytes is too long: at most ${allowed} can be stored`)
  }
}

/** When the store was made with other UID widths than the configuration says. */
export class UidWidthsMismatchError extends TsdbError {
  constructor(stored: UidWidths, configured: UidWidths) {
    const text = (widths: UidWidths) => `${widths.metric},${widths.tagk},${widths.tagv}`
    super('uid.widths', 500, `The store's UID widths are ${text(stored)}, the configuration says ${text(configured)}`, {
      details: 'Widths are fixed when a store is first used; configure what the store has, or start a new store',
    })
  }
}
