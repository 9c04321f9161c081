import type { Duration } from 'aws-cdk-lib'
import { type IMetric, Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'

/** The sum over each period. */
export function sumOf(period: Duration): MetricOptions {
  return { statistic: 'Sum', period }
}

/** The greatest of each period. */
export function worstOf(period: Duration): MetricOptions {
  return { statistic: 'Maximum', period }
}

/**
 * A metric that functions publish.
 * @param deployment the name of the deployment
 * @param metricName as functions/metrics.ts has it
 */
export function ownMetric(deployment: string, metricName: string, options: MetricOptions): IMetric {
  return new Metric({ namespace: 'tsdb', metricName, dimensionsMap: { service: deployment }, ...options })
}

/** How often a table turned requests away: for reading and for writing. */
export function tableThrottles(table: Table, period: Duration): IMetric[] {
  return ['ReadThrottleEvents', 'WriteThrottleEvents'].map((name) => table.metric(name, sumOf(period)))
}
