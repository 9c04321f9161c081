import { bytesAt, numberAt } from './attributes.ts'
import type { Item } from './dynamo.ts'
import { decodeLedgerPk } from './keys.ts'
import { type HourAttributes, hourAttributes } from './ledger-inputs.ts'

/** An hour of a shelf. */
export interface ShelfHour {
  readonly shelf: number
  /** Seconds since 1970, the hour's start. */
  readonly baseTime: number
}

/**
 * Where the points of an hour of a shelf are. `open`: in its blocks. `sealed`: in its rows. `late`: in its rows, but for those
 * of blocks whose sort key is `earliestLate` or follows it.
 */
export type HourState = 'open' | 'sealed' | 'late'

/** What the ledger says of one hour of one shelf; hours that it does not name hold nothing. */
export interface LedgerHour extends ShelfHour {
  readonly state: HourState
  /** How often blocks came after the hour's cut-off. */
  readonly late: number
  /** The sort key of the earliest block that came after the cut-off and is not in the rows yet. */
  readonly earliestLate?: Uint8Array
  /** How often the hour was sealed, or it was tried in vain because late blocks came meanwhile. */
  readonly rounds: number
  /** When the last of those rounds ended, in milliseconds since 1970; 0 where there was none. */
  readonly roundEndedAt: number
  /** Milliseconds since 1970 until which somebody works on the hour; 0 where nobody does. */
  readonly leasedUntil: number
  /** How often a lease of the hour was given. Rows are written under leases alone. */
  readonly fence: number
  /** What the last sealing wrote: rows, and the bytes of their values; 0 where there was none. */
  readonly rows: number
  readonly rowBytes: number
  /** Whether its blocks were deleted since it was sealed last. */
  readonly cleared: boolean
}

const HOUR_S = 3_600

/** The hours that a ledger item names. @throws CorruptDataError */
export function ledgerHours(item: Item): LedgerHour[] {
  const { shelf, day } = decodeLedgerPk(bytesAt(item, 'pk'))
  return (item.openHours?.NS ?? []).map((hour) => {
    const baseTime = day + Number(hour) * HOUR_S
    return ledgerHour(item, { shelf, baseTime }, hourAttributes(baseTime))
  })
}

/** What a ledger item says of one of its hours. @throws CorruptDataError */
export function ledgerHour(item: Item, { shelf, baseTime }: ShelfHour, names: HourAttributes): LedgerHour {
  const numberOr0 = (name: string) => (item[name] === undefined ? 0 : numberAt(item, name))
  const late = numberOr0(names.late)
  const sealedAt = item[names.sealed] === undefined ? undefined : numberAt(item, names.sealed)
  return {
    shelf,
    baseTime,
    state: sealedAt === undefined ? 'open' : sealedAt === late ? 'sealed' : 'late',
    late,
    ...(item[names.earliest] === undefined ? {} : { earliestLate: bytesAt(item, names.earliest) }),
    rounds: numberOr0(names.rounds),
    roundEndedAt: numberOr0(names.ended),
    leasedUntil: numberOr0(names.leasedUntil),
    fence: numberOr0(names.fence),
    rows: numberOr0(names.rows),
    rowBytes: numberOr0(names.rowBytes),
    cleared: item[names.cleared] !== undefined && numberAt(item, names.cleared) === numberOr0(names.rounds),
  }
}
