import { bytesAt, numberAt } from './attributes.ts'
import type { Item } from './dynamo.ts'
import { decodeLedgerPk } from './keys.ts'
import { hourAttributes } from './ledger-inputs.ts'
import { decodeMetricBytes } from './metric-bytes.ts'

// What sealing found an hour of a shelf to hold, kept in the ledger for whoever decides how many shelves there should be.

/** What an hour of a shelf was found to hold. */
export interface ShelfVolume {
  readonly shelf: number
  /** Seconds since 1970, the hour's start. */
  readonly baseTime: number
  /** Of all of its blocks, those that came late too; undefined: it was never sealed. */
  readonly blockBytes: number | undefined
  /** About the bytes of the metrics that have most of it, by UID. */
  readonly metricBytes: ReadonlyMap<number, number>
}

const NOTHING = new Uint8Array()

/**
 * What a ledger item says of its hours that hold points.
 * @throws CorruptDataError
 */
export function volumesOf(item: Item): ShelfVolume[] {
  const { shelf, day } = decodeLedgerPk(bytesAt(item, 'pk'))
  return (item.openHours?.NS ?? []).map((hour) => {
    const baseTime = day + Number(hour) * 3_600
    const names = hourAttributes(baseTime)
    return {
      shelf,
      baseTime,
      blockBytes: item[names.blockBytes] === undefined ? undefined : numberAt(item, names.blockBytes),
      metricBytes: decodeMetricBytes(item[names.metrics]?.B ?? NOTHING),
    }
  })
}
