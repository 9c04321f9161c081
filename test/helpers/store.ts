import { DEFAULT_UID_WIDTHS } from '../../lib/model/series.ts'
import { openStore, type Store, type StoreConfig } from '../../lib/store/index.ts'
import { TABLES } from './dynamo.ts'

/** Reads without limits. */
export const NO_BUDGET = { series: () => {}, points: () => {}, bytes: () => {}, time: () => {} }

/**
 * Opens a store in the tables of startDynamo, as one that was deployed without settings has it.
 * @param options what is otherwise, and `endpoint` or `client`
 */
export function openTestStore(options: Partial<StoreConfig>): Store {
  return openStore({ tables: TABLES, uidWidths: DEFAULT_UID_WIDTHS, shelves: 4, saltBuckets: 1, ...options })
}
