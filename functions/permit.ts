import { NotPermittedError } from '../lib/access/errors.ts'
import { type Grant, isLimited, reaches } from '../lib/access/grant.ts'
import type { MetricRule } from '../lib/ingest/put-json.ts'
import type { Query } from '../lib/query/model.ts'

/** Which metrics a caller may put points of; undefined: all. */
export function putRule(grant: Grant): { mayPut?: MetricRule } {
  return isLimited(grant) ? { mayPut: (metric) => reaches(grant, metric) } : {}
}

/** What a caller may ask; undefined: everything. */
export function queryRule(grant: Grant): { permit?: (query: Query) => void } {
  return isLimited(grant) ? { permit: (query) => permitQuery(grant, query) } : {}
}

/** As permitMetric for each metric; TSUIDs don't say whose they are. Annotations of no series are of no metric either. */
function permitQuery(grant: Grant, { queries, globalAnnotations }: Query): void {
  for (const { metric, tsuids } of queries) permitMetric(grant, tsuids === undefined ? metric : undefined)
  if (globalAnnotations) {
    throw new NotPermittedError('It is limited to some metrics, so it is not shown annotations that belong to none')
  }
}

/**
 * Lets series of a metric be asked for, or not.
 * @param metric undefined where series are asked for by something else
 * @throws NotPermittedError for a metric that the grant does not reach
 */
export function permitMetric(grant: Grant, metric: string | undefined): void {
  if (!isLimited(grant)) return
  if (metric === undefined) {
    throw new NotPermittedError('It is limited to some metrics, so series are asked for by the names of these')
  }
  if (!reaches(grant, metric)) throw new NotPermittedError(`It does not reach the metric ${metric}`)
}
