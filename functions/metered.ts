import { keepCounts, tally, tallyMetrics } from './counters.ts'
import { publish } from './metrics.ts'

/**
 * Makes a handler publish its metrics, in one line an invocation, however it ends, and has them added to what all instances
 * did. CloudWatch reads them off the log
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html). The only dimension is
 * the deployment: CloudWatch bills each metric by its dimensions, and which function says a line is told by its log.
 */
export function metered<Arguments extends unknown[], Answer>(
  handler: (...given: Arguments) => Answer | Promise<Answer>,
): (...given: Arguments) => Promise<Answer> {
  return async (...given) => {
    let hasFailed = true
    try {
      const answer = await handler(...given)
      hasFailed = false
      return answer
    } finally {
      tallyMetrics(publish())
      tally('Calls', 1)
      tally('CallsFailed', hasFailed ? 1 : 0)
      await keepCounts()
    }
  }
}
