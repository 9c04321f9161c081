/** How often what was asked for was cached, and how often not, since the cache was made. */
export interface CacheCounts {
  hits: number
  misses: number
}

/** Nothing asked yet. */
export function noCacheCounts(): CacheCounts {
  return { hits: 0, misses: 0 }
}
