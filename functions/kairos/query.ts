import { NotPermittedError } from '../../lib/access/errors.ts'
import type { Grant } from '../../lib/access/grant.ts'
import type { SavedPoints } from '../../lib/kairos/aggregators/aggregator.ts'
import {
  type KairosQueryDeps,
  KairosRequestError,
  type MetricQuery,
  parseKairosQuery,
  runKairosQuery,
  runKairosTags,
  savePoints,
  serialiseAnswer,
  serialiseTags,
} from '../../lib/kairos/index.ts'
import { streamLiving } from '../../lib/kairos/living.ts'
import { storedName } from '../../lib/kairos/names.ts'
import type { StoredSeriesSource } from '../../lib/query/index.ts'
import { readConfig } from '../config.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { count } from '../metrics.ts'
import { permitMetric } from '../permit.ts'
import { openSource } from '../query-deps.ts'
import { QueryLog } from '../query-log.ts'
import { sharedStore } from '../store.ts'
import { sharedStream } from '../stream.ts'
import { answeringKairos, errorsAnswer } from './answers.ts'

let source: StoredSeriesSource | undefined

/** What queries run with, from this instance's store and configuration. @param grant of who asks */
function queryDeps(grant: Grant): KairosQueryDeps {
  const { limits, uidWidths } = readConfig()
  const store = sharedStore()
  source ??= openSource(store, uidWidths, 'all')
  return {
    names: store.uids,
    source,
    limits,
    permit: (metric) => permitMetric(grant, metric),
    clock: Date.now,
    // An instance answers one request at a time, so all that its store counts meanwhile is this query's.
    costs: () => store.stats,
  }
}

/** POST /api/v1/datapoints/query, and GET with the same JSON as the parameter `query`. */
export const answerKairosQuery = answeringKairos(async (request: HttpRequest): Promise<HttpAnswer> => {
  const notes = new QueryLog(request.requestId)
  try {
    const queries = parseKairosQuery(queryText(request), Date.now())
    notes.asked(describe(queries))
    const deps = queryDeps(request.grant)
    const answers = await runKairosQuery({ ...deps, onUsage: (usage) => notes.used(usage) }, queries)
    const failed = await save(
      request.grant,
      answers.flatMap(({ saved }) => saved),
    )
    if (failed.length > 0) return errorsAnswer(503, failed, { 'retry-after': '1' })
    return { status: 200, body: notes.answering(serialiseAnswer(answers, deps.limits.answerBytes)) }
  } catch (error) {
    notes.failed(error)
    throw error
  }
})

/** POST /api/v1/datapoints/query/tags. */
export const answerKairosTags = answeringKairos(async (request: HttpRequest): Promise<HttpAnswer> => {
  const queries = parseKairosQuery(request.body(), Date.now())
  const deps = queryDeps(request.grant)
  const answers = await runKairosTags(
    deps,
    (metric, constraints) => streamLiving(sharedStore(), metric, constraints, deps.limits, Date.now),
    queries,
  )
  return { status: 200, body: serialiseTags(answers) }
})

function queryText(request: HttpRequest): string {
  if (request.method === 'POST') return request.body()
  const text = request.query.get('query') ?? ''
  if (text === '') throw new KairosRequestError('query json must not be null or empty')
  return text
}

/** What a query's line in the log says. */
function describe(queries: readonly MetricQuery[]): Parameters<QueryLog['asked']>[0] {
  const [first] = queries
  const { start = 0, end = 0 } = first ?? {}
  return { start, end, queries: queries.map(({ metric }) => ({ metric, tsuids: undefined })) }
}

/**
 * Writes what `save_as` asks for.
 * @returns why points could not be written now
 * @throws NotPermittedError where the caller may not put these points
 */
async function save(grant: Grant, saved: readonly SavedPoints[]): Promise<readonly string[]> {
  if (saved.length === 0) return []
  const { limits, mode } = readConfig()
  if (mode !== 'rw') throw new NotPermittedError('save_as writes points, which this deployment does not')
  if (!grant.scopes.includes('put')) throw new NotPermittedError('save_as writes points, which takes the scope put')
  for (const { metric } of saved) permitMetric(grant, storedName(metric))
  // It does not wait until they are stored.
  const acks = (): never => {
    throw new Error('Nobody waits for saved points')
  }
  const failed = await savePoints({ stream: sharedStream(), acks }, saved, limits, Date.now())
  if (failed.length === 0) {
    count(
      'PointsAccepted',
      saved.reduce((sum, { points }) => sum + points.count, 0),
    )
  }
  return failed
}
