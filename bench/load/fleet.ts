/** What is sent under load: hosts that report the same metrics once a second, each point's value given by its series and time. */
export interface LoadFleet {
  readonly hosts: number
  readonly metrics: number
}

/** A series by number: all metrics of a host lie together. */
export function seriesOf({ metrics }: LoadFleet, host: number, metric: number): number {
  return host * metrics + metric
}

export function hostName(host: number): string {
  return `web${String(host).padStart(4, '0')}`
}

const METRIC = 'load.metric'

export function metricName(metric: number): string {
  return `${METRIC}${metric}`
}

/** The number of a metric by its name. */
export function metricOf(name: string): number {
  return Number(name.slice(METRIC.length))
}

/**
 * The value of a series at a time: counters that grow for every third, values of one decimal for the others.
 * @param series by number
 * @param timeS seconds since 1970
 */
export function valueAtTime(series: number, timeS: number): number {
  return series % 3 === 0 ? series * 1_000_003 + timeS : ((series * 31 + timeS) % 1000) / 10
}

/** All metrics of some hosts at one time: what one request says. */
export interface Report {
  readonly firstHost: number
  readonly hosts: number
  /** From `firstMetric` on so many; absent: all. */
  readonly firstMetric?: number
  readonly metrics?: number
  readonly timeS: number
}

/** Calls back for each point of a report. */
export function eachPoint(
  fleet: LoadFleet,
  report: Report,
  found: (series: number, host: number, metric: number) => void,
): void {
  const { firstMetric = 0, metrics = fleet.metrics } = report
  for (let host = report.firstHost; host < report.firstHost + report.hosts; host++) {
    for (let metric = firstMetric; metric < firstMetric + metrics; metric++)
      found(seriesOf(fleet, host, metric), host, metric)
  }
}

/** A report as the JSON body of a put. */
export function bodyOf(fleet: LoadFleet, report: Report): string {
  const points: string[] = []
  eachPoint(fleet, report, (series, host, metric) => {
    const { timeS } = report
    points.push(
      `{"metric":"${metricName(metric)}","timestamp":${timeS},"value":${valueAtTime(series, timeS)},"tags":{"host":"${hostName(host)}"}}`,
    )
  })
  return points.length === 1 ? points.join() : `[${points.join(',')}]`
}
