import { KairosRequestError } from '../errors.ts'
import type { TagSets } from '../tag-sets.ts'
import type { Aggregator } from './aggregator.ts'

/** How points are saved. */
export interface SaveAsOptions {
  /** Undefined: the query does not say, which only matters once there are points. */
  readonly metric: string | undefined
  readonly tags: ReadonlyMap<string, string>
  /** Seconds, 0 for ever. */
  readonly ttl: number
  /** Whether a tag `saved_from` has the name of the metric that the points come from. */
  readonly addSavedFrom: boolean
  /** Tags that the query groups by: saved points keep those of which their group has one value. */
  readonly groupTags: ReadonlySet<string>
}

/** Saves the points that it gets as another metric, and passes them on. */
export function saveAsAggregator(options: SaveAsOptions): Aggregator {
  return {
    name: 'save_as',
    numbersOnly: false,
    gives: (type) => type,
    apply: (points, context) => {
      if (points.count === 0) return points
      const { metric, ttl } = options
      if (metric === undefined) throw new KairosRequestError('save_as.metric_name may not be null')
      context.save({ metric, ttl, tags: tagsOf(options, context.metric, context.tags), points })
      return points
    },
  }
}

/** @throws KairosRequestError where two of its sources give a tag a value */
function tagsOf(options: SaveAsOptions, metric: string, group: TagSets): Record<string, string> {
  const tags = new Map(options.tags)
  const add = (key: string, value: string): void => {
    if (tags.has(key))
      throw new KairosRequestError(`save_as.tags may not have ${key}, which saved points get themselves`)
    tags.set(key, value)
  }
  if (options.addSavedFrom) add('saved_from', metric)
  for (const [key, values] of group) {
    if (options.groupTags.has(key) && values.length === 1) add(key, values[0]!)
  }
  return Object.fromEntries(tags)
}
