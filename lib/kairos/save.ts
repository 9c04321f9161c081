import { type PutDeps, storePut } from '../ingest/put.ts'
import type { Limits } from '../model/limits.ts'
import type { SavedPoints } from './aggregators/aggregator.ts'
import { KairosRequestError } from './errors.ts'
import { copyPoint, KIND_NULL } from './points.ts'
import { checkMetric, checkTags, KairosBatch, type KairosMetric, type KairosTags } from './put-batch.ts'

/** What saving needs: the way in for points. */
export type SaveDeps = Pick<PutDeps, 'stream' | 'acks'>

/** Points to be saved whose names were checked. */
interface Checked {
  readonly metric: KairosMetric
  readonly tags: KairosTags
  readonly saved: SavedPoints
}

/**
 * Writes what the `save_as` of a query asks for, as a put would. Points are on the stream then, and readable soon.
 * @param now milliseconds since 1970, from which `ttl` counts
 * @returns why points were not taken, where they may be another time; none where all were
 * @throws KairosRequestError before any is written, where names can't be stored or points are too many for one request
 */
export async function savePoints(
  deps: SaveDeps,
  all: readonly SavedPoints[],
  limits: Limits,
  now: number,
): Promise<readonly string[]> {
  const begun = performance.now()
  const total = all.reduce((sum, { points }) => sum + points.count, 0)
  if (total > limits.pointsPerRequest) {
    throw new KairosRequestError(
      `save_as would save ${total} points, pointsPerRequest allows ${limits.pointsPerRequest}: a longer sampling makes fewer`,
    )
  }
  const batch = new KairosBatch(Math.max(1, total))
  for (const { metric, tags, saved } of all.map((one) => checked(one, limits))) {
    const { points, ttl } = saved
    const expiry = ttl > 0 ? Math.floor(now / 1000) + ttl : 0
    for (let i = 0; i < points.count; i++) {
      if ((points.kinds[i]! & KIND_NULL) !== 0) continue
      copyPoint(points, i, batch.points)
      batch.place(metric, tags, expiry)
    }
  }
  const finished = batch.finish()
  const parsed = { batch: finished, received: finished.points.count, errors: [], goodIndexes: undefined }
  const { errors } = await storePut(deps, parsed, undefined, begun)
  return [...new Set(errors.map(({ message }) => message))]
}

/** @throws KairosRequestError for names that can't be stored */
function checked(saved: SavedPoints, limits: Limits): Checked {
  const metric = checkMetric(saved.metric, limits)
  if (metric.fault !== undefined) throw new KairosRequestError(`save_as.metric_name ${metric.fault}`)
  const tags = checkTags(Object.entries(saved.tags), limits)
  if (tags.faults.length > 0) {
    throw new KairosRequestError(...tags.faults.map(({ part, why }) => `save_as.${part} ${why}`))
  }
  return { metric, tags, saved }
}
