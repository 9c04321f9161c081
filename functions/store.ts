import { openStore, type Store } from '../lib/store/index.ts'
import type { TreeStore } from '../lib/store/trees.ts'
import { readConfig } from './config.ts'
import { ENV } from './environment.ts'
import { watchTotals } from './metrics.ts'

let store: Store | undefined

/** The store of this instance, opened at its first use and kept: connections and caches outlive a request. */
export function sharedStore(): Store {
  if (store === undefined) {
    const { tables, uidWidths, shelves, saltBuckets, rejectTtlDays } = readConfig()
    const { data, uid, meta, tree } = tables
    store = openStore({ tables: { data, uid, meta, tree }, uidWidths, shelves, saltBuckets, rejectTtlDays })
    watchStore(store)
  }
  return store
}

/** Has what a store counts published. */
export function watchStore({ stats, uids, layout }: Store): void {
  watchTotals(() => ({
    ReadUnits: stats.readUnits,
    WriteUnits: stats.writeUnits,
    StoreRequests: stats.requests,
    StoreRetries: stats.retries,
    NameCacheHits: uids.cacheCounts.hits,
    NameCacheMisses: uids.cacheCounts.misses,
    LayoutCacheHits: layout.cacheCounts.hits,
    LayoutCacheMisses: layout.cacheCounts.misses,
  }))
}

/**
 * Where this instance keeps trees.
 * @throws Error naming the variable of the environment that is not set
 */
export function sharedTrees(): TreeStore {
  const { trees } = sharedStore()
  if (trees === undefined) throw new Error(`The environment variable ${ENV.treeTable} is not set`)
  return trees
}
