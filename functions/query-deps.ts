import { type QueryDeps, StoredSeriesSource } from '../lib/query/index.ts'
import { readConfig } from './config.ts'
import { sharedStore } from './store.ts'

/** What queries of any kind run with, from this instance's store and configuration. */
export function queryDeps(): QueryDeps {
  const { limits, uidWidths } = readConfig()
  const store = sharedStore()
  return {
    names: store.uids,
    source: new StoredSeriesSource(store, uidWidths),
    annotations: store.annotations,
    limits,
    clock: Date.now,
  }
}
