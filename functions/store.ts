import { openStore, type Store } from '../lib/store/index.ts'
import { readConfig } from './config.ts'

let store: Store | undefined

/** The store of this instance, opened at its first use and kept: connections and caches outlive a request. */
export function sharedStore(): Store {
  if (store === undefined) {
    const { tables, uidWidths, shelves, saltBuckets, rejectTtlDays } = readConfig()
    const { data, uid, meta, tree } = tables
    store = openStore({ tables: { data, uid, meta, tree }, uidWidths, shelves, saltBuckets, rejectTtlDays })
  }
  return store
}
