import type { DeleteOptions } from '../../lib/ingest/delete.ts'
import { deleteKairos, type KairosDeletion } from '../../lib/kairos/delete.ts'
import { storedName } from '../../lib/kairos/names.ts'
import { parseKairosQuery } from '../../lib/kairos/request.ts'
import { LimitExceededError } from '../../lib/model/errors.ts'
import { readConfig } from '../config.ts'
import { EndpointNotFoundError, type HttpAnswer, type HttpRequest, MethodNotAllowedError } from '../http/index.ts'
import { log } from '../log.ts'
import { permitMetric } from '../permit.ts'
import { sharedStore } from '../store.ts'
import { answeringKairos } from './answers.ts'

const METRIC_PATH = /^\/api\/v1\/metric\/(.*)$/s
const DELETE_PATH = /^\/api\/v1\/datapoints\/delete\/*$/

/** Characters of tags that the log has of a deletion. */
const LOGGED_CHARACTERS = 1_000

/** Whether a request is one to KairosDB's API. @param path as sent */
export function isKairosDelete(path: string): boolean {
  return METRIC_PATH.test(path) || DELETE_PATH.test(path)
}

/**
 * POST /api/v1/datapoints/delete, whose body is a query's, and DELETE /api/v1/metric/{name}.
 * @param options how long it may take
 */
export const answerKairosDelete = answeringKairos(answerDelete)

async function answerDelete(request: HttpRequest, options: DeleteOptions): Promise<HttpAnswer> {
  const deletions = deletionsOf(request)
  // All of them before the first is begun.
  for (const { metric } of deletions) permitMetric(request.grant, storedName(metric))
  for (const deletion of deletions) {
    const { series, points } = await deleteKairos(sharedStore(), deletion, readConfig().limits, options)
    const { metric, start, end } = deletion
    const tags = JSON.stringify([...deletion.tags]).slice(0, LOGGED_CHARACTERS)
    log('warn', 'points were deleted', { metric, tags, start, end, series, points })
  }
  return { status: 204 }
}

/** Aggregators, groups and limits of a query say nothing of which points it is about. */
function deletionsOf(request: HttpRequest): readonly KairosDeletion[] {
  const [, name] = METRIC_PATH.exec(request.path) ?? []
  if (name === undefined) {
    if (request.method !== 'POST') throw new MethodNotAllowedError(request.method)
    const queries = parseKairosQuery(request.body(), Date.now())
    const { subQueries } = readConfig().limits
    if (queries.length > subQueries) throw new LimitExceededError('subQueries', subQueries, queries.length, 'metrics')
    return queries
  }
  if (request.method !== 'DELETE') throw new MethodNotAllowedError(request.method)
  if (name === '') throw new EndpointNotFoundError()
  return [{ metric: name, tags: new Map(), start: 0, end: Number.POSITIVE_INFINITY }]
}
