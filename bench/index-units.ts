import { murmur3 } from '../lib/codec/murmur3.ts'
import { encodeTsuid } from '../lib/codec/tsuid.ts'
import { DEFAULT_UID_WIDTHS } from '../lib/model/series.ts'
import type { Consumed } from '../lib/store/dynamo.ts'
import { openStore, type Store } from '../lib/store/index.ts'
import { BENCH_TABLES } from './emulators.ts'

export const WIDTHS = DEFAULT_UID_WIDTHS

/** The tag keys of the benchmarks' hosts. */
export const TAG_KEYS = { host: 1, dc: 2, rack: 3, os: 4, role: 5 } as const

/**
 * The TSUID of a metric of one host, which has five tags: its own name, in whose order hosts come, and four that it shares
 * with others without any order.
 */
export function hostTsuid(metric: number, host: number): Uint8Array {
  const scrambled = murmur3(Uint8Array.of(host >> 16, host >> 8, host))
  return encodeTsuid(
    metric,
    [
      [TAG_KEYS.host, 1000 + host],
      [TAG_KEYS.dc, 1 + (scrambled & 3)],
      [TAG_KEYS.rack, 10 + ((scrambled >>> 2) % 40)],
      [TAG_KEYS.os, 60 + ((scrambled >>> 12) % 3)],
      [TAG_KEYS.role, 70 + ((scrambled >>> 20) & 15)],
    ],
    WIDTHS,
  )
}

/** What DynamoDB's answers say that something cost. */
export interface Units {
  requests: number
  readUnits: number
  writeUnits: number
}

/** A store that counts, and what it counted since it was last asked. */
export function openCountingStore(endpoint: string): { store: Store; take(): Units } {
  const none = (): Units => ({ requests: 0, readUnits: 0, writeUnits: 0 })
  let units = none()
  const store = openStore({
    tables: BENCH_TABLES,
    uidWidths: WIDTHS,
    shelves: 1,
    saltBuckets: 1,
    endpoint,
    onConsumed: ({ readUnits, writeUnits }: Consumed) => {
      units.requests++
      units.readUnits += readUnits
      units.writeUnits += writeUnits
    },
  })
  return {
    store,
    take() {
      const taken = units
      units = none()
      return taken
    },
  }
}
