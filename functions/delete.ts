import type { Context } from 'aws-lambda'
import { readUid, tsuidFromHex } from '../lib/codec/tsuid.ts'
import { deletePoints, sealForDelete } from '../lib/ingest/delete.ts'
import { TsdbError } from '../lib/model/errors.ts'
import { parseQueryParameters, type Query, type QueryDeps, runQuery, serialise } from '../lib/query/index.ts'
import { readConfig } from './config.ts'
import { type HttpAnswer, type HttpRequest, httpHandler } from './http/index.ts'
import { answerKairosDelete, isKairosDelete } from './kairos/delete.ts'
import { log } from './log.ts'
import { metered } from './metered.ts'
import { queryDeps } from './query-deps.ts'
import { sharedStore } from './store.ts'

/** Milliseconds before the function's end from which no more is begun: what is under way then has to end. */
const RESERVE_MS = 5_000
/** Milliseconds that a lease outlives the function. */
const LEASE_MARGIN_MS = 10_000

/** When deleting is not allowed by the configuration. */
class DeleteNotAllowedError extends TsdbError {
  constructor() {
    super('delete.notAllowed', 403, 'Deleting points is not allowed', {
      details: 'The context value allowDelete of the deployment allows it',
    })
  }
}

/** DELETE /api/query, POST /api/v1/datapoints/delete and DELETE /api/v1/metric/{name}. */
export const handler = metered(httpHandler(answerDelete))

/**
 * Deletes what the query string asks for, as GET would read it, and answers what that was. As in OpenTSDB a body says nothing.
 * @throws DeleteNotAllowedError; HourStillOpenError and DeleteUnfinishedError of lib/ingest/delete.ts
 */
async function answerDelete(
  request: HttpRequest,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<HttpAnswer> {
  if (!readConfig().allowDelete) throw new DeleteNotAllowedError()
  const leftMs = context.getRemainingTimeInMillis()
  const options = { until: Date.now() + leftMs - RESERVE_MS, leaseMs: leftMs + LEASE_MARGIN_MS }
  if (isKairosDelete(request.path)) return answerKairosDelete(request, options)
  const deps = queryDeps(request.grant)
  const store = sharedStore()
  const query = parseQueryParameters(request.query, deps.clock())
  // Before sealing, which costs; running the query would refuse it as well.
  deps.permit?.(query)

  await sealForDelete(store, await metricsOf(query, deps), query, options)
  const answer = await runQuery(deps, query)
  const tsuids = [...new Set(answer.results.flatMap((result) => result.tsuids))].map(tsuidFromHex)
  const deleted = await deletePoints(store, tsuids, query, options)
  log('warn', 'points were deleted', { query: request.query.toString(), series: tsuids.length, points: deleted })
  const format = { ...query, arrays: request.query.has('arrays'), maxLength: deps.limits.answerBytes }
  return { status: 200, body: serialise(answer, format) }
}

/** UIDs of the metrics of a query; names that are not known have none, and fail the query when it is run. */
async function metricsOf(query: Query, { names }: QueryDeps): Promise<number[]> {
  const { metric: width } = names.widths
  const uids = new Set<number>()
  for (const { metric, tsuids = [] } of query.queries) {
    const known = metric === undefined ? [] : (await names.namesToUids('metric', [metric])).values()
    for (const uid of known) uids.add(uid)
    for (const hex of tsuids) uids.add(readUid(tsuidFromHex(hex), 0, width))
  }
  return [...uids]
}
