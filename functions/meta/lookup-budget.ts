import type { LookupBudget } from '../../lib/search/lookup.ts'
import { readConfig } from '../config.ts'

/** What a lookup that begins now may use. */
export function lookupBudget(): LookupBudget {
  const { querySeries, queryMs } = readConfig().limits
  return { maxResults: querySeries, until: Date.now() + queryMs, clock: Date.now }
}
