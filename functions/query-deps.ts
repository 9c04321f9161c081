import type { Grant } from '../lib/access/grant.ts'
import type { UidWidths } from '../lib/model/series.ts'
import { type QueryDeps, StoredSeriesSource } from '../lib/query/index.ts'
import type { Store } from '../lib/store/index.ts'
import { readConfig } from './config.ts'
import { watchTotals } from './metrics.ts'
import { queryRule } from './permit.ts'
import { sharedStore } from './store.ts'

let source: StoredSeriesSource | undefined

/**
 * What queries of any kind run with, from this instance's store and configuration.
 * @param grant of who asks; absent only where what is asked takes a grant without limits
 */
export function queryDeps(grant?: Grant): QueryDeps {
  const { limits, uidWidths } = readConfig()
  const store = sharedStore()
  // Kept, for what it remembers from one query to the next.
  source ??= openSource(store, uidWidths)
  return {
    names: store.uids,
    source,
    annotations: store.annotations,
    limits,
    ...(grant !== undefined && queryRule(grant)),
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
