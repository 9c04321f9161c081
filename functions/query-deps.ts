import type { UidWidths } from '../lib/model/series.ts'
import { type QueryDeps, StoredSeriesSource } from '../lib/query/index.ts'
import type { Store } from '../lib/store/index.ts'
import { readConfig } from './config.ts'
import { watchTotals } from './metrics.ts'
import { sharedStore } from './store.ts'

let source: StoredSeriesSource | undefined

/** What queries of any kind run with, from this instance's store and configuration. */
export function queryDeps(): QueryDeps {
  const { limits, uidWidths } = readConfig()
  const store = sharedStore()
  // Kept, for what it remembers from one query to the next.
  source ??= openSource(store, uidWidths)
  return {
    names: store.uids,
    source,
    annotations: store.annotations,
    limits,
    clock: Date.now,
    // An instance answers one request at a time, so all that its store counts meanwhile is this query's.
    costs: () => store.stats,
  }
}

function openSource(store: Store, uidWidths: UidWidths): StoredSeriesSource {
  const opened = new StoredSeriesSource(store, uidWidths)
  watchTotals(() => ({ IndexCacheHits: opened.cacheCounts.hits, IndexCacheMisses: opened.cacheCounts.misses }))
  return opened
}
