import type { Grant } from '../lib/access/grant.ts'
import type { UidWidths } from '../lib/model/series.ts'
import { type QueryDeps, type SeenValues, StoredSeriesSource } from '../lib/query/index.ts'
import type { Store } from '../lib/store/index.ts'
import { readConfig } from './config.ts'
import { watchTotals } from './metrics.ts'
import { queryRule } from './permit.ts'
import { sharedStore } from './store.ts'

let source: StoredSeriesSource | undefined

/** What queries of any kind run with, from this instance's store and configuration. @param grant of who asks */
export function queryDeps(grant: Grant): QueryDeps {
  const { limits, uidWidths } = readConfig()
  const store = sharedStore()
  source ??= openSource(store, uidWidths, 'numbers')
  return {
    names: store.uids,
    source,
    annotations: store.annotations,
    limits,
    ...queryRule(grant),
    clock: Date.now,
    // An instance answers one request at a time, so all that its store counts meanwhile is this query's.
    costs: () => store.stats,
  }
}

/**
 * Opens what queries read, with what it keeps from one query to the next and counts published.
 * @param values whether texts are read too
 */
export function openSource(store: Store, uidWidths: UidWidths, values: SeenValues): StoredSeriesSource {
  const opened = new StoredSeriesSource(store, uidWidths, Date.now, values)
  watchTotals(() => {
    const { index, blocks, rows } = opened.cacheCounts
    return {
      IndexCacheHits: index.hits,
      IndexCacheMisses: index.misses,
      BlockCacheHits: blocks.hits,
      BlockCacheMisses: blocks.misses,
      RowCacheHits: rows.hits,
      RowCacheMisses: rows.misses,
    }
  })
  return opened
}
