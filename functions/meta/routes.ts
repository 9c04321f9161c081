import { describeConfig } from '../../lib/meta/config.ts'
import { FILTER_DESCRIPTIONS } from '../../lib/meta/filter-descriptions.ts'
import { describeStats } from '../../lib/meta/stats.ts'
import { versionInfo, versionText } from '../../lib/meta/version.ts'
import { NotBuiltYetError } from '../../lib/model/errors.ts'
import { AGGREGATOR_NAMES } from '../../lib/query/aggregate/index.ts'
import { answerQuery } from '../answer-query.ts'
import { readConfig } from '../config.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { sharedStore } from '../store.ts'
import { suggestByBody, suggestByParameters } from './suggest.ts'

type Run = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>
type Route = Readonly<Record<string, Run | undefined>>

const json = (value: unknown): HttpAnswer => ({ status: 200, body: JSON.stringify(value) })

/** Most endpoints that only tell something take GET and POST alike. */
const telling = (run: Run): Route => ({ GET: run, POST: run })

const aggregators = telling(() => json(AGGREGATOR_NAMES))
const version = telling(() => json(versionInfo()))
const stats = telling(() => json(describeStats(sharedStore().stats, Date.now())))
const suggest: Route = { GET: suggestByParameters, POST: suggestByBody }

/** Only the caches of the instance that answers: others look at the epoch of renames each minute. */
const dropCaches = telling(() => {
  sharedStore().uids.dropCaches()
  return json({ status: '200', message: 'Caches dropped' })
})

/** What is served, by path and method. A path with a function of its own is here for the methods that it does not have. */
export const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['/api/aggregators', aggregators],
  ['/api/config', telling(() => json(describeConfig(readConfig())))],
  ['/api/config/filters', telling(() => json(FILTER_DESCRIPTIONS))],
  ['/api/dropcaches', dropCaches],
  ['/api/stats', stats],
  ['/api/suggest', suggest],
  ['/api/version', version],
  ['/aggregators', aggregators],
  ['/dropcaches', dropCaches],
  ['/suggest', { GET: suggestByParameters }],
  [
    '/version',
    telling((request) =>
      request.query.has('json')
        ? json(versionInfo())
        : { status: 200, headers: { 'content-type': 'text/plain; charset=UTF-8' }, body: versionText() },
    ),
  ],
  ['/api/put', {}],
  ['/api/query', { GET: answerQuery, POST: answerQuery, DELETE: deleteNotBuilt }],
  ['/api/query/*', { GET: answerQuery, POST: answerQuery }],
])

function deleteNotBuilt(): never {
  throw new NotBuiltYetError('DELETE /api/query')
}

/** Endpoints of OpenTSDB's, with all below them, that are still to come. */
export const NOT_BUILT_YET: readonly string[] = [
  '/api/annotation',
  '/api/annotations',
  '/api/histogram',
  '/api/query/exp',
  '/api/query/gexp',
  '/api/query/last',
  '/api/rollup',
  '/api/search',
  '/api/stats/jvm',
  '/api/stats/query',
  '/api/stats/region_clients',
  '/api/stats/threads',
  '/api/tree',
  '/api/uid',
  '/logs',
  '/q',
  '/stats',
]
