import { describeRuntime } from '../../lib/meta/runtime.ts'
import { describeStats, describeUids, type Stat } from '../../lib/meta/stats.ts'
import { describeCounts, describeHistory } from '../../lib/meta/stats-counts.ts'
import { prometheusText, statsLines } from '../../lib/meta/stats-text.ts'
import { BadRequestError } from '../../lib/model/errors.ts'
import type { RejectEntry } from '../../lib/store/rejects.ts'
import { sharedCounters } from '../counters.ts'
import type { HttpRequest } from '../http/index.ts'
import { sharedStore } from '../store.ts'
import { wholeParameter } from './fields.ts'
import { json, type Route, type Routes, telling, text } from './route.ts'

const HOUR_S = 3600
const DAY_S = 86_400

async function readStats(): Promise<Stat[]> {
  const { ledger, uidAdmin } = sharedStore()
  const [counts, sealing, usage] = await Promise.all([
    sharedCounters()?.read() ?? [],
    ledger.totals.read(),
    uidAdmin.usage(),
  ])
  const now = Date.now()
  return [...describeCounts(counts, now), ...describeUids(usage, now), ...describeStats(sealing, now)]
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

/** What was counted in the last hours, in steps of five minutes. */
const history: Route = {
  GET: async (request) => {
    const hours = parameter(request, 'hours', { otherwise: 24, most: 168 })
    const now = Math.floor(Date.now() / 1000)
    return json(describeHistory((await sharedCounters()?.snapshots(now - hours * HOUR_S, now + 1)) ?? []))
  },
}

/** The newest rejects with their reasons; what they hold `tsdb rejects` shows, to who may read the tables. */
const rejects: Route = {
  GET: async (request) => {
    const limit = parameter(request, 'limit', { otherwise: 20, most: 100 })
    const days = parameter(request, 'days', { otherwise: 7, most: 31 })
    const found: RejectEntry[] = []
    const now = Date.now() / 1000
    for (let day = 0; day < days && found.length < limit; day++) {
      for await (const entry of sharedStore().rejects.newest(now - day * DAY_S)) {
        if (found.push(entry) === limit) break
      }
    }
    return json(
      found.map(({ id, arrival, size, shard, sequence, reason }) => {
        return { id, timestamp: arrival, size, shard, sequence: String(sequence), reason }
      }),
    )
  },
}

/** A whole number from 1 on. @throws BadRequestError naming the parameter, its value and the rule */
function parameter(
  request: HttpRequest,
  name: string,
  { otherwise, most }: { otherwise: number; most: number },
): number {
  const value = wholeParameter(request, name) ?? otherwise
  if (value >= 1 && value <= most) return value
  throw new BadRequestError('parameter', `${name}=${value} must be a whole number from 1 to ${most}`)
}

/** Queries run in instances of their own, each of which answers one at a time: here none is seen. */
const runningQueries = telling(() => json({ running: [], completed: [] }))

/** What the service counts. */
export const STATS_ROUTES: Routes = [
  ['/api/stats', stats],
  ['/api/stats/history', history],
  ['/api/stats/jvm', telling(() => json(describeRuntime(Date.now())))],
  ['/api/stats/query', runningQueries],
  // neither HBase nor threads of one's own are there to tell of
  ['/api/stats/region_clients', telling(() => json([]))],
  ['/api/stats/rejects', rejects],
  ['/api/stats/threads', telling(() => json([]))],
  ['/metrics', prometheus],
  ['/stats', oldStats],
]
