import type { DeleteOptions } from '../../lib/ingest/delete.ts'
import { deleteKairos, type KairosDeletion } from '../../lib/kairos/delete.ts'
import { parseKairosQuery } from '../../lib/kairos/request.ts'
import { readConfig } from '../config.ts'
import { EndpointNotFoundError, type HttpAnswer, type HttpRequest, MethodNotAllowedError } from '../http/index.ts'
import { log } from '../log.ts'
import { sharedStore } from '../store.ts'
import { answeringKairos, decodedPart } from './answers.ts'

const METRIC_PATH = /^\/api\/v1\/metric\/(.*)$/
const DELETE_PATH = /^\/api\/v1\/datapoints\/delete\/*$/

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
  for (const deletion of deletionsOf(request)) {
    const { series, points } = await deleteKairos(sharedStore(), deletion, readConfig().limits, options)
    const { metric, start, end } = deletion
    const tags = JSON.stringify([...deletion.tags])
    log('warn', 'points were deleted', { metric, tags, start, end, series, points })
  }
  return { status: 204 }
}

/** Aggregators, groups and limits of a query say nothing of which points it is about. */
function deletionsOf(request: HttpRequest): readonly KairosDeletion[] {
  const [, name] = METRIC_PATH.exec(request.path) ?? []
  if (name === undefined) {
    if (request.method !== 'POST') throw new MethodNotAllowedError(request.method)
    return parseKairosQuery(request.body(), Date.now())
  }
  if (request.method !== 'DELETE') throw new MethodNotAllowedError(request.method)
  if (name === '') throw new EndpointNotFoundError()
  return [{ metric: decodedPart(name), tags: new Map(), start: 0, end: Number.POSITIVE_INFINITY }]
}
