import { loadavg } from 'node:os'
import { memoryUsage, uptime, version } from 'node:process'

/**
 * The process of the instance that answers, in the shape of OpenTSDB's /api/stats/jvm. What Node does not have, such as the times of garbage
 * collectors, is not there.
 * @param now milliseconds since 1970
 */
export function describeRuntime(now: number): Readonly<Record<string, unknown>> {
  const { heapUsed, heapTotal, rss, external } = memoryUsage()
  const uptimeMs = Math.round(uptime() * 1000)
  return {
    os: { systemLoadAverage: loadavg()[0] },
    gc: {},
    runtime: {
      startTime: now - uptimeMs,
      uptime: uptimeMs,
      vmName: 'Node.js',
      vmVendor: 'OpenJS Foundation',
      vmVersion: version,
    },
    memory: {
      heapMemoryUsage: { used: heapUsed, committed: heapTotal },
      nonHeapMemoryUsage: { used: external, committed: rss - heapTotal },
      objectPendingFinalizationCount: 0,
    },
    pools: {},
  }
}
