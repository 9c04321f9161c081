import { describeConfig } from '../../lib/meta/config.ts'
import { FILTER_DESCRIPTIONS } from '../../lib/meta/filter-descriptions.ts'
import { describeRuntime } from '../../lib/meta/runtime.ts'
import { describeStats, describeUids, type Stat } from '../../lib/meta/stats.ts'
import { prometheusText, statsLines } from '../../lib/meta/stats-text.ts'
import { versionInfo, versionText } from '../../lib/meta/version.ts'
import { TsdbError } from '../../lib/model/errors.ts'
import { AGGREGATOR_NAMES } from '../../lib/query/aggregate/index.ts'
import { readConfig } from '../config.ts'
import { sharedStore } from '../store.ts'
import { json, type Route, type Routes, telling, text } from './route.ts'

const aggregators = telling(() => json(AGGREGATOR_NAMES))

/** Only the caches of the instance that answers: others look at the epoch of renames each minute. */
const dropCaches = telling(() => {
  sharedStore().uids.dropCaches()
  return json({ status: '200', message: 'Caches dropped' })
})

async function readStats(): Promise<Stat[]> {
  const { stats, ledger, uidAdmin } = sharedStore()
  const [sealing, usage] = await Promise.all([ledger.totals.read(), uidAdmin.usage()])
  const now = Date.now()
  return [...describeStats(stats, sealing, now), ...describeUids(usage, now)]
}

const stats = telling(async () => json(await readStats()))

/** The old form: lines of text, or the same lines in a list. */
const oldStats = telling(async ({ query }) => {
  const lines = statsLines(await readStats())
  return query.has('json') ? json(lines) : text(`${lines.join('\n')}\n`)
})

const prometheus: Route = {
  GET: async () => ({
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    body: prometheusText(await readStats()),
  }),
}

/** Queries run in instances of their own, each of which answers one at a time: here none is seen. */
const runningQueries = telling(() => json({ running: [], completed: [] }))

/** What the service says of itself. */
export const ABOUT_ROUTES: Routes = [
  ['/api/aggregators', aggregators],
  ['/api/config', telling(() => json(describeConfig(readConfig())))],
  ['/api/config/filters', telling(() => json(FILTER_DESCRIPTIONS))],
  ['/api/dropcaches', dropCaches],
  ['/api/stats', stats],
  ['/api/stats/jvm', telling(() => json(describeRuntime(Date.now())))],
  ['/api/stats/query', runningQueries],
  // neither HBase nor threads of one's own are there to tell of
  ['/api/stats/region_clients', telling(() => json([]))],
  ['/api/stats/threads', telling(() => json([]))],
  ['/api/version', telling(() => json(versionInfo()))],
  ['/aggregators', aggregators],
  ['/dropcaches', dropCaches],
  ['/logs', telling(() => noLogs())],
  ['/metrics', prometheus],
  ['/stats', oldStats],
  ['/version', telling((request) => (request.query.has('json') ? json(versionInfo()) : text(versionText())))],
]

function noLogs(): never {
  throw new TsdbError('http.logs', 404, 'Logs are not kept here', {
    details: 'Each function has a log group of its own in CloudWatch Logs; locally they are on the terminal',
  })
}
