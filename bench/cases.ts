/** A workload: a fleet of hosts, each with the same metrics, each of which moves once a step. */
export interface Fleet {
  readonly name: string
  readonly hosts: number
  readonly metrics: number
  /** Seconds between two points of a series. */
  readonly stepS: number
  /** Points of each series. */
  readonly steps: number
  readonly pointsPerRequest: number
  /** What the random numbers start from; each series has its own, so that changing the fleet's size moves no other. */
  readonly seed: number
}

/** A series of a fleet, by numbers. */
export interface FleetSeries {
  readonly host: number
  readonly metric: number
}

/** 1,000 series once a second for a quarter of an hour: what relays of 50 hosts send. */
export const HUNDRED_HOSTS: Fleet = {
  name: 'hosts=100 metrics=10 batch=500',
  hosts: 100,
  metrics: 10,
  stepS: 1,
  steps: 1000,
  pointsPerRequest: 500,
  seed: 20261122,
}

/** The same points in requests as `tsdb import` sends them. */
export const HUNDRED_HOSTS_IMPORTED: Fleet = {
  ...HUNDRED_HOSTS,
  name: 'hosts=100 metrics=10 batch=5000',
  pointsPerRequest: 5000,
}

export function pointCount(fleet: Fleet): number {
  return fleet.hosts * fleet.metrics * fleet.steps
}

export function metricName(metric: number): string {
  return `bench.host.metric${metric}`
}

export function hostName(host: number): string {
  return `web${String(host).padStart(4, '0')}`
}

/**
 * The values of a series, step by step. A third of the metrics are counters, a third gauges with two decimals, a third
 * hardly ever move: what a host's own metrics look like.
 */
export function seriesValues(fleet: Fleet, { host, metric }: FleetSeries): Float64Array {
  const random = mulberry32(fleet.seed + host * 1009 + metric)
  const values = new Float64Array(fleet.steps)
  let last = metric % 3 === 1 ? 5000 : Math.floor(random() * 1e6)
  for (let step = 0; step < fleet.steps; step++) {
    if (metric % 3 === 0) last += Math.floor(random() * 1000)
    else if (metric % 3 === 1) last = Math.max(0, last + Math.floor(random() * 201) - 100)
    else if (random() < 0.01) last += 1
    values[step] = metric % 3 === 1 ? last / 100 : last
  }
  return values
}

/**
 * The bodies of the put requests that carry a fleet's points: step after step, in each step host after host.
 * @param startS time of the first step, seconds since 1970
 * @param prefix of the metrics' names
 * @returns JSON arrays of `pointsPerRequest` points, the last may hold fewer
 */
export function putBodies(fleet: Fleet, startS: number, prefix = ''): string[] {
  const values = Array.from({ length: fleet.hosts }, (_, host) =>
    Array.from({ length: fleet.metrics }, (_, metric) => seriesValues(fleet, { host, metric })),
  )
  const bodies: string[] = []
  let points: string[] = []
  const flush = () => {
    if (points.length > 0) bodies.push(`[${points.join(',')}]`)
    points = []
  }
  for (let step = 0; step < fleet.steps; step++) {
    for (const [host, metrics] of values.entries()) {
      for (const [metric, series] of metrics.entries()) {
        points.push(
          `{"metric":"${prefix}${metricName(metric)}","timestamp":${startS + step * fleet.stepS},"value":${series[step]},"tags":{"host":"${hostName(host)}","dc":"dc${host % 4}"}}`,
        )
        if (points.length === fleet.pointsPerRequest) flush()
      }
    }
  }
  flush()
  return bodies
}

/** A small generator of random numbers with a seed (Tommy Ettinger's mulberry32). @returns numbers from 0 up to 1 */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
