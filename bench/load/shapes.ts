import { gzipSync } from 'node:zlib'
import { bodyOf, hostName, type LoadFleet, metricName, type Report } from './fleet.ts'

/** A put and what is in it. */
export interface PutPlan {
  readonly shape: 'collector' | 'gzip' | 'device' | 'late' | 'again' | 'sync'
  readonly path: string
  readonly report: Report
  readonly body: Buffer
  readonly gzip: boolean
}

/** Hosts whose points a collector sends together. */
const HOSTS_A_REQUEST = 5
/** One in so many groups of hosts is gzipped. */
const GZIP_EVERY = 4
/** Hosts that send each point by itself, as devices do. */
const DEVICE_HOSTS = 1

/**
 * The puts of one second: every host's points once, by collectors, packed or not, and by devices one by one; some of a time
 * long ago, some that were sent before, one that waits until its points are readable.
 * @param nowS seconds since 1970
 * @param lateS a time long ago that nobody sent points of yet
 * @param again a report that was acknowledged, to be sent once more
 */
export function putsOfSecond(fleet: LoadFleet, nowS: number, lateS: number, again: Report | undefined): PutPlan[] {
  const plans: PutPlan[] = []
  const add = (shape: PutPlan['shape'], report: Report, path = '/api/put') => {
    const text = bodyOf(fleet, report)
    const gzip = shape === 'gzip'
    plans.push({ shape, path, report, body: gzip ? gzipSync(text) : Buffer.from(text), gzip })
  }
  for (let host = 0; host < Math.min(DEVICE_HOSTS, fleet.hosts); host++) {
    for (let firstMetric = 0; firstMetric < fleet.metrics; firstMetric++) {
      add('device', { firstHost: host, hosts: 1, firstMetric, metrics: 1, timeS: nowS })
    }
  }
  let group = 0
  for (let firstHost = DEVICE_HOSTS; firstHost < fleet.hosts; firstHost += HOSTS_A_REQUEST) {
    const hosts = Math.min(HOSTS_A_REQUEST, fleet.hosts - firstHost)
    const report = { firstHost, hosts, timeS: nowS }
    if (group === 0) add('sync', report, '/api/put?sync&details')
    else add(group % GZIP_EVERY === 1 ? 'gzip' : 'collector', report, group % 2 === 0 ? '/api/put' : '/api/put?summary')
    group++
  }
  add('late', { firstHost: 0, hosts: Math.min(HOSTS_A_REQUEST, fleet.hosts), timeS: lateS })
  if (again !== undefined) add('again', again)
  return plans
}

/** What dashboards ask, one after the other. */
export function queryOf(fleet: LoadFleet, number: number): { path: string; method: 'GET' | 'POST'; body?: Buffer } {
  const metric = metricName(number % fleet.metrics)
  const host = hostName(number % fleet.hosts)
  const post = (body: object) => ({
    path: '/api/query',
    method: 'POST' as const,
    body: Buffer.from(JSON.stringify(body)),
  })
  const get = (path: string) => ({ path, method: 'GET' as const })
  switch (number % 7) {
    case 0:
      return get(`/api/query?start=10m-ago&m=avg:10s-avg:${metric}`)
    case 1:
      return get(`/api/query?start=5m-ago&m=sum:30s-max:${metric}%7Bhost=*%7D`)
    case 2:
      return get(`/api/query?start=5m-ago&m=sum:rate:${metric}%7Bhost=${host}%7D`)
    case 3:
      return post({
        start: '3h-ago',
        queries: ['max', 'min'].map((aggregator) => ({ aggregator, metric, downsample: `1m-${aggregator}` })),
      })
    case 4:
      return get(`/api/query/last?timeseries=${metric}%7Bhost=${host}%7D&resolve=true`)
    case 5:
      return get('/api/suggest?type=metrics&q=load&max=20')
    default:
      return post({
        start: '15m-ago',
        queries: [
          {
            aggregator: 'p95',
            metric,
            downsample: '1m-avg',
            filters: [{ type: 'wildcard', tagk: 'host', filter: 'web*', groupBy: false }],
          },
        ],
      })
  }
}
